/**
 * Changes: what of a tree has to be looked at, beside the last tree without errors.
 */
import type { PagelessHosts } from "./check/start-pages.ts";
import type { Hosts } from "./hosts.ts";
import type { ServiceDraft } from "./resolve/service.ts";

/** Lists are in the order of the files. */
export interface Changes {
  /** Enabled services that came. */
  added: readonly ServiceDraft[];
  /** Enabled services that went. */
  removed: ReadonlySet<ServiceDraft>;
  hosts: Hosts;
  /** The hosts whose services are others, or on which something was found. */
  fresh: Hosts;
  /** Of the others those without a start page. */
  pageless: PagelessHosts;
  /** The enabled services of fresh hosts. */
  routed: readonly ServiceDraft[];
  /** Enabled services of which something may have to be said that is between them and their pools alone. */
  alone: readonly ServiceDraft[];
}

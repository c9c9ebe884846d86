/**
 * The catalog: every service of a tree with the place it is written at, found by id.
 */
import { serviceIdOf } from "../../artifact/service-resource.ts";
import { CONFIG_FILE, SERVICES_FOLDER } from "../../compiler/parse/collect-files.ts";
import type { SourceTree } from "../../compiler/source-tree.ts";
import { readYaml, type Slot } from "../yaml/edit-file.ts";
import type { Plain } from "../yaml/reshape.ts";
import { domainsOf, isMapping, type ServiceValue } from "./service-value.ts";

/** By what a service is found. */
export interface Address {
  id: string;
  /** Of several the first in order. */
  domain: string;
  pattern: string;
}

export interface Entry extends Address {
  /** The file, relative to the tree. */
  path: string;
  slot: Slot;
  value: ServiceValue;
  enabled: boolean;
}

/** The services of one tree. */
export class Catalog {
  /** By id, an enabled service before disabled ones of the same. */
  readonly entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.entries = entries.toSorted(
      (a, b) => byText(a.id, b.id) || Number(b.enabled) - Number(a.enabled),
    );
  }

  /**
   * The service of an id: its SHA-256, or `domain-path_prefix`. Of a disabled service that waits to
   * take another's place and that other, it is the one that is enabled.
   *
   * @returns "several" where `domain-path_prefix` fits services that differ in methods
   */
  find(id: string): Entry | "several" | undefined {
    const exact = this.entries.find((entry) => entry.id === id);
    if (exact !== undefined) return exact;
    const [first, ...others] = this.entries.filter(
      ({ domain, pattern }) => `${domain}-${pattern}` === id,
    );
    return others.some((other) => other.id !== first?.id) ? "several" : first;
  }
}

/** Reads catalogs, and reads a file again only when its bytes have changed. */
export class CatalogReader {
  #files = new Map<string, { bytes: Uint8Array; entries: Entry[] }>();

  /** The catalog of a tree. A file that is broken has no services; the compiler says what is wrong. */
  read(tree: SourceTree): Catalog {
    const files = new Map<string, { bytes: Uint8Array; entries: Entry[] }>();
    for (const { path, content } of tree.files) {
      if (!(content instanceof Uint8Array) || !isServiceFile(path)) continue;
      const known = this.#files.get(path);
      const isSame = known !== undefined && Buffer.compare(known.bytes, content) === 0;
      files.set(path, isSame ? known : { bytes: content, entries: entriesOf(path, content) });
    }
    this.#files = files;
    return new Catalog([...files.values()].flatMap(({ entries }) => entries));
  }
}

function isServiceFile(path: string): boolean {
  return path === CONFIG_FILE || path.startsWith(`${SERVICES_FOLDER}/`);
}

function entriesOf(path: string, bytes: Uint8Array): Entry[] {
  const root = readYaml(Buffer.from(bytes).toString())?.value;
  if (!isMapping(root)) return [];
  const { services } = root;
  const slots: [Slot, Plain][] = Array.isArray(services)
    ? services.map((value, index) => [{ index }, value])
    : path === CONFIG_FILE
      ? []
      : [["whole", root]];
  return slots.flatMap(([slot, value]) => {
    const entry = isMapping(value) ? entryOf(path, slot, value) : undefined;
    return entry === undefined ? [] : [entry];
  });
}

/** undefined where a service has no domain or path to be addressed by. */
function entryOf(path: string, slot: Slot, value: ServiceValue): Entry | undefined {
  const address = addressOf(value);
  return address && { ...address, path, slot, value, enabled: value["enabled"] !== false };
}

/** By what a service is found, or would be; undefined without domain and path. */
export function addressOf(value: ServiceValue): Address | undefined {
  const [domain] = domainsOf(value);
  const { path_prefix: pattern, methods } = value;
  if (domain === undefined || typeof pattern !== "string") return undefined;
  const list = Array.isArray(methods) ? methods.filter((method) => typeof method === "string") : [];
  const id = serviceIdOf(domain, pattern, [...new Set(list)].toSorted());
  return { id, domain, pattern };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

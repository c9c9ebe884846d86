/**
 * Named identities: those of the pools and backends that an artifact names.
 */
import { type BackendAddress, formatBackendUrl, parseBackendUrl } from "../../artifact/address.ts";
import { RowReader, type View } from "../../artifact/view.ts";
import { type References, resolve } from "../references.ts";
import { identityOf } from "./state/identity.ts";

/** Of all pools. */
export function* poolIdentities(view: View): Generator<string> {
  const pools = new RowReader(view, "pools");
  for (let row = 0; row < pools.count; row++) yield identityOf(pools.text(row, "key"));
}

/**
 * Of all backends, as they are written: endpoints of names come and go.
 *
 * @param references as they were looked up when the artifact was loaded
 */
export function* backendIdentities(view: View, references: References): Generator<string> {
  const pools = new RowReader(view, "pools");
  const backends = new RowReader(view, "backends");
  for (let row = 0; row < pools.count; row++) {
    const key = pools.text(row, "key");
    const { first, count } = pools.run(row, "backends");
    for (let backend = first; backend < first + count; backend++) {
      const address = addressOf(backends.text(backend, "url"), references);
      yield identityOf(key, formatBackendUrl(address));
    }
  }
}

/** The address that a backend's text in the artifact stands for. */
export function addressOf(text: string, references: References): BackendAddress {
  const address = parseBackendUrl(resolve(text, references));
  // Every backend was parsed when the artifact was loaded.
  if (typeof address === "string") throw new Error(`backend ${text} is no URL`);
  return address;
}

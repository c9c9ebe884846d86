/**
 * Node's crypto, loaded when it is first needed: it takes more than 1 MB of every thread, and the threads
 * that serve traffic need it for sticky cookies only.
 */

import type * as crypto from "node:crypto";

/** `node:crypto`. */
export function cryptoModule(): typeof crypto {
  return process.getBuiltinModule("node:crypto");
}

/**
 * Node's TLS, loaded when it is first needed: it takes 4 MB and more of every thread, and most data
 * planes stand behind something that ends TLS, or speak it on one side only.
 */

import type * as tls from "node:tls";

/** `node:tls`. */
export function tlsModule(): typeof tls {
  return process.getBuiltinModule("node:tls");
}

/** Node's UDP sockets, loaded when there is a stream of UDP. */

import type * as dgram from "node:dgram";

/** `node:dgram`. */
export function dgramModule(): typeof dgram {
  return process.getBuiltinModule("node:dgram");
}

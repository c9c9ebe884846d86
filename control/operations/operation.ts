/**
 * What every operation of the API is: a function of a request, with what it works on.
 */
import type { IncomingMessage } from "node:http";

import type { Conditions } from "../conditions.ts";
import type { DataPlaneClient } from "../data-plane-client.ts";
import type { Answer } from "../http/answer.ts";
import type { Identity } from "../http/identity.ts";
import type { Log } from "../log.ts";
import type { Writer } from "../writer.ts";

/** What the operations work on. */
export interface Context {
  writer: Writer;
  dataPlane: DataPlaneClient | undefined;
  log: Log;
}

/** One request to the API. */
export interface ApiRequest {
  incoming: IncomingMessage;
  /** What stands for `{id}` in the path. */
  id: string;
  query: URLSearchParams;
  identity: Identity;
}

export type Operation = (request: ApiRequest, context: Context) => Answer | Promise<Answer>;

export function conditionsOf({ incoming }: ApiRequest): Conditions {
  return {
    ifMatch: incoming.headers["if-match"],
    ifNoneMatch: incoming.headers["if-none-match"],
  };
}

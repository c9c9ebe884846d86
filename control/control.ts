/**
 * The writer: a REST API over a config tree. What it writes is compiled, committed, published and
 * served before it answers.
 */
import type { IncomingMessage } from "node:http";

import { type DataPlaneAddress, DataPlaneClient } from "./data-plane-client.ts";
import { type Answer, answerOf, send } from "./http/answer.ts";
import { identify, type Trust } from "./http/identity.ts";
import { Router } from "./http/router.ts";
import { listen, type Listen } from "./http/server.ts";
import { originFields, preflight } from "./http/origin.ts";
import type { Log } from "./log.ts";
import { OPERATIONS } from "./operations/index.ts";
import type { Context, Operation } from "./operations/operation.ts";
import { Refusal } from "./refusal.ts";
import type { StepDone } from "./write/transaction.ts";
import { Writer } from "./writer.ts";

export interface ControlOptions {
  /** The folder of the tree. */
  tree: string;
  listen: Listen;
  /** What a TCP address asks for; a Unix socket asks for nothing. */
  token: string | undefined;
  /** Where artifacts are published; undefined publishes none. */
  artifact: string | undefined;
  /** Puts signatures to what is published. Default: there are none. */
  signed?: (artifact: Uint8Array) => Uint8Array;
  /** Who must serve a change before it has succeeded. */
  dataPlane: DataPlaneAddress | undefined;
  log: Log;
  /** Told of each step of a change. */
  stepDone?: StepDone;
}

export interface Control {
  /** `unix:/path` or `http://host:port`. */
  url: string;
  /** Ends what is under way, and then everything. */
  close: () => Promise<void>;
}

/**
 * Ends what a crash left behind in the tree, and begins to listen.
 *
 * @throws Error where the tree cannot be read, or the address is taken
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { tree, artifact, log } = options;
  const trust: Trust = "socket" in options.listen ? "socket" : { token: tokenOf(options) };
  const dataPlane = options.dataPlane && new DataPlaneClient(options.dataPlane);
  const stepDone = options.stepDone ?? (() => undefined);
  const signed = options.signed ?? ((bytes) => bytes);
  const writer = new Writer({ tree, artifact, signed, dataPlane, log, stepDone });
  await writer.begin();
  const router = new Router(OPERATIONS);
  const context: Context = { writer, dataPlane, log };
  const server = await listen(options.listen, (request, response) => {
    void answer(request, trust, router, context).then((answered) => {
      // What is left of a body is read and forgotten, or the answer might not arrive.
      if (!request.complete) request.resume();
      send(response, answered, request.method === "HEAD");
    });
  });
  log.write("info", "control", "Listening", { listen: server.url, tree, pid: process.pid });
  return {
    url: server.url,
    close: async () => {
      const closed = server.close();
      await writer.idle();
      await closed;
      await dataPlane?.close();
    },
  };
}

function tokenOf({ token }: ControlOptions): string {
  if (token === undefined || token === "") throw new Error("a TCP address needs a token");
  return token;
}

/** Never rejects: whatever happens becomes an answer. */
async function answer(
  request: IncomingMessage,
  trust: Trust,
  router: Router<Operation>,
  context: Context,
): Promise<Answer> {
  try {
    // A browser's question, sent without the token, whether a page may ask at all.
    if (request.method === "OPTIONS") return preflight(request.headers.origin, context);
    const identity = identify(request, trust);
    const { url = "/", method = "GET" } = request;
    const [path = "/", ...query] = url.split("?");
    const { handler, id } = router.match(method, path);
    const origin = method === "GET" || method === "HEAD" ? undefined : request.headers.origin;
    const allowed = origin === undefined ? {} : originFields(origin, context);
    const answered = await handler(
      { incoming: request, id, identity, query: new URLSearchParams(query.join("?")) },
      context,
    );
    return { ...answered, fields: { ...allowed, ...answered.fields } };
  } catch (error) {
    if (error instanceof Refusal) return answerOf(error);
    context.log.write("error", "control", "A request failed by a bug", {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return { status: 500, body: { error: "this is a bug in balto" } };
  }
}

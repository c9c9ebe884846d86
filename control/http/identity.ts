/**
 * Who asks. On a private Unix socket that is the data plane, which has authenticated the client and
 * says so, or a local tool that may open the socket; on a TCP address it is who knows the token.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

import { type Author, parseAuthor } from "../../compiler/resolve/api.ts";
import { Refusal } from "../refusal.ts";

export interface Identity {
  /** How the client was authenticated: `token`, `loopback`, `socket`. */
  actor: string;
  /** The client's address, "" on a socket. */
  client: string;
  requestId: string | undefined;
  /** Who is to be named in the commit; undefined where the client did not say. */
  author: Author | undefined;
}

/** What a listener asks of those who connect: nothing on a Unix socket, the token elsewhere. */
export type Trust = "socket" | { token: string };

/** @throws Refusal 400, 401 */
export function identify(request: IncomingMessage, trust: Trust): Identity {
  const { headers, socket } = request;
  const isSocket = trust === "socket";
  if (!isSocket && !isToken(headers.authorization, trust.token)) {
    throw new Refusal(401, "a token is needed: Authorization: Bearer …", {
      fields: { "WWW-Authenticate": 'Bearer realm="balto"' },
    });
  }
  // Only who may open the socket is believed about others.
  const actor = isSocket ? (field(request, "balto-actor") ?? "socket") : "token";
  const client = isSocket ? (field(request, "balto-client") ?? "") : (socket.remoteAddress ?? "");
  return {
    actor,
    client,
    requestId: field(request, "x-request-id"),
    author: authorOf(field(request, "balto-author")),
  };
}

/** Digests are compared, so that neither content nor length shows in the time it takes. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "")?.[1] ?? "";
  return timingSafeEqual(sha256(given), sha256(token)) && given !== "";
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Header fields are bytes; names of people are UTF-8. */
function authorOf(text: string | undefined): Author | undefined {
  if (text === undefined) return undefined;
  const author = parseAuthor(Buffer.from(text, "latin1").toString("utf8"));
  if (typeof author !== "string") return author;
  throw new Refusal(400, `Balto-Author ${author}: write Name <address>`);
}

function field({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" && value.length <= 200 ? value : undefined;
}

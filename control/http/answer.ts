/**
 * Answers of the API, and what becomes of a refusal.
 */
import type { ServerResponse } from "node:http";

import { jsonDiagnostic } from "../../compiler/report/json.ts";
import type { Refusal } from "../refusal.ts";

export interface Answer {
  status: number;
  fields?: Readonly<Record<string, string>>;
  /** Sent as JSON; a text is sent as it is, with the content type of `fields`. */
  body?: unknown;
}

/** What a refusal says to the client. */
export function answerOf(refusal: Refusal): Answer {
  return { status: refusal.status, fields: refusal.fields, body: refusedBody(refusal) };
}

/** `error`, and the diagnostics where something did not compile. */
export function refusedBody({ message, diagnostics, more }: Refusal): Record<string, unknown> {
  const listed = diagnostics?.map((diagnostic) => jsonDiagnostic(diagnostic, ""));
  return { error: message, ...(listed && { diagnostics: listed }), ...more };
}

/** Sends an answer; to HEAD without its body. */
export function send(
  response: ServerResponse,
  { status, fields, body }: Answer,
  isHead: boolean,
): void {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? {} : { "Content-Type": "application/json" };
  const length =
    status === 204 || status === 304 ? {} : { "Content-Length": Buffer.byteLength(text) };
  response.writeHead(status, {
    ...(body === undefined ? {} : type),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...fields,
    ...length,
  });
  response.end(isHead ? undefined : text);
}

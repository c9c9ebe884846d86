/**
 * Answers to operators: JSON, never cached, and errors in one shape.
 */
import type { ServerResponse } from "node:http";

export type AnswerFields = Readonly<Record<string, string>>;

/** Answers with a JSON value. */
export function answerJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  fields: AnswerFields = {},
): void {
  answerBytes(response, status, Buffer.from(`${JSON.stringify(value)}\n`), {
    "Content-Type": "application/json",
    ...fields,
  });
}

/** Answers with an error. */
export function answerError(
  response: ServerResponse,
  status: number,
  error: string,
  fields: AnswerFields = {},
): void {
  answerJson(response, status, { error }, fields);
}

/** Answers with any bytes. */
export function answerBytes(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  fields: AnswerFields,
): void {
  response.writeHead(status, { ...COMMON, "Content-Length": body.length, ...fields });
  // For HEAD the server sends nothing of it.
  response.end(body);
}

/** What every answer has. */
export const COMMON: AnswerFields = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

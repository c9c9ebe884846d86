// Heads: a request's head as the parser gives it, from a few lines.

import { RequestHead } from "../../../dataplane/http/request-head.ts";

export interface ParsedHead {
  head: RequestHead;
  bytes: Buffer;
}

/** Parses a head without a Host field of its own. */
export function parsed(fields: readonly string[], target = "/"): ParsedHead {
  const bytes = Buffer.from(
    [`GET ${target} HTTP/1.1`, "Host: a.test", ...fields, "", ""].join("\r\n"),
    "latin1",
  );
  const head = new RequestHead({ headBytesMax: 8192, targetBytesMax: 4096, fieldsMax: 64 });
  const behind = head.parse(bytes, 0, bytes.length);
  if (behind !== bytes.length) throw new Error(`the head is refused: ${behind}`);
  return { head, bytes };
}

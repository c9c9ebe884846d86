/**
 * Bodies of requests: JSON objects, within limits, without keys that mean something to JavaScript.
 */
import type { IncomingMessage } from "node:http";

import { BODY_BYTES_MAX, BODY_DEPTH_MAX } from "../limits.ts";
import { Refusal } from "../refusal.ts";
import type { Plain } from "../yaml/reshape.ts";

/** @throws Refusal 400, 413, 415 */
export async function readJson(
  request: IncomingMessage,
  types: readonly string[],
): Promise<{ [key: string]: Plain }> {
  const [type = "", ...parameters] = (request.headers["content-type"] ?? "").split(";");
  const isUtf8 = parameters.every((text) => /^\s*(?:charset\s*=\s*"?utf-8"?\s*)?$/i.test(text));
  if (!types.includes(type.trim().toLowerCase()) || !isUtf8) {
    throw new Refusal(415, `the body must be ${types.join(" or ")} in UTF-8`);
  }
  if (request.headers["content-encoding"] !== undefined) {
    throw new Refusal(415, "the body must not be compressed");
  }
  return parse(await readBytes(request));
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = (): Refusal =>
    new Refusal(413, `the body is larger than ${BODY_BYTES_MAX} bytes`, {
      fields: { Connection: "close" },
    });
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > BODY_BYTES_MAX) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // Nobody is there to be told.
    throw new Refusal(400, "the request was cut off", { cause: error });
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): { [key: string]: Plain } {
  let value: Plain;
  try {
    value = JSON.parse(decoder.decode(bytes)) as Plain;
  } catch (error) {
    const why = bytes.length === 0 ? "it is empty" : (error as Error).message;
    throw new Refusal(400, `the body is not JSON: ${why}`);
  }
  checkKeys(value, 0);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Refusal(400, "the body is not a JSON object");
}

const decoder = new TextDecoder("utf-8", { fatal: true });

const REFUSED_KEYS = ["__proto__", "constructor", "prototype"];

function checkKeys(value: Plain, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth >= BODY_DEPTH_MAX) {
    throw new Refusal(400, `the body is nested more than ${BODY_DEPTH_MAX} deep`);
  }
  for (const key of Array.isArray(value) ? [] : Object.keys(value)) {
    if (REFUSED_KEYS.includes(key)) throw new Refusal(400, `the key ${key} is refused`);
  }
  for (const item of Object.values(value)) checkKeys(item as Plain, depth + 1);
}

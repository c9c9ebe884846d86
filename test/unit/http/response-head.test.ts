/** Answers' heads: as strict as requests' are. */
import { expect, test } from "vitest";

import { latin1 } from "../../../dataplane/http/bytes.ts";
import { NEED_MORE } from "../../../dataplane/http/field-lines.ts";
import { ResponseHead } from "../../../dataplane/http/response-head.ts";

function parse(text: string): { result: number; head: ResponseHead; bytes: Buffer } {
  const bytes = Buffer.from(text, "latin1");
  const head = new ResponseHead({ headBytesMax: 1024, fieldsMax: 8 });
  for (let end = 1; end < bytes.length; end++) {
    const part = head.parse(bytes, 0, end);
    if (part < 0) return { result: part, head, bytes };
    if (part !== NEED_MORE) expect(part).toBeLessThanOrEqual(end);
  }
  return { result: head.parse(bytes, 0, bytes.length), head, bytes };
}

const ok = (lines: string, line = "HTTP/1.1 200 OK"): string => `${line}\r\n${lines}\r\n`;

test.each([
  ["another protocol", ok("", "HTTQ/1.1 200 OK")],
  ["HTTP/2", ok("", "HTTP/2.0 200 OK")],
  ["a status of two digits", ok("", "HTTP/1.1 20 OK")],
  ["a status of four digits", ok("", "HTTP/1.1 2000 OK")],
  ["status 099", ok("", "HTTP/1.1 099 No")],
  ["status 600", ok("", "HTTP/1.1 600 No")],
  ["two spaces before the status", ok("", "HTTP/1.1  200 OK")],
  ["a control byte in the reason", ok("", "HTTP/1.1 200 O\x01K")],
  ["a bare LF behind the status line", "HTTP/1.1 200 OK\nA: b\r\n\r\n"],
  ["a bare LF in the fields", "HTTP/1.1 200 OK\r\nA: b\n\r\n"],
  ["folding", ok("A: b\r\n c\r\n")],
  ["a space before the colon", ok("A : b\r\n")],
  ["two Content-Lengths", ok("Content-Length: 1\r\nContent-Length: 1\r\n")],
  ["an odd Content-Length", ok("Content-Length: 1x\r\n")],
  [
    "Content-Length and Transfer-Encoding",
    ok("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
  ],
  ["a coding that is not chunked", ok("Transfer-Encoding: gzip\r\n")],
  ["gzip and chunked", ok("Transfer-Encoding: gzip, chunked\r\n")],
  ["a head over its limit", ok(`A: ${"a".repeat(1024)}\r\n`)],
  ["too many fields", ok("A: b\r\n".repeat(9))],
])("%s is refused", (_, text) => {
  expect(parse(text).result).toBeLessThan(0);
});

test.each<[string, string, Partial<ResponseHead>]>([
  [
    "a plain answer",
    ok("Content-Length: 5\r\n"),
    { status: 200, contentLength: 5, keepAlive: true },
  ],
  ["no reason", ok("", "HTTP/1.1 204 "), { status: 204 }],
  ["not even a space for a reason", ok("", "HTTP/1.1 204"), { status: 204 }],
  ["HTTP/1.0, which closes", ok("", "HTTP/1.0 200 OK"), { keepAlive: false }],
  [
    "HTTP/1.0 with keep-alive",
    ok("Connection: keep-alive\r\n", "HTTP/1.0 200 OK"),
    { keepAlive: true },
  ],
  ["Connection: close", ok("Connection: close\r\n"), { keepAlive: false }],
  ["Keep-Alive's limit", ok("Keep-Alive: timeout=7, max=3\r\n"), { keepAliveSeconds: 7 }],
  ["chunked", ok("transfer-encoding: CHUNKED\r\n"), { isChunked: true }],
])("%s is understood", (_, text, expected) => {
  const { result, head } = parse(text);
  expect(result).toBe(text.length);
  expect(head).toMatchObject(expected);
});

test("the reason is kept as it came", () => {
  const { head, bytes } = parse(ok("", "HTTP/1.1 404 N\xf6 such thing"));
  expect(latin1(bytes, head.reasonStart, head.reasonEnd)).toBe("N\xf6 such thing");
});

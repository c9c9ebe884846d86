// Request body: how much of one that nobody wants is read.

import { expect, test } from "vitest";

import { RequestBody } from "../../../dataplane/http/request-body.ts";
import { RequestHead } from "../../../dataplane/http/request-head.ts";
import { UNWANTED_BYTES_MAX, UNWANTED_LENGTH_MAX } from "../../../dataplane/limits.ts";

function abandoned(framing: string): RequestBody {
  const bytes = Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
  const head = new RequestHead({ headBytesMax: 1_024, targetBytesMax: 1_024, fieldsMax: 10 });
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  const body = new RequestBody();
  body.begin(head);
  body.abandon();
  return body;
}

const KIB = Buffer.alloc(1_024, "x");

test("one of a length that is worth it is read to its end, and not beyond", () => {
  const body = abandoned("Content-Length: 1500");
  expect(body.drop(KIB, 0, KIB.length)).toBe(1_024);
  expect(body.isComplete).toBe(false);
  expect(body.drop(KIB, 10, KIB.length)).toBe(10 + 1_500 - 1_024);
  expect(body.isComplete).toBe(true);
  expect(body.drop(KIB, 3, KIB.length)).toBe(3);
});

test.each([`Content-Length: ${UNWANTED_LENGTH_MAX + 1}`, "Transfer-Encoding: chunked"])(
  "one that may be long is not worth more than a little (%s)",
  (framing) => {
    const body = abandoned(framing);
    if (framing.endsWith("chunked")) {
      const size = Buffer.from("ffffff\r\n");
      expect(body.drop(size, 0, size.length)).toBe(size.length);
    }
    let dropped = 0;
    while (body.drop(KIB, 0, KIB.length) !== -1) dropped += KIB.length;
    expect(dropped).toBeGreaterThan(UNWANTED_BYTES_MAX - 2 * KIB.length);
    expect(dropped).toBeLessThanOrEqual(UNWANTED_BYTES_MAX);
  },
);

test("where its framing is broken nobody knows what follows", () => {
  const body = abandoned("Transfer-Encoding: chunked");
  const broken = Buffer.from("5\r\nhelloX");
  expect(body.drop(broken, 0, broken.length)).toBe(-1);
});

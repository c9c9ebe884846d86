/** Bodies: where they end and what is in them, however the bytes arrive. */
import { expect, test } from "vitest";

import { BodyDecoder } from "../../../dataplane/http/body.ts";

type Outcome = { content: string; done: boolean; rest: string } | "broken";

/** Decodes `wire` in pieces of `size` bytes. */
function decode(begin: (decoder: BodyDecoder) => void, wire: string, size: number): Outcome {
  const decoder = new BodyDecoder();
  begin(decoder);
  let content = "";
  let at = 0;
  while (at < wire.length && !decoder.done) {
    // A copy for each read, as the decoder moves bytes about in it.
    const bytes = Buffer.from(wire.slice(at, at + size), "latin1");
    if (!decoder.read(bytes, 0, bytes.length)) return "broken";
    content += bytes.toString("latin1", decoder.contentStart, decoder.contentEnd);
    at += decoder.next;
  }
  return { content, done: decoder.done, rest: wire.slice(at) };
}

/** The same whatever the size of the pieces; of a long body not every size is tried. */
function everyWay(begin: (decoder: BodyDecoder) => void, wire: string): Outcome {
  const whole = decode(begin, wire, wire.length);
  for (let size = 1; size < wire.length; size += size < 256 ? 1 : 97) {
    expect(decode(begin, wire, size), `in pieces of ${size}`).toEqual(whole);
  }
  return whole;
}

const chunked = (decoder: BodyDecoder): void => decoder.beginChunked();

test.each([
  ["chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET", "abcde", "GET"],
  ["no chunk but the last", "0\r\n\r\n", "", ""],
  ["leading zeros", "0003\r\nabc\r\n000\r\n\r\n", "abc", ""],
  [
    "sizes in both cases",
    "A\r\n0123456789\r\nb\r\n01234567890\r\n0\r\n\r\n",
    "012345678901234567890",
    "",
  ],
  ["extensions", '1;a;b=c;d="e\\"f"\r\nx\r\n0;z\r\n\r\n', "x", ""],
  ["trailers", "1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\nrest", "x", "rest"],
])("%s are decoded", (_, wire, content, rest) => {
  expect(everyWay(chunked, wire)).toEqual({ content, done: true, rest });
});

test.each([
  ["an empty size", "\r\nabc"],
  ["a sign", "+3\r\nabc\r\n"],
  ["a minus", "-3\r\nabc\r\n"],
  ["a 0x", "0x3\r\nabc\r\n"],
  ["an underscore", "1_0\r\n"],
  ["a space before the size", " 3\r\nabc\r\n"],
  ["a space behind the size", "3 \r\nabc\r\n"],
  ["a tab behind the size", "3\t\r\nabc\r\n"],
  ["a letter", "g\r\n"],
  ["a size beyond 2^53", "20000000000001\r\n"],
  ["a size without end", `${"0".repeat(300)}1\r\n`],
  ["a bare LF behind the size", "3\nabc\r\n"],
  ["a bare CR behind the size", "3\rabc\r\n"],
  ["data longer than its size", "3\r\nabcd\r\n"],
  ["a bare LF behind the data", "3\r\nabc\n0\r\n\r\n"],
  ["a bare semicolon", "3;\r\nabc\r\n"],
  ["two semicolons", "3;;a\r\nabc\r\n"],
  ["an open quote", '3;a="b\r\nabc\r\n'],
  ["a quote in a token", '3;a=b"c"\r\nabc\r\n'],
  ["a token behind a quote", '3;a="b"c\r\nabc\r\n'],
  ["a quoted name", '3;"a"\r\nabc\r\n'],
  ["two values", "3;a=b=c\r\nabc\r\n"],
  ["no value", "3;a=\r\nabc\r\n"],
  ["a NUL in an extension", "3;a\0\r\nabc\r\n"],
  ["a bare LF in an extension", "3;a\nabc\r\n"],
  ["a space in an extension", "3; a\r\nabc\r\n"],
  ["extensions over their limit", `1;${"a".repeat(8192)}\r\nx\r\n`],
  ["a trailer without a colon", "0\r\nabc\r\n\r\n"],
  ["a trailer with a space before the colon", "0\r\na : b\r\n\r\n"],
  ["a folded trailer", "0\r\na: b\r\n c\r\n\r\n"],
  ["a trailer with a NUL", "0\r\na: \0\r\n\r\n"],
  ["a trailer with a bare LF", "0\r\na: b\n\r\n"],
  ["trailers over their limit", `0\r\na: ${"b".repeat(8192)}\r\n\r\n`],
  ["a bare LF at the end", "0\r\n\n"],
])("%s is refused", (_, wire) => {
  expect(everyWay(chunked, wire)).toBe("broken");
});

test("a body of a length ends there", () => {
  const begin = (decoder: BodyDecoder): void => decoder.beginLength(5);
  expect(everyWay(begin, "abcdeGET /")).toEqual({ content: "abcde", done: true, rest: "GET /" });
});

test("a body of no length is done at once", () => {
  const decoder = new BodyDecoder();
  decoder.beginLength(0);
  expect(decoder.done).toBe(true);
});

test("only a body that ends with its connection is completed by its end", () => {
  const decoder = new BodyDecoder();
  decoder.beginLength(1);
  expect(decoder.endOfInput()).toBe(false);
  decoder.beginChunked();
  expect(decoder.endOfInput()).toBe(false);
  decoder.beginClose();
  expect(decoder.endOfInput()).toBe(true);
});

test("trailers are kept where they are asked for, however they arrive", () => {
  const wire = "1\r\nx\r\n0\r\nA: b\r\nC:d\r\n\r\n";
  const decoder = new BodyDecoder();
  for (let size = 1; size <= wire.length; size++) {
    decoder.beginChunked();
    decoder.keepTrailers(2);
    for (let at = 0; at < wire.length; at += size) {
      const bytes = Buffer.from(wire.slice(at, at + size));
      expect(decoder.read(bytes, 0, bytes.length)).toBe(true);
    }
    expect([decoder.done, decoder.trailers.toString()]).toEqual([true, "A: b\r\nC:d\r\n"]);
  }
  const bytes = Buffer.from(wire);
  decoder.beginChunked();
  expect(decoder.read(bytes, 0, bytes.length)).toBe(true);
  expect(decoder.trailers).toHaveLength(0);
  decoder.beginChunked();
  decoder.keepTrailers(1);
  const again = Buffer.from(wire);
  expect(decoder.read(again, 0, again.length)).toBe(false);
});

test("of trailers no more are kept than there may be bytes of them", () => {
  const decode = (bytes: number): boolean => {
    const decoder = new BodyDecoder();
    decoder.beginChunked();
    decoder.keepTrailers(10);
    // The empty line's CR counts.
    const wire = Buffer.from(`0\r\nA:${"b".repeat(bytes - 5)}\r\n\r\n`);
    return decoder.read(wire, 0, wire.length) && decoder.trailers.length === bytes - 1;
  };
  expect([decode(8_192), decode(8_193)]).toEqual([true, false]);
});

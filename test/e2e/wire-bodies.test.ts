// http-behaviour.md, the framing of "Request head" and all of "Bodies": every row of the table, on the
// wire, cut at every byte.

import { test } from "vitest";

import { expectRows } from "../harness/wire-rows.ts";

const HOST = "Host: a.test\r\n";
const BAD = "400 close";
const post = (lines: string, body = ""): string => `POST / HTTP/1.1\r\n${HOST}${lines}\r\n${body}`;
const length = (value: string, body = "hello"): string => post(`Content-Length:${value}\r\n`, body);
const coded = (value: string, body = "0\r\n\r\n"): string =>
  post(`Transfer-Encoding:${value}\r\n`, body);
const chunked = (body: string): string => coded(" chunked", body);

test("Content-Length is digits, once", async () => {
  await expectRows([
    ["a plain one", length(" 5"), "POST /; =hello"],
    ["leading zeros", length(" 005"), "POST /; =hello"],
    ["white space around it", length(" \t5 "), "POST /; =hello"],
    ["zero", length(" 0", ""), "POST /"],
    ["a plus", length(" +5"), BAD],
    ["a minus", length(" -5"), BAD],
    ["a space inside", length(" 5 0"), BAD],
    ["a tab inside", length(" 5\t0"), BAD],
    ["hexadecimal", length(" 0x5"), BAD],
    ["an underscore", length(" 5_0"), BAD],
    ["an exponent", length(" 5e0"), BAD],
    ["a fraction", length(" 5.0"), BAD],
    ["a list", length(" 5, 5"), BAD],
    ["a trailing comma", length(" 5,"), BAD],
    ["a parameter", length(" 5;a"), BAD],
    ["quotes", length(' "5"'), BAD],
    ["nothing", length(""), BAD],
    ["a no-break space", length(" \xa05"), BAD],
    ["other digits", length(" \xb2"), BAD],
    ["2^53", length(" 9007199254740992"), BAD],
    ["2^64 + 5", length(" 18446744073709551621"), BAD],
    ["40 digits", length(` ${"1".repeat(40)}`), BAD],
    ["two, equal", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), BAD],
    ["two, not equal", post("Content-Length: 5\r\ncontent-length: 6\r\n", "hello"), BAD],
  ]);
});

test("Transfer-Encoding is chunked, once, alone and in HTTP/1.1", async () => {
  const both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
  const turned = "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n";
  await expectRows([
    ["chunked", coded(" chunked"), "POST /"],
    ["in capitals", coded("\tCHUNKED "), "POST /"],
    ["with a length", post(both, "0\r\n\r\n"), BAD],
    ["with a length behind", post(turned, "0\r\n\r\n"), BAD],
    ["empty", coded(""), BAD],
    ["empty, with a length", post("Transfer-Encoding:\r\nContent-Length: 5\r\n", "hello"), BAD],
    ["identity", coded(" identity"), BAD],
    ["chunked, chunked", coded(" chunked, chunked"), BAD],
    ["an unknown one before it", coded(" cow, chunked"), BAD],
    ["a known one behind it", coded(" chunked, gzip"), BAD],
    ["xchunked", coded(" xchunked"), BAD],
    ["chunkedx", coded(" chunkedx"), BAD],
    ["chun ked", coded(" chun ked"), BAD],
    ["a parameter", coded(" chunked;q=1"), BAD],
    ["quotes", coded(' "chunked"'), BAD],
    ["single quotes", coded(" 'chunked'"), BAD],
    ["a comma in front", coded(" ,chunked"), BAD],
    ["a comma behind", coded(" chunked,"), BAD],
    ["a vertical tab", coded(" \x0bchunked"), BAD],
    ["a form feed", coded(" chunked\x0c"), BAD],
    ["a no-break space", coded(" \xa0chunked"), BAD],
    ["a space in front of its colon", coded(" chunked").replace("ding:", "ding :"), BAD],
    ["folded", coded("\r\n chunked"), BAD],
    ["two fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), BAD],
    ["two, one identity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"), BAD],
    ["gzip before it", coded(" gzip, chunked"), "501 close"],
    ["deflate and gzip before it", coded(" deflate,gzip , chunked"), "501 close"],
    ["HTTP/1.0", coded(" chunked").replace("1.1", "1.0"), BAD],
  ]);
});

test("chunk sizes are hexadecimal digits and nothing else", async () => {
  const rest = "\r\n0\r\n\r\n";
  await expectRows([
    ["one chunk", chunked(`5\r\nhello${rest}`), "POST /; =hello"],
    ["two", chunked(`5\r\nhello\r\n1\r\n!${rest}`), "POST /; =hello!"],
    ["leading zeros", chunked("0005\r\nhello\r\n000\r\n\r\n"), "POST /; =hello"],
    [
      "small and capital digits",
      chunked(`a\r\n0123456789\r\n0A\r\n0123456789${rest}`),
      "POST /; =01234567890123456789",
    ],
    ["an end inside", chunked(`7\r\n\r\n0\r\n\r\n${rest}`), "POST /; =\r\n0\r\n\r\n"],
    ["none", chunked(`\r\nhello${rest}`), BAD],
    ["a plus", chunked(`+5\r\nhello${rest}`), BAD],
    ["a minus", chunked(`-5\r\nhello${rest}`), BAD],
    ["0x", chunked(`0x5\r\nhello${rest}`), BAD],
    ["an underscore", chunked(`0_5\r\nhello${rest}`), BAD],
    ["a space in front", chunked(` 5\r\nhello${rest}`), BAD],
    ["a space behind", chunked(`5 \r\nhello${rest}`), BAD],
    ["a tab behind", chunked(`5\t\r\nhello${rest}`), BAD],
    ["no digit", chunked(`g\r\nhello${rest}`), BAD],
    ["2^53", chunked(`20000000000000\r\nhello${rest}`), BAD],
    ["2^64 + 5", chunked(`10000000000000005\r\nhello${rest}`), BAD],
    ["a bare LF behind it", chunked(`5\nhello${rest}`), BAD],
    ["a bare CR behind it", chunked(`5\rhello${rest}`), BAD],
    ["a bare LF behind the data", chunked("5\r\nhello\n0\r\n\r\n"), BAD],
    ["nothing behind the data", chunked("5\r\nhello0\r\n\r\n"), BAD],
    ["data too long", chunked(`5\r\nhello!${rest}`), BAD],
    ["data too short", chunked(`6\r\nhello${rest}`), BAD],
    ["a bare LF at the end", chunked("0\r\n\n"), BAD],
    ["a bare CR at the end", chunked("0\r\n\rx"), BAD],
  ]);
});

test("chunk extensions and trailers are read and dropped, bad ones refused", async () => {
  const size = (extension: string): string => chunked(`1${extension}\r\nx\r\n0\r\n\r\n`);
  const trailers = (lines: string): string => chunked(`1\r\nx\r\n0\r\n${lines}\r\n`);
  await expectRows([
    ["a name", size(";a"), "POST /; =x"],
    ["a value", size(";a=b;c=d"), "POST /; =x"],
    ["a quoted value", size(';a="b;\\"c"'), "POST /; =x"],
    ["an extension of the last chunk", chunked("1\r\nx\r\n0;a=b\r\n\r\n"), "POST /; =x"],
    ["a bare semicolon", size(";"), BAD],
    ["two semicolons", size(";;a"), BAD],
    ["no name", size(";=a"), BAD],
    ["an open quote", size(';a="b'), BAD],
    ["a bare LF", size(";a\nb"), BAD],
    ["a bare CR", size(";a\rb"), BAD],
    ["a bare LF in quotes", size(';a="\n"'), BAD],
    ["a NUL", size(";a\0"), BAD],
    ["over its limit", size(`;${"a".repeat(8192)}`), BAD],
    ["trailers", trailers("A: b\r\nC:\r\n"), "POST /; =x"],
    ["a framing's name", trailers("Content-Length: 9\r\nTransfer-Encoding: x\r\n"), "POST /; =x"],
    ["the way's and a key's names", trailers("Host: b\r\nAuthorization: c\r\n"), "POST /; =x"],
    [
      "announced ones",
      chunked("0\r\nA: b\r\n\r\n").replace("Transfer", "Trailer: A\r\nTransfer"),
      "POST /",
    ],
    ["no colon", trailers("A\r\n"), BAD],
    ["a space in front of the colon", trailers("A : b\r\n"), BAD],
    ["an empty name", trailers(": b\r\n"), BAD],
    ["folding", trailers("A: b\r\n c\r\n"), BAD],
    ["a NUL in a trailer", trailers("A: \0\r\n"), BAD],
    ["a bare LF in a trailer", trailers("A: b\nC: d\r\n"), BAD],
    ["trailers over their limit", trailers(`A: ${"a".repeat(8192)}\r\n`), BAD],
  ]);
});

test("what stands behind a body is the next request, whatever method it came with", async () => {
  const smuggled = `GET /x HTTP/1.1\r\n${HOST}\r\n`;
  const empty = (method: string): string =>
    `${method} / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n${smuggled}`;
  const full = (method: string): string =>
    `${method} / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi${smuggled}`;
  await expectRows([
    ["none of GET", empty("GET"), "GET / | GET /x"],
    ["none of HEAD", empty("HEAD"), "HEAD / | GET /x"],
    ["none of DELETE", empty("DELETE"), "DELETE / | GET /x"],
    ["none of OPTIONS", empty("OPTIONS"), "OPTIONS / | GET /x"],
    ["one of GET", full("GET"), "GET /; =hi | GET /x"],
    ["one of HEAD", full("HEAD"), "HEAD / | GET /x"],
    ["one of DELETE", full("DELETE"), "DELETE /; =hi | GET /x"],
    ["no length at all", post("", smuggled), "POST / | GET /x"],
    ["chunks", chunked(`0\r\n\r\n${smuggled}`), "POST / | GET /x"],
    [
      "behind an answer of Balto's own",
      `POST /health HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi${smuggled}`,
      "200 | GET /x",
    ],
    ["behind Connection: close", post("Connection: close\r\n", smuggled), "POST / close"],
    ["behind what is refused", length(" +5", smuggled), BAD],
    ["an empty line between", length(" 5", `hello\r\n${smuggled}`), "POST /; =hello | GET /x"],
  ]);
});

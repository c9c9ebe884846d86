// http-behaviour.md, "Upstream answers": every row of the table that is about bytes, on the wire, cut at
// every byte.

import { test } from "vitest";

import { type AnswerRow, expectAnswers } from "../harness/answer-rows.ts";

const ok = (lines: string, body = ""): string => `HTTP/1.1 200 OK\r\n${lines}\r\n${body}`;
const status = (line: string): string => `${line}\r\nContent-Length: 0\r\n\r\n`;
const sized = (value: string): string => ok(`Content-Length:${value}\r\n`, "hello");
const coded = (value: string): string => ok(`Transfer-Encoding:${value}\r\n`, "0\r\n\r\n");
const chunked = (body: string): string => ok("Transfer-Encoding: chunked\r\n", body);

/** Answers that are none. */
function refused(rows: readonly [what: string, bytes: string][]): AnswerRow[] {
  return rows.map(([what, bytes]) => [what, bytes, "502", "closed"]);
}

test("a status line that is none is a bad gateway", async () => {
  await expectAnswers([
    ...refused([
      ["no HTTP", "nonsense\r\n\r\n"],
      ["lower case", status("http/1.1 200 OK")],
      ["HTTP/2.0", status("HTTP/2.0 200 OK")],
      ["HTTP/1.10", status("HTTP/1.10 200 OK")],
      ["status 099", status("HTTP/1.1 099 Low")],
      ["status 600", status("HTTP/1.1 600 High")],
      ["two digits", status("HTTP/1.1 20 OK")],
      ["four digits", status("HTTP/1.1 2000 OK")],
      ["a sign", status("HTTP/1.1 +20 OK")],
      ["no status", status("HTTP/1.1 OK")],
      ["two spaces", status("HTTP/1.1  200 OK")],
      ["a tab", status("HTTP/1.1\t200 OK")],
      ["a control byte in the reason", status("HTTP/1.1 200 O\x07K")],
      ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"],
      ["a bare CR", "HTTP/1.1 200 O\rK\r\n\r\n"],
      ["an empty line in front", `\r\n${status("HTTP/1.1 200 OK")}`],
      ["101 that nobody asked for", status("HTTP/1.1 101 Switching Protocols")],
    ]),
    ["no reason", status("HTTP/1.1 200"), "200", "kept"],
    ["an empty reason", status("HTTP/1.1 200 "), "200", "kept"],
    ["a reason of any bytes", status("HTTP/1.1 200 \x80\xff"), "200", "kept"],
    ["status 599", status("HTTP/1.1 599 Odd"), "599", "kept"],
    ["HTTP/1.0", status("HTTP/1.0 200 OK"), "200", "closed"],
    ["Connection: close", ok("Connection: close\r\nContent-Length: 0\r\n"), "200", "closed"],
  ]);
});

test("fields that are none are a bad gateway", async () => {
  await expectAnswers(
    refused([
      ["folding", ok("A: b\r\n c\r\n")],
      ["a space in front of the colon", ok("A : b\r\n")],
      ["no colon", ok("A\r\n")],
      ["an empty name", ok(": b\r\n")],
      ["a bare LF", ok("A: b\nC: d\r\n")],
      ["a bare CR", ok("A: b\rC: d\r\n")],
      ["a NUL", ok("A: \0\r\n")],
      ["a control byte", ok("A: \x1b[0m\r\n")],
      ["Content_Length", ok("Content_Length: 0\r\nContent-Length: 0\r\n")],
    ]),
  );
});

test("a framing with two readings is a bad gateway", async () => {
  const both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
  await expectAnswers([
    ...refused([
      ["two lengths, equal", ok("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")],
      ["two lengths, not equal", ok("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")],
      ["a list", sized(" 5, 5")],
      ["a plus", sized(" +5")],
      ["a minus", sized(" -5")],
      ["hexadecimal", sized(" 0x5")],
      ["an empty length", sized("")],
      ["2^53", sized(" 9007199254740992")],
      ["a length and a coding", ok(both, "0\r\n\r\n")],
      ["gzip before chunked", coded(" gzip, chunked")],
      ["identity", coded(" identity")],
      ["an empty coding", coded("")],
      ["chunked twice", coded(" chunked, chunked")],
      ["two fields", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")],
      ["a vertical tab", coded(" \x0bchunked")],
      ["a coding in HTTP/1.0", coded(" chunked").replace("1.1", "1.0")],
    ]),
    ["a plain length", sized(" 5"), "200 hello", "kept"],
    ["leading zeros", sized(" 005"), "200 hello", "kept"],
    ["chunks", chunked("5;a=b\r\nhello\r\n01\r\n!\r\n0\r\nA: b\r\n\r\n"), "200 hello!", "kept"],
  ]);
});

test("a body that breaks its framing is cut off, never as if it were whole", async () => {
  // Cut in front of the bad byte, the head has gone out already: then it is no 502 but a cut.
  const head = ok("Transfer-Encoding: chunked\r\nX-Long: 1\r\n");
  const bad = ["x\r\n", "5 \r\nhello", "5\r\nhello0\r\n", "-1\r\n", "0\r\nA : b\r\n\r\n"];
  await expectAnswers(
    bad.map((body): AnswerRow => {
      return [JSON.stringify(body), `${head}1\r\nx\r\n${body}`, "502", "closed"];
    }),
    { onlyWhole: true },
  );
});

test("bytes where there can be no body reach nobody", async () => {
  const evil = "HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n";
  await expectAnswers([
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", "204", "kept"],
    ["204 with a body", `HTTP/1.1 204 No Content\r\n\r\n${evil}`, "204", "closed"],
    [
      "204 that announces one",
      "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello",
      "204",
      "closed",
    ],
    [
      "204 in chunks",
      "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "204",
      "closed",
    ],
    ["304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304", "kept"],
    ["304 with a body", `HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\nhello`, "304", "closed"],
    ["a second answer", `${sized(" 5")}${evil}`, "200 hello", "closed"],
    ["a second answer behind chunks", `${chunked("0\r\n\r\n")}${evil}`, "200", "closed"],
    ["a line's end too many", `${sized(" 5")}\r\n`, "200 hello", "closed"],
  ]);
  const head = { requestLine: (path: string) => `HEAD ${path}` };
  await expectAnswers(
    [
      ["HEAD", ok("Content-Length: 5\r\n"), "200", "kept"],
      ["HEAD with a body", sized(" 5"), "200", "closed"],
      ["HEAD with chunks", chunked("0\r\n\r\n"), "200", "closed"],
    ],
    head,
  );
});

test("interim answers are relayed, up to sixteen of them", async () => {
  const hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const done = sized(" 5");
  const relayed = (count: number): string => "103 | ".repeat(count);
  await expectAnswers([
    ["one", `${hint}${done}`, "103 | 200 hello", "kept"],
    ["102", `HTTP/1.1 102 Processing\r\n\r\n${done}`, "102 | 200 hello", "kept"],
    ["100 that nobody asked for", `HTTP/1.1 100 Continue\r\n\r\n${done}`, "200 hello", "kept"],
    ["15", `${hint.repeat(15)}${done}`, `${relayed(15)}200 hello`, "kept"],
    ["16", `${hint.repeat(16)}${done}`, `${relayed(16)}200 hello`, "kept"],
    ["17", `${hint.repeat(17)}${done}`, `${relayed(16)}502`, "closed"],
  ]);
  await expectAnswers(
    [["100 that was asked for", `HTTP/1.1 100 Continue\r\n\r\n${done}`, "100 | 200 hello", "kept"]],
    { fields: ["Expect: 100-continue"] },
  );
  await expectAnswers([["103 to HTTP/1.0", `${hint}${done}`, "200 hello", "kept"]], {
    requestLine: (path) => `GET ${path} HTTP/1.0`,
    fields: ["Connection: keep-alive"],
  });
});

test("an answer that its connection's end ends is whole, one that is truncated is cut", async () => {
  await expectAnswers(
    [
      ["no length", ok("", "hello"), "200 hello", "closed"],
      ["no length, no body", ok(""), "200", "closed"],
      ["a length not reached", ok("Content-Length: 6\r\n", "hello"), "cut", "closed"],
      ["no last chunk", chunked("5\r\nhello\r\n"), "cut", "closed"],
      ["no end of the last chunk", chunked("5\r\nhello\r\n0\r\n"), "cut", "closed"],
      ["no end of the head", "HTTP/1.1 200 OK\r\nA: b\r\n", "502", "closed"],
    ],
    { ends: true },
  );
});

test("an answer has up to 1,000 fields and 64 KiB of head", async () => {
  const fields = (count: number): string =>
    ok(`${"A: b\r\n".repeat(count - 1)}Content-Length: 0\r\n`);
  const bare = ok("Content-Length: 0\r\nA: \r\n").length;
  const head = (bytes: number): string =>
    ok(`Content-Length: 0\r\nA: ${"a".repeat(bytes - bare)}\r\n`);
  await expectAnswers(
    [
      ["999 fields", fields(999), "200", "kept"],
      ["1,000 fields", fields(1_000), "200", "kept"],
      ["1,001 fields", fields(1_001), "502", "closed"],
      ["64 KiB less a byte", head(64 * 1024 - 1), "200", "kept"],
      ["64 KiB", head(64 * 1024), "200", "kept"],
      ["64 KiB and a byte", head(64 * 1024 + 1), "502", "closed"],
    ],
    { onlyWhole: true },
  );
});

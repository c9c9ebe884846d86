// Grammar: HTTP/1.1 messages as people, proxies and attackers write them. Most of a message is right,
// so that what is odd in it is looked at and not hidden behind something else that is wrong.

import type { Random } from "./random.ts";

const METHODS = ["GET", "GET", "GET", "POST", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"];
const ODD_METHODS = ["get", "PURGE", "M-SEARCH", "BREW", "GE(T", "", "TRACE", "CONNECT", "PRI"];
const TARGETS = [
  "/",
  "/a/b?c=d",
  "/a//b/",
  "/a/./b/../c",
  "/%61%2e/x%2Fy",
  "/;p=1/x;y?z=/../",
  "/?",
  "//a",
  '/"<>^|{}`',
];
const ODD_TARGETS = [
  "http://a.test/x?y",
  "http://a.test",
  "HTTPS://a.test?q",
  "*",
  "/..",
  "/a/%2e%2e/%2E./..",
  "/\\",
  "/%5c",
  "/%00",
  "/%zz",
  "/%4",
  "/#f",
  "/\x80",
  "/a b",
  "a.test:80",
  "http://b.test/",
  "http://u@a.test/",
  "http:///x",
  "ftp://a.test/",
  "",
];
const VERSIONS = ["HTTP/1.1"];
const ODD_VERSIONS = ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/1.10", "http/1.1", "HTTP/0.9", ""];
const HOSTS = [
  "a.test",
  "a.test",
  "a.test",
  "a.test",
  "A.Test:80",
  "a.test.",
  "[::1]:80",
  "127.0.0.1",
];
const ODD_HOSTS = ["", "a b", "u@a", "a/b", "a,b", "a:b", "[::1%25eth0]", "[::g]", "b.test"];
const FIELDS = [
  "Accept: */*",
  "X-A:b",
  "X-A:  b \t",
  "x-a:\tb",
  "X-Empty:",
  "X-Blank: \t ",
  "X-Bytes: \x80\xff\xa0",
  "Cookie: a=b; c=d",
  "Cookie: e=f",
  "__proto__: x",
  "constructor: y",
  "Connection: keep-alive",
  "Connection: X-A, keep-alive",
  "Keep-Alive: timeout=5",
  "TE: trailers",
  "Trailer: X-T",
  "Upgrade: h2c",
  "X-Forwarded-For: 6.6.6.6",
  "Forwarded: for=6.6.6.6",
  "X-Param-id: evil",
  "Max-Forwards: 3",
  "Content-Type: text/plain",
  "Authorization: Basic eA==",
  "Expect: 100-continue",
];
const ODD_FIELDS = [
  "Connection: close",
  "Connection: a b",
  "Connection: Host, Content-Length, Transfer-Encoding",
  "Content-Length: 5",
  "Content-Length: 005",
  "Content-Length: +5",
  "Content-Length: 5, 5",
  "Content-Length: 0x5",
  "Content-Length: 5_0",
  "Content-Length: 99999999999999999999",
  "Content-Length:",
  "Content_Length: 5",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: Chunked ",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding: \x0bchunked",
  "Transfer-Encoding: \xa0chunked",
  "Transfer-Encoding:",
  "Transfer_Encoding: chunked",
  "Transfer-Encoding : chunked",
  "X_Forwarded_For: 1",
  "X-A: b\r\n folded",
  "X-A: b\0",
  "X-A: b\rc",
  "X A: b",
  "no colon",
  ": no name",
  "Host: a.test",
  "Expect: tea",
  "Max-Forwards: 0",
  "Max-Forwards: -1",
];
const LINE_ENDS = ["\r\n"];
const ODD_LINE_ENDS = ["\n", "\r", "\r\r\n", "\n\r", " \r\n", "\r\n\r\n"];
const SIZE_SUFFIXES = ["", "", "", ";a", ";a=b", ';a="b\\"c;"', ";a;b=c"];
const ODD_SIZE_SUFFIXES = [" ", "\t", ";", ";;a", "; a", ';a="b', ";a\n", "_0", "x", ";a\r"];

/** One or more requests behind each other. */
export function requestStream(random: Random): Buffer {
  let text = "";
  for (let count = 1 + random.below(3); count > 0; count--) text += request(random);
  return Buffer.from(text, "latin1");
}

function request(random: Random): string {
  const space = (): string => random.mostly([" "], ["  ", "\t", ""], 0.01);
  const end = lineEnds(random);
  let text = random.chance(0.05) ? "\r\n" : "";
  text += random.mostly(METHODS, ODD_METHODS) + space();
  text += random.mostly(TARGETS, ODD_TARGETS) + space();
  text += random.mostly(VERSIONS, ODD_VERSIONS, 0.06) + end();
  const { fields, body } = framed(random);
  if (random.chance(0.97)) fields.unshift(`Host: ${random.mostly(HOSTS, ODD_HOSTS)}`);
  for (let count = random.below(4); count > 0; count--) {
    fields.splice(random.below(fields.length + 1), 0, random.mostly(FIELDS, ODD_FIELDS));
  }
  for (const field of fields) text += field + end();
  return text + end() + body;
}

/** One answer, interim ones in front of it now and then. */
export function responseStream(random: Random): Buffer {
  const end = lineEnds(random);
  let text = "";
  while (random.chance(0.1)) {
    text += `HTTP/1.1 ${random.pick(["100 Continue", "103 Early Hints", "102 "])}\r\n`;
    text += random.pick(["", "Link: </a>\r\n", "Content-Length: 3\r\n"]);
    text += "\r\n";
  }
  text += random.mostly(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"], ["HTTP/1.9", "HTTP/2.0", "HTTP"]);
  text += random.mostly([" "], ["  ", "\t"], 0.01);
  text += random.mostly(
    ["200 OK", "200 ", "201", "404 Not \xff Found", "304 Not Modified", "204 No Content"],
    ["99 Low", "600 High", "20 OK", "2000 OK", "101 Switching", "+20 OK", "200 O\x01K"],
  );
  text += end();
  const { fields, body } = framed(random);
  for (let count = random.below(4); count > 0; count--) {
    fields.splice(random.below(fields.length + 1), 0, random.mostly(FIELDS, ODD_FIELDS));
  }
  for (const field of fields) text += field + end();
  return Buffer.from(text + end() + body, "latin1");
}

/** A body in chunks, and what may stand behind it. */
export function chunkedBody(random: Random): Buffer {
  return Buffer.from(chunks(random) + (random.chance(0.3) ? "GET / " : ""), "latin1");
}

function framed(random: Random): { fields: string[]; body: string } {
  const plan = random.below(20);
  if (plan < 8) return { fields: [], body: "" };
  const content = "x".repeat(random.pick([0, 1, 5, 5, 16, 100]));
  const length = (bytes: number): string => `Content-Length: ${bytes}`;
  if (plan < 13) return { fields: [length(content.length)], body: content };
  if (plan < 18) return { fields: ["Transfer-Encoding: chunked"], body: chunks(random) };
  // A length that is not the body's, and both framings at once.
  if (plan < 19) return { fields: [length(content.length + random.below(9) - 4)], body: content };
  return { fields: [length(5), "Transfer-Encoding: chunked"], body: chunks(random) };
}

function chunks(random: Random): string {
  const end = lineEnds(random);
  let text = "";
  for (let count = random.below(4); count > 0; count--) {
    const content = random.pick(["x", "hello", "\r\n0\r\n\r\n", "y".repeat(20), "GET / HTTP/1.1"]);
    let size = content.length.toString(16);
    if (random.chance(0.2)) size = size.toUpperCase().padStart(4, "0");
    size = random.mostly(
      [size],
      [`+${size}`, `0x${size}`, ` ${size}`, "", `${size}0`, "f".repeat(14)],
    );
    text += size + random.mostly(SIZE_SUFFIXES, ODD_SIZE_SUFFIXES, 0.02) + end() + content + end();
  }
  text += random.pick(["0", "0", "000", "0;z=1"]) + end();
  while (random.chance(0.15)) {
    text += random.mostly(["X-T: 1", "A:", "Content-Length: 9"], ["X T: 1", " X: 1", "X"], 0.1);
    text += end();
  }
  return text + end();
}

function lineEnds(random: Random): () => string {
  return () => random.mostly(LINE_ENDS, ODD_LINE_ENDS, 0.004);
}

/** What is worth being put anywhere into a message. */
const PIECES = [
  ...'\r|\n| |\t|\0|:|,|;|=|"|\\|/|?|%|#|*|0|1|5|9|a|F|_|-|+|.|\x0b|\x0c|\x7f|\x80|\xa0|\xff|[|@'.split(
    "|",
  ),
  "\r\n",
  "\r\n\r\n",
  "\n\n",
  "\r\n ",
  "0\r\n\r\n",
  "chunked",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "Host: a.test\r\n",
  "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\n",
  "%2e%2e",
  "%00",
];

/** A few bytes changed, put in, taken out, said twice, or the end of another message put on. */
export function mutated(random: Random, bytes: Buffer, other: Buffer): Buffer {
  let text = bytes.toString("latin1");
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(text.length + 1);
    const to = Math.min(text.length, at + 1 + random.below(random.chance(0.5) ? 2 : 20));
    const [before, range, behind] = [text.slice(0, at), text.slice(at, to), text.slice(to)];
    switch (random.below(6)) {
      case 0:
        text = before + String.fromCharCode(random.below(256)) + text.slice(at + 1);
        break;
      case 1:
        text = before + behind;
        break;
      case 2:
        text = before + range + range + behind;
        break;
      case 3:
        text = before + other.toString("latin1", random.below(other.length + 1));
        break;
      default:
        text = before + random.pick(PIECES) + text.slice(random.chance(0.5) ? at : to);
    }
  }
  return Buffer.from(text.slice(0, 8192), "latin1");
}

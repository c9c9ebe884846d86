/** Request heads against the table of what a proxy must do with odd ones; whole and split at every byte. */
import { expect, test } from "vitest";

import { latin1 } from "../../../dataplane/http/bytes.ts";
import { NEED_MORE } from "../../../dataplane/http/field-lines.ts";
import { RequestHead } from "../../../dataplane/http/request-head.ts";

const limits = { headBytesMax: 4096, targetBytesMax: 1024, fieldsMax: 16 };

/** Parses `text`, one character a byte, after having been shown every shorter part of it. */
function parse(text: string): { result: number; head: RequestHead; bytes: Buffer } {
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead(limits);
  const whole = head.parse(bytes, 0, bytes.length);
  for (let end = 1; end < bytes.length; end++) {
    const part = head.parse(bytes, 0, end);
    if (part === NEED_MORE) continue;
    // What is refused early is refused for the same reason; what is complete early needs no more.
    expect(part, `after ${end} bytes`).toBe(whole);
    if (part > 0) expect(part).toBeLessThanOrEqual(end);
  }
  return { result: head.parse(bytes, 0, bytes.length), head, bytes };
}

const get = (lines: string, line = "GET /a HTTP/1.1"): string =>
  `${line}\r\nHost: h\r\n${lines}\r\n`;

const refused: [what: string, head: string, status: number][] = [
  ["a request line ended by a bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400],
  ["a field line ended by a bare LF", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", 400],
  ["a bare CR in a value", get("A: b\rc\r\n"), 400],
  ["a bare CR as a line end", get("A: b\rB: c\r\n"), 400],
  ["a NUL in a value", get("A: b\0c\r\n"), 400],
  ["a control byte in a value", get("A: b\x01c\r\n"), 400],
  ["a DEL in a value", get("A: b\x7fc\r\n"), 400],
  ["a NUL in a name", get("A\0: b\r\n"), 400],
  ["two empty lines before the request line", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["a bare LF before the request line", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["a method that is no token", get("", "GE(T / HTTP/1.1"), 400],
  ["an empty method", get("", " / HTTP/1.1"), 400],
  ["a method of 33 bytes", get("", `${"M".repeat(33)} / HTTP/1.1`), 400],
  ["PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["two spaces behind the method", get("", "GET  / HTTP/1.1"), 400],
  ["two spaces behind the target", get("", "GET /  HTTP/1.1"), 400],
  ["a tab for a space", get("", "GET\t/ HTTP/1.1"), 400],
  ["a missing version", get("", "GET /"), 400],
  ["a space behind the version", get("", "GET / HTTP/1.1 "), 400],
  ["HTTP/1.10", get("", "GET / HTTP/1.10"), 400],
  ["http/1.1", get("", "GET / http/1.1"), 400],
  ["HTTP/0.9", get("", "GET / HTTP/0.9"), 400],
  ["HTTP/2.0", get("", "GET / HTTP/2.0"), 505],
  ["HTTP/3.1", get("", "GET / HTTP/3.1"), 505],
  ["a space in the target", get("", "GET /a b HTTP/1.1"), 400],
  ["a control byte in the target", get("", "GET /a\x01 HTTP/1.1"), 400],
  ["a raw byte of 0x80 in the target", get("", "GET /\x80 HTTP/1.1"), 400],
  ["a fragment", get("", "GET /a#b HTTP/1.1"), 400],
  ["a backslash", get("", "GET /a\\b HTTP/1.1"), 400],
  ["an asterisk with GET", get("", "GET * HTTP/1.1"), 400],
  ["a target without a slash", get("", "GET a HTTP/1.1"), 400],
  ["another scheme", get("", "GET ftp://h/ HTTP/1.1"), 400],
  ["an absolute form with another host", get("", "GET http://other/ HTTP/1.1"), 400],
  ["an absolute form with user information", get("", "GET http://u@h/ HTTP/1.1"), 400],
  ["an absolute form without a host", get("", "GET http:///a HTTP/1.1"), 400],
  ["CONNECT in its own form", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 405],
  ["CONNECT", get("", "CONNECT /a HTTP/1.1"), 405],
  ["TRACE", get("", "TRACE /a HTTP/1.1"), 405],
  ["TRACK", get("", "TRACK /a HTTP/1.1"), 405],
  ["no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400],
  ["two Hosts", get("Host: h\r\n"), 400],
  ["an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400],
  ["a Host with user information", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400],
  ["a Host with a path", "GET / HTTP/1.1\r\nHost: h/a\r\n\r\n", 400],
  ["a Host with a space", "GET / HTTP/1.1\r\nHost: h h\r\n\r\n", 400],
  ["a Host with a comma", "GET / HTTP/1.1\r\nHost: h,g\r\n\r\n", 400],
  ["a Host with a port of letters", "GET / HTTP/1.1\r\nHost: h:a\r\n\r\n", 400],
  ["a Host with a port of 65536", "GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n", 400],
  ["a Host with a bad IPv6 address", "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", 400],
  ["a Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400],
  ["a name with a space", get("A B: c\r\n"), 400],
  ["an empty name", get(": c\r\n"), 400],
  ["a space before the colon", get("A : c\r\n"), 400],
  ["a tab before the colon", get("A\t: c\r\n"), 400],
  ["a line without a colon", get("A\r\n"), 400],
  ["line folding", get("A: b\r\n c\r\n"), 400],
  ["line folding in the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400],
  ["a Content-Length with a sign", get("Content-Length: +5\r\n"), 400],
  ["a negative Content-Length", get("Content-Length: -5\r\n"), 400],
  ["a Content-Length with a space inside", get("Content-Length: 5 5\r\n"), 400],
  ["a hexadecimal Content-Length", get("Content-Length: 0x5\r\n"), 400],
  ["a Content-Length with an underscore", get("Content-Length: 5_0\r\n"), 400],
  ["a Content-Length with an exponent", get("Content-Length: 5e0\r\n"), 400],
  ["a list of equal Content-Lengths", get("Content-Length: 5, 5\r\n"), 400],
  ["two equal Content-Lengths", get("Content-Length: 5\r\nContent-Length: 5\r\n"), 400],
  ["a Content-Length beyond 2^53", get("Content-Length: 9007199254740993\r\n"), 400],
  ["a Content-Length of 40 digits", get(`Content-Length: ${"1".repeat(40)}\r\n`), 400],
  ["an empty Content-Length", get("Content-Length: \r\n"), 400],
  [
    "Content-Length and Transfer-Encoding",
    get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    400,
  ],
  ["an empty Transfer-Encoding", get("Transfer-Encoding: \r\n"), 400],
  ["identity", get("Transfer-Encoding: identity\r\n"), 400],
  ["chunked twice", get("Transfer-Encoding: chunked, chunked\r\n"), 400],
  ["an unknown coding before chunked", get("Transfer-Encoding: cow, chunked\r\n"), 400],
  ["xchunked", get("Transfer-Encoding: xchunked\r\n"), 400],
  ["chunked with a parameter", get("Transfer-Encoding: chunked;q=1\r\n"), 400],
  ["quoted chunked", get('Transfer-Encoding: "chunked"\r\n'), 400],
  ["chunked with a leading comma", get("Transfer-Encoding: ,chunked\r\n"), 400],
  ["chunked with a trailing comma", get("Transfer-Encoding: chunked,\r\n"), 400],
  ["chunked with a vertical tab", get("Transfer-Encoding: \x0bchunked\r\n"), 400],
  ["chunked with a no-break space", get("Transfer-Encoding: \xa0chunked\r\n"), 400],
  [
    "two Transfer-Encodings",
    get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    400,
  ],
  ["gzip before chunked", get("Transfer-Encoding: gzip, chunked\r\n"), 501],
  [
    "Transfer-Encoding in HTTP/1.0",
    "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
  ],
  ["Content_Length", get("Content_Length: 5\r\n"), 400],
  ["Transfer_Encoding", get("Transfer_Encoding: chunked\r\n"), 400],
  ["X_Forwarded_For", get("X_Forwarded_For: 1.2.3.4\r\n"), 400],
  ["an expectation that is not 100-continue", get("Expect: 200-ok\r\n"), 417],
  ["two expectations", get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417],
  ["a Connection that is no list of tokens", get("Connection: a b\r\n"), 400],
  ["a target over its limit", get("", `GET /${"a".repeat(1024)} HTTP/1.1`), 414],
  ["a head over its limit", get(`A: ${"a".repeat(4096)}\r\n`), 431],
  ["more fields than the limit", get("A: b\r\n".repeat(16)), 431],
];

test.each(refused)("%s is refused", (_, text, status) => {
  expect(parse(text).result).toBe(-status);
});

const accepted: [what: string, head: string, expected: Partial<RequestHead>][] = [
  ["an unknown method in lower case", get("", "brew /pot HTTP/1.1"), { minor: 1, keepAlive: true }],
  ["one empty line before the request", `\r\n${get("")}`, {}],
  ["HTTP/1.0, which closes", get("", "GET / HTTP/1.0"), { minor: 0, keepAlive: false }],
  ["HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", { hostStart: 0, hostEnd: 0 }],
  [
    "HTTP/1.0 with keep-alive",
    get("Connection: Keep-Alive\r\n", "GET / HTTP/1.0"),
    { keepAlive: true },
  ],
  ["Connection: close", get("Connection: x, Close\r\n"), { keepAlive: false }],
  ["a Content-Length with leading zeros", get("Content-Length: 005\r\n"), { contentLength: 5 }],
  ["Chunked in any case", get("Transfer-Encoding:  Chunked \r\n"), { isChunked: true }],
  ["a value of bytes from 0x80", get("A: \xe9\xff\r\n"), {}],
  ["an empty value", get("A:\r\nB: \t \r\n"), {}],
  ["__proto__ as a name", get("__proto__: a\r\nconstructor: b\r\n"), {}],
  ["OPTIONS *", get("", "OPTIONS * HTTP/1.1"), { isAsterisk: true }],
  ["an expectation", get("Expect: 100-Continue\r\n"), { expectsContinue: true }],
  ["HEAD", get("", "HEAD / HTTP/1.1"), { isHead: true, isRepeatable: true }],
  ["POST", get("", "POST / HTTP/1.1"), { isHead: false, isRepeatable: false }],
];

test.each(accepted)("%s is accepted", (_, text, expected) => {
  const { result, head } = parse(text);
  expect(result).toBe(text.length);
  expect(head).toMatchObject(expected);
});

test.each([
  ["h.example", "h.example"],
  ["h.example:8080", "h.example"],
  ["h.example.", "h.example"],
  ["h.example.:80", "h.example"],
  ["h:", "h"],
  ["[::1]:5500", "[::1]"],
  ["[2001:db8::1]", "[2001:db8::1]"],
  ["127.0.0.1:65535", "127.0.0.1"],
])("the host of %s is %s", (field, host) => {
  const { result, head, bytes } = parse(`GET / HTTP/1.1\r\nHost: ${field}\r\n\r\n`);
  expect(result).toBeGreaterThan(0);
  expect(latin1(bytes, head.hostStart, head.hostEnd)).toBe(host);
  expect(latin1(bytes, head.authorityStart, head.authorityEnd)).toBe(field);
});

test.each([
  ["/a/b?c=d?e", "/a/b", "?c=d?e"],
  ["/?", "/", "?"],
  ["http://H/a?b", "/a", "?b"],
  ["http://h", "", ""],
  ["http://h?q", "", "?q"],
  ["/a;b=c", "/a;b=c", ""],
])("the target %s has the path %s and the query %s", (target, path, query) => {
  const { head, bytes } = parse(get("", `GET ${target} HTTP/1.1`));
  expect(latin1(bytes, head.pathStart, head.pathEnd)).toBe(path);
  expect(latin1(bytes, head.pathEnd, head.queryEnd)).toBe(query);
});

test("limits hold to the byte", () => {
  const target = (length: number): string => get("", `GET /${"a".repeat(length - 1)} HTTP/1.1`);
  expect(parse(target(1023)).result).toBeGreaterThan(0);
  expect(parse(target(1024)).result).toBeGreaterThan(0);
  expect(parse(target(1025)).result).toBe(-414);
  const head = (length: number): string =>
    get(`A: ${"a".repeat(length - get("A: \r\n").length)}\r\n`);
  expect(parse(head(4095)).result).toBe(4095);
  expect(parse(head(4096)).result).toBe(4096);
  expect(parse(head(4097)).result).toBe(-431);
  const fields = (count: number): string => get("A: b\r\n".repeat(count - 1));
  expect(parse(fields(15)).result).toBeGreaterThan(0);
  expect(parse(fields(16)).result).toBeGreaterThan(0);
  expect(parse(fields(17)).result).toBe(-431);
});

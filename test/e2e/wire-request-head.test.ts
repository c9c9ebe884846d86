// http-behaviour.md, "Request head": every row of the table, on the wire, cut at every byte.

import { test } from "vitest";

import { expectRows, type WireRow } from "../harness/wire-rows.ts";

const HOST = "Host: a.test\r\n";
const post = (lines: string, body: string): string =>
  `POST / HTTP/1.1\r\n${HOST}${lines}\r\n${body}`;
const get = (lines: string): string => `GET / HTTP/1.1\r\n${HOST}${lines}\r\n`;
const line = (text: string): string => `${text}\r\n${HOST}\r\n`;
const host = (value: string): string => `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`;
const BAD = "400 close";

test("lines end with CRLF and hold no control bytes", async () => {
  await expectRows([
    ["a bare LF behind the request line", `GET / HTTP/1.1\n${HOST}\r\n`, BAD],
    ["a bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", BAD],
    ["a bare LF as the empty line", `GET / HTTP/1.1\r\n${HOST}\n`, BAD],
    ["a bare CR in a value", get("A: b\rc\r\n"), BAD],
    ["a bare CR behind the request line", `GET / HTTP/1.1\r${HOST}\r\n`, BAD],
    ["a bare CR as the empty line", `GET / HTTP/1.1\r\n${HOST}\rX`, BAD],
    ["a NUL in the target", line("GET /\0 HTTP/1.1"), BAD],
    ["a NUL in a name", get("A\0: b\r\n"), BAD],
    ["a NUL in a value", get("A: \0\r\n"), BAD],
    ["a control byte in a value", get("A: \x0b\r\n"), BAD],
    ["DEL in a value", get("A: \x7f\r\n"), BAD],
    ["one empty line in front", `\r\n${get("")}`, "GET /"],
    ["two empty lines in front", `\r\n\r\n${get("")}`, BAD],
    ["a bare LF in front", `\n${get("")}`, BAD],
  ]);
});

test("the request line has three parts, one space between them", async () => {
  await expectRows([
    ["no method", line(" / HTTP/1.1"), BAD],
    ["a method that is no token", line("G(T / HTTP/1.1"), BAD],
    ["a method of 33 bytes", line(`${"G".repeat(33)} / HTTP/1.1`), BAD],
    ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD],
    ["PRI on its own", line("PRI / HTTP/1.1"), BAD],
    ["another method", line("PURGE / HTTP/1.1"), "PURGE /"],
    ["two spaces behind the method", line("GET  / HTTP/1.1"), BAD],
    ["two spaces behind the target", line("GET /  HTTP/1.1"), BAD],
    ["a space behind the version", line("GET / HTTP/1.1 "), BAD],
    ["a tab", line("GET\t/ HTTP/1.1"), BAD],
    ["no version", line("GET /"), BAD],
    ["HTTP/1.10", line("GET / HTTP/1.10"), BAD],
    ["http/1.1", line("GET / http/1.1"), BAD],
    ["HTTP/0.9", line("GET / HTTP/0.9"), BAD],
    ["HTTP/1", line("GET / HTTP/1"), BAD],
    ["HTTP/2.0", line("GET / HTTP/2.0"), "505 close"],
    ["HTTP/3.0", line("GET / HTTP/3.0"), "505 close"],
    ["HTTP/1.2, which is served as 1.1", line("GET / HTTP/1.2"), "GET /"],
    ["HTTP/1.0", line("GET / HTTP/1.0"), "GET / close"],
    ["HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET / close"],
    ["HTTP/1.0 kept alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /"],
    ["CONNECT", "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", "405 close"],
    ["TRACE", line("TRACE / HTTP/1.1"), "405 close"],
    ["TRACK", line("TRACK / HTTP/1.1"), "405 close"],
  ]);
});

test("the target is a path, an absolute URL or the asterisk of OPTIONS", async () => {
  const absolute = (target: string, fields = HOST): string =>
    `GET ${target} HTTP/1.1\r\n${fields}\r\n`;
  await expectRows([
    ["a space", line("GET /a b HTTP/1.1"), BAD],
    ["a control byte", line("GET /\x01 HTTP/1.1"), BAD],
    ["a raw byte of 0x80", line("GET /\x80 HTTP/1.1"), BAD],
    ["a fragment", line("GET /#a HTTP/1.1"), BAD],
    ["a backslash", line("GET /\\ HTTP/1.1"), BAD],
    ["no slash", line("GET a HTTP/1.1"), BAD],
    ["an authority", line("GET a.test:80 HTTP/1.1"), BAD],
    ["the asterisk with GET", line("GET * HTTP/1.1"), BAD],
    ["the asterisk with OPTIONS", line("OPTIONS * HTTP/1.1"), "204"],
    ["what browsers leave as it is", line('GET /"<>^`{|} HTTP/1.1'), 'GET /"<>^`{|}'],
    ["a foreign scheme", absolute("ftp://a.test/"), BAD],
    ["an absolute URL", absolute("http://a.test/x?y"), "GET /x?y"],
    ["one of https, in capitals", absolute("HTTPS://A.TEST/x"), "GET /x"],
    ["one without a path", absolute("http://a.test"), "GET /"],
    ["one without a path, with a query", absolute("http://a.test?q"), "GET /?q"],
    ["one of another host", absolute("http://b.test/"), BAD],
    ["one of another port", absolute("http://a.test:81/"), BAD],
    ["one with user information", absolute("http://u@a.test/", "Host: u@a.test\r\n"), BAD],
    ["one without a host", absolute("http:///x"), BAD],
    ["one without Host beside it", absolute("http://a.test/", ""), BAD],
  ]);
});

test("Host stands once and is a host with or without a port", async () => {
  await expectRows([
    ["no Host", "GET / HTTP/1.1\r\n\r\n", BAD],
    ["two, equal", get(HOST), BAD],
    ["two, one empty", get("Host:\r\n"), BAD],
    ["empty", host(""), BAD],
    ["user information", host("u@a.test"), BAD],
    ["a path", host("a.test/x"), BAD],
    ["a space", host("a b"), BAD],
    ["a comma", host("a,b"), BAD],
    ["a port of letters", host("a:b"), BAD],
    ["a port too large", host("a:65536"), BAD],
    ["a port with a sign", host("a:+80"), BAD],
    ["two ports", host("a:80:80"), BAD],
    ["a percent-encoding", host("a%2e"), BAD],
    ["a byte of 0x80", host("a\x80"), BAD],
    ["an address that is none", host("[::g]"), BAD],
    ["an open bracket", host("[::1"), BAD],
    ["an empty bracket", host("[]"), BAD],
    ["IPv6 without brackets", host("::1"), BAD],
    ["IPv4 in brackets", host("[127.0.0.1]"), BAD],
    ["a zone", host("[fe80::1%eth0]"), BAD],
    ["an encoded zone", host("[::1%25eth0]:80"), BAD],
    ["something behind the bracket", host("[::1]a"), BAD],
    ["IPv6 with a port", host("[::1]:80"), "GET /"],
    ["an empty port", host("a:"), "GET /"],
    ["a dot at its end", host("a.test."), "GET /"],
  ]);
});

test("fields have a token for a name and a value without control bytes", async () => {
  await expectRows([
    ["an empty name", get(": a\r\n"), BAD],
    ["a name that is no token", get("A(: b\r\n"), BAD],
    ["a name with a space in it", get("A B: c\r\n"), BAD],
    ["a name with a byte of 0x80", get("A\x80: b\r\n"), BAD],
    ["a space in front of the colon", get("A : b\r\n"), BAD],
    ["a tab in front of the colon", get("A\t: b\r\n"), BAD],
    ["no colon", get("A\r\n"), BAD],
    ["folding by a space", get("A: b\r\n c\r\n"), BAD],
    ["folding by a tab", get("A: b\r\n\tc\r\n"), BAD],
    ["folding of nothing", get("A:\r\n \r\n"), BAD],
    ["a space in front of the first field", `GET / HTTP/1.1\r\n ${HOST}\r\n`, BAD],
    ["white space around a value", get("A: \t b\tc \t\r\n"), "GET /; A: b\tc"],
    ["a value of white space", get("A: \t \r\n"), "GET /; A: "],
    ["bytes from 0x80", get("A: \x80\xa0\xff\r\n"), "GET /; A: \x80\xa0\xff"],
    [
      "plain data",
      get("__proto__: 1\r\nconstructor: 2\r\n"),
      "GET /; __proto__: 1; constructor: 2",
    ],
    ["order, case and twins", get("b: 1\r\nA: 2\r\nB: 3\r\n"), "GET /; b: 1; A: 2; B: 3"],
    ["cookies", get("Cookie: a=1\r\nCookie: b=2\r\n"), "GET /; Cookie: a=1; Cookie: b=2"],
  ]);
});

test("names with an underscore that equal a field of the framing or the way are refused", async () => {
  const names = ["Content_Length", "Transfer_Encoding", "X_Forwarded_For", "X-Forwarded_Host"];
  const rows = [...names, "X_FORWARDED_PROTO", "Proxy_Authorization", "Keep_Alive"].map(
    (name): WireRow => [name, get(`${name}: 5\r\n`), BAD],
  );
  await expectRows([
    ...rows,
    ["another name with one", get("X_A: 5\r\n"), "GET /; X_A: 5"],
    ["a parameter's, which is dropped", get("X_Param_id: 5\r\n"), "GET /"],
  ]);
});

const DISGUISED = ["Content_Length", "Transfer_Encoding", "X_Forwarded_For", "X-Forwarded_Host"];
const MORE_DISGUISED = ["X_FORWARDED_PROTO", "Proxy_Authorization", "Keep_Alive", "X_Request_Id"];

test("they are taken away where a setting says so", async () => {
  await expectRows(
    [
      ...[...DISGUISED, ...MORE_DISGUISED].map((name): WireRow => {
        return [name, get(`A: 1\r\n${name}: 5\r\nB: 2\r\n`), "GET /; A: 1; B: 2"];
      }),
      [
        "beside the true one",
        post("Content_Length: 9\r\nContent-Length: 2\r\n", "hi"),
        "POST /; =hi",
      ],
      ["another name with one", get("X_A: 5\r\n"), "GET /; X_A: 5"],
      ["a parameter's", get("X_Param_id: 5\r\n"), "GET /"],
    ],
    {},
    { underscores: "drop" },
  );
});

test("they are fields as any other where a setting allows them", async () => {
  await expectRows(
    [
      ...[...DISGUISED, ...MORE_DISGUISED].map((name): WireRow => {
        return [name, get(`A: 1\r\n${name}: 5\r\nB: 2\r\n`), `GET /; A: 1; ${name}: 5; B: 2`];
      }),
      [
        "beside the true one",
        post("Content_Length: 9\r\nContent-Length: 2\r\n", "hi"),
        "POST /; Content_Length: 9; =hi",
      ],
      ["one that Connection names", get("Connection: Keep_Alive\r\nKeep_Alive: 5\r\n"), "GET /"],
      ["a parameter's, which only Balto writes", get("X_Param_id: 5\r\n"), "GET /"],
    ],
    {},
    { underscores: "allow" },
  );
});

test("Connection takes away what it names, and not what others rely on", async () => {
  const kept = "Authorization: a\r\nCookie: b\r\n";
  await expectRows([
    ["close", get("Connection: close\r\n"), "GET / close"],
    ["close among others", get("Connection: x , CLOSE,\r\n"), "GET / close"],
    ["close and keep-alive", get("Connection: close, keep-alive\r\n"), "GET / close"],
    ["keep-alive", get("Connection: keep-alive\r\n"), "GET /"],
    ["keep_alive is another word", get("Connection: keep_alive\r\n"), "GET /"],
    [
      "it is not in HTTP/1.0 either",
      "GET / HTTP/1.0\r\nConnection: keep_alive\r\n\r\n",
      "GET / close",
    ],
    ["a field", get("Connection: x-a\r\nX-A: 1\r\nX-B: 2\r\n"), "GET /; X-B: 2"],
    ["a field behind it in front", get("X-A: 1\r\nConnection: X-A\r\n"), "GET /"],
    [
      "what others rely on",
      get(`Connection: Host, Cookie, Authorization\r\n${kept}`),
      "GET /; Authorization: a; Cookie: b",
    ],
    [
      "the framing",
      get("Connection: Content-Length\r\nContent-Length: 2\r\n") + "hi",
      "GET /; =hi",
    ],
    ["no list of tokens", get("Connection: a b\r\n"), BAD],
    ["33 names", get(`Connection: ${"a,".repeat(33)}\r\n`), BAD],
  ]);
});

test("hop-by-hop fields end here", async () => {
  const fields = ["Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization"];
  const more = ["TE", "Trailer", "HTTP2-Settings"];
  await expectRows([
    ...[...fields, ...more].map((name): WireRow => [name, get(`${name}: x\r\n`), "GET /"]),
    ["TE: trailers, as trailers are dropped", get("TE: trailers\r\n"), "GET /"],
    [
      "h2c",
      get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
      "GET /",
    ],
  ]);
});

test("Expect is 100-continue, once", async () => {
  await expectRows([
    ["another expectation", get("Expect: tea\r\n"), "417 close"],
    ["an empty one", get("Expect:\r\n"), "417 close"],
    ["100_continue", get("Expect: 100_continue\r\n"), "417 close"],
    ["a list", get("Expect: 100-continue, 100-continue\r\n"), "417 close"],
    ["twice", get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), "417 close"],
    ["once", get("Expect: 100-Continue\r\n"), "GET /; Expect: 100-continue"],
    [
      "in HTTP/1.0, where it means nothing",
      "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
      "GET / close",
    ],
  ]);
});

test("Max-Forwards counts down the way of OPTIONS, and of nothing else", async () => {
  const options = (lines: string): string => `OPTIONS / HTTP/1.1\r\n${HOST}${lines}\r\n`;
  await expectRows([
    ["none left", options("Max-Forwards: 0\r\n"), "204"],
    ["some left", options("Max-Forwards: 10\r\n"), "OPTIONS /; Max-Forwards: 9"],
    ["no number", options("Max-Forwards: x\r\n"), BAD],
    ["twice", options("Max-Forwards: 1\r\nMax-Forwards: 1\r\n"), BAD],
    ["of GET", get("Max-Forwards: 0\r\n"), "GET /; Max-Forwards: 0"],
  ]);
});

const via = (...values: string[]): string =>
  get(values.map((value) => `Via: ${value}\r\n`).join(""));

test("Via is passed as it came where Balto has no name of its own", async () => {
  await expectRows([
    ["one", via("1.1 a, 1.0 b (c, d)"), "GET /; Via: 1.1 a, 1.0 b (c, d)"],
    ["two", via("1.1 a", "1.1 a", "1.1 a", "1.1 a"), `GET /${"; Via: 1.1 a".repeat(4)}`],
    ["one that Connection names", get("Connection: Via\r\nVia: 1.1 a\r\n"), "GET /; Via: 1.1 a"],
  ]);
});

test("Via gets Balto's name, and a request that names it more often than it may is a loop", async () => {
  const own = "Via: 1.1 edge";
  await expectRows(
    [
      ["none", get(""), `GET /; ${own}`],
      ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET /; Via: 1.0 edge close"],
      ["another's", via("1.1 a"), `GET /; Via: 1.1 a; ${own}`],
      [
        "one that Connection names",
        get("Connection: Via\r\nVia: 1.1 a\r\n"),
        `GET /; Via: 1.1 a; ${own}`,
      ],
      ["twice", via("1.1 edge, 1.1 a, 1.0 EDGE"), `GET /; Via: 1.1 edge, 1.1 a, 1.0 EDGE; ${own}`],
      ["three times", via("1.1 edge, 1.1 edge,1.1 edge"), "508"],
      [
        "three times in three fields",
        via("1.1 edge", "1.1 a", "1.1 edge", "HTTP/1.1\tEdge"),
        "508",
      ],
      ["with comments", via("1.1 edge (a, b), 1.1 edge(\\), () c), 1.1 edge"), "508"],
      [
        "in comments and in other names",
        via("1.1 a (1.1 edge, 1.1 edge), 1.1 edges, 1.1 my-edge, edge, 1.1 edge"),
        `GET /; Via: 1.1 a (1.1 edge, 1.1 edge), 1.1 edges, 1.1 my-edge, edge, 1.1 edge; ${own}`,
      ],
      [
        "with a body",
        `${post("Via: 1.1 edge,1.1 edge,1.1 edge\r\nContent-Length: 2\r\n", "hi")}`,
        "508",
      ],
      ["a probe", via("1.1 edge, 1.1 edge, 1.1 edge").replace("/", "/health"), "200"],
    ],
    {},
    { via: "edge", limits: { viaHopsMax: 2 } },
  );
});

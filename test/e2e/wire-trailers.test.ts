// http-behaviour.md, "Bodies", trailers: passed on where a setting says so, on the wire, cut at every
// byte. That they are dropped where none does is wire-bodies.test.ts's.

import { expect, test } from "vitest";

import { type AnswerRow, expectAnswers } from "../harness/answer-rows.ts";
import { serving } from "../harness/artifact.ts";
import { inOrder, RETRY_ALL } from "../harness/bad-backends.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import type { Field } from "../harness/message.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { expectRows, type WireRow } from "../harness/wire-rows.ts";

const settings = { forwardTrailers: true };
const section = (trailers: string): string => `2\r\nhi\r\n0\r\n${trailers}\r\n`;
const post = (trailers: string, lines = ""): string =>
  `POST / HTTP/1.1\r\nHost: a.test\r\n${lines}Transfer-Encoding: chunked\r\n\r\n${section(trailers)}`;
const DROPPED = `
  Content-Length Transfer-Encoding Host Connection TE Trailer Upgrade X-Forwarded-For
  X-Forwarded-Other Forwarded Via X-Param-id X-Request-Id Authorization Cookie
  Proxy-Authorization Keep-Alive Set-Cookie Expect Content-Type Content-Encoding
  Content-Range Cache-Control Range If-Match Content_Length X_Forwarded_For
  transfer_encoding x_param_id content-LENGTH
`
  .trim()
  .split(/\s+/);

test("a request's trailers go to the backend, but for those that a head must hold", async () => {
  const all = DROPPED.map((name) => `${name}: 1\r\n`).join("");
  await expectRows(
    [
      ["one", post("X-Sum: a\r\n"), "POST /; =hi; +X-Sum: a"],
      ["none", post(""), "POST /; =hi"],
      [
        "order, case and twins",
        post("b: 1\r\nA: 2\r\nB: 3\r\n"),
        "POST /; =hi; +b: 1; +A: 2; +B: 3",
      ],
      ["white space", post("A: \t b\tc \r\nB:\r\n"), "POST /; =hi; +A: b\tc; +B: "],
      ["bytes from 0x80", post("A: \x80\xff\r\n"), "POST /; =hi; +A: \x80\xff"],
      ["only others", post(all), "POST /; =hi"],
      ["others between", post(`A: 1\r\n${all}B: 2\r\n`), "POST /; =hi; +A: 1; +B: 2"],
      [
        "announced",
        post("A: 1\r\n", "Trailer: A, Content-Length\r\n"),
        "POST /; Trailer: A, Content-Length; =hi; +A: 1",
      ],
      [
        "named by Connection",
        post("x-a: 1\r\nX-B: 2\r\n", "Connection: X-A\r\n"),
        "POST /; =hi; +X-B: 2",
      ],
      ["without content", post("A: 1\r\n").replace("2\r\nhi\r\n", ""), "POST /; +A: 1"],
      [
        "an answer's, which the client takes",
        post("A: 1\r\n", "TE: deflate;q=0.5 , Trailers\r\n"),
        "POST /; Connection: TE; TE: trailers; =hi; +A: 1",
      ],
      ["TE without them", post("", "TE: deflate, xtrailers, trailers;q=1\r\n"), "POST /; =hi"],
      [
        "announced without a chunked body",
        "GET / HTTP/1.1\r\nHost: a\r\nTrailer: A\r\n\r\n",
        "GET /",
      ],
      ["TE of HTTP/1.0", "GET / HTTP/1.0\r\nTE: trailers\r\n\r\n", "GET / close"],
    ],
    {},
    settings,
  );
});

test("a request's trailers are fields: what is none is refused", async () => {
  const rows: WireRow[] = [
    ["no colon", post("A\r\n"), "400 close"],
    ["no name", post(": a\r\n"), "400 close"],
    ["a space in front of the colon", post("A : b\r\n"), "400 close"],
    ["folding", post("A: b\r\n c\r\n"), "400 close"],
    ["a control byte", post("A: \x01\r\n"), "400 close"],
    ["a bare LF", post("A: b\n"), "400 close"],
    ["a bare CR", post("A: b\rc\r\n"), "400 close"],
    ["more fields than a head may have", post("A: 1\r\n".repeat(9)), "400 close"],
    ["as many", post("A: 1\r\n".repeat(8)), `POST /; =hi${"; +A: 1".repeat(8)}`],
  ];
  await expectRows(rows, {}, { ...settings, limits: { fieldsMax: 8 } });
});

const coded = (trailers: string, lines = ""): string =>
  `HTTP/1.1 200 OK\r\n${lines}Transfer-Encoding: chunked\r\n\r\n${section(trailers)}`;
const ANSWERS: readonly [what: string, bytes: string, trailers: string][] = [
  ["one", coded("X-Sum: a\r\n", "Trailer: X-Sum\r\n"), "; +X-Sum: a"],
  ["none", coded(""), ""],
  ["others", coded(DROPPED.map((name) => `${name}: 1\r\n`).join("")), ""],
  ["what Connection names", coded("A: 1\r\nB: 2\r\n", "Connection: a\r\n"), "; +B: 2"],
  ["without content", coded("A: 1\r\n").replace("2\r\nhi\r\n", ""), "; +A: 1"],
];
const statusOf = (bytes: string): string => (bytes.includes("\r\nhi\r\n") ? "200 hi" : "200");

test("an answer's trailers go to a client that says that it takes them", async () => {
  await expectAnswers(
    ANSWERS.map(([what, bytes, trailers]): AnswerRow => {
      return [what, bytes, statusOf(bytes) + trailers, "kept"];
    }),
    { settings, fields: ["TE: trailers"] },
  );
});

test("to every other client an answer goes without", async () => {
  const rows = ANSWERS.map(([what, bytes]): AnswerRow => [what, bytes, statusOf(bytes), "kept"]);
  await expectAnswers(rows, { settings });
  await expectAnswers(rows, { settings, fields: ["TE: gzip"] });
  await expectAnswers(rows, { fields: ["TE: trailers"] });
});

test("Trailer is passed on with the trailers, and TE with Connection", async () => {
  const seen: (string | undefined)[][] = [];
  const origin = await startRawOrigin(async (peer) => {
    for (;;) {
      const request = await peer.request();
      if (request === undefined) return;
      seen.push([request.field("te"), request.field("connection")]);
      await peer.send(coded("A: 1\r\n", "Trailer: A\r\n"));
    }
  });
  const balto = await start(serving({ to: origin }, settings));
  const client = await Client.to(balto.port);
  client.post(requestBytes("GET /", ["TE: trailers", "Connection: TE"]));
  const trailers: Field[] = [];
  const answer = await client.answer({ trailers });
  expect([answer.field("trailer"), answer.text, trailers]).toEqual(["A", "hi", [["A", "1"]]]);
  const without = await client.ask("GET /");
  expect([without.field("trailer"), without.text]).toEqual([undefined, "hi"]);
  const old = await Client.to(balto.port);
  old.post("GET / HTTP/1.0\r\nTE: trailers\r\n\r\n");
  const closed = await old.answer();
  expect([closed.framing.kind, closed.field("trailer"), closed.text]).toEqual([
    "close",
    undefined,
    "hi",
  ]);
  expect(seen).toEqual([
    ["trailers", "TE"],
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

test("a request that is sent again is sent with its trailers", async () => {
  const bad = await startRawOrigin(async (peer) => {
    await peer.request(undefined, []);
    peer.reset();
  });
  const trailers: Field[] = [];
  const good = await startRawOrigin(async (peer) => {
    const request = await peer.request(undefined, trailers);
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${request!.body.toString()}`);
  });
  const retry = { ...RETRY_ALL, unsafe: true };
  const balto = await start(serving({ to: inOrder(bad, good), retry }, settings));
  const client = await Client.to(balto.port);
  client.post(post("A: 1\r\nHost: b\r\n"));
  const answer = await client.answer();
  expect([answer.status, answer.text, trailers]).toEqual([200, "hi", [["A", "1"]]]);
});

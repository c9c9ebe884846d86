// The fields and framing a client gets of a backend's answer; http-behaviour.md, "Upstream answers".

import { expect, test } from "vitest";

import { serving, type SettingOverrides } from "../harness/artifact.ts";
import { type Answer, Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { type OriginPeer, startRawOrigin } from "../harness/raw-origin.ts";

/** What the backend says to the request for `/<index>`, byte for byte. */
async function startSaying(
  answers: readonly (string | Buffer)[],
  ends = false,
  settings: SettingOverrides = {},
) {
  const origin = await startRawOrigin(async (peer: OriginPeer) => {
    for (;;) {
      const request = await peer.request();
      if (request === undefined) return;
      const index = Number(/\/(\d+)/.exec(request.requestLine)![1]);
      await peer.send(answers[index]!);
      if (ends) peer.end();
    }
  });
  return { origin, balto: await start(serving({ to: origin }, settings)) };
}

async function answerTo(port: number, line: string): Promise<Answer> {
  const client = await Client.to(port);
  const answer = await client.ask(line);
  client.close();
  return answer;
}

const EMPTY = "Content-Length: 0\r\n\r\n";

test("hop-by-hop fields and those that the answer's Connection names end here", async () => {
  const { balto } = await startSaying([
    [
      "HTTP/1.1 200 Fine",
      "Connection: X-Hop, keep-alive",
      "X-Hop: 1",
      "Keep-Alive: timeout=60",
      "Proxy-Authenticate: Basic",
      "Upgrade: h2c",
      "Trailer: X-Sum",
      "x-kept:  a ",
      "Set-Cookie: a=1",
      "Set-Cookie: b=2",
      "Date: Thu, 01 Jan 1970 00:00:00 GMT",
      "Server: origin",
      EMPTY,
    ].join("\r\n"),
  ]);
  const answer = await answerTo(balto.port, "GET /0");
  expect([answer.status, answer.reason]).toEqual([200, "Fine"]);
  expect(answer.fields).toEqual([
    ["x-kept", "a"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
    ["Date", "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["Server", "origin"],
    ["X-Request-Id", expect.stringMatching(/^[0-9a-f]{32}$/)],
    ["Content-Length", "0"],
  ]);
});

test("Connection cannot remove Set-Cookie's or the framing's meaning", async () => {
  const { balto } = await startSaying([
    "HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nhi",
  ]);
  expect(await answerTo(balto.port, "GET /0")).toMatchObject({ text: "hi" });
});

test("an answer without Date gets one", async () => {
  const { balto } = await startSaying([`HTTP/1.1 200 OK\r\n${EMPTY}`]);
  const date = (await answerTo(balto.port, "GET /0")).field("date");
  expect(Math.abs(Date.parse(date!) - Date.now())).toBeLessThan(60_000);
});

test("any status and reason is passed on as it came", async () => {
  const lines = ["200 ", "201 Created", "299 \xfcml\xe4ut", "418 I'm a teapot", "599 Odd", "404"];
  const { balto } = await startSaying(lines.map((line) => `HTTP/1.1 ${line}\r\n${EMPTY}`));
  for (const [index, line] of lines.entries()) {
    const answer = await answerTo(balto.port, `GET /${index}`);
    expect(`${answer.status} ${answer.reason}`.trim()).toBe(line.trim());
  }
});

test("an answer by length stays one, a chunked one stays chunked, and neither closes the connection", async () => {
  const { balto } = await startSaying([
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-T: 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n0005\r\nhello\r\n000\r\n\r\n",
  ]);
  const client = await Client.to(balto.port);
  const framings: unknown[] = [];
  for (const path of [0, 1, 2, 0]) {
    const answer = await client.ask(`GET /${path}`);
    expect(answer.text).toBe("hello");
    expect(answer.field("connection")).toBeUndefined();
    framings.push(answer.framing.kind);
  }
  expect(framings).toEqual(["length", "chunked", "chunked", "length"]);
});

test("an answer that ends with its connection is chunked for HTTP/1.1 and closes for HTTP/1.0", async () => {
  const bytes = "HTTP/1.1 200 OK\r\n\r\nhello";
  const { balto } = await startSaying([bytes], true);
  const modern = await Client.to(balto.port);
  for (let round = 0; round < 2; round++) {
    expect(await modern.ask("GET /0")).toMatchObject({
      text: "hello",
      framing: { kind: "chunked" },
    });
  }
  const old = await Client.to(balto.port);
  const answer = await old.ask("GET /0 HTTP/1.0", ["Connection: keep-alive"]);
  expect(answer).toMatchObject({ text: "hello", framing: { kind: "close" } });
  expect(answer.field("connection")).toBe("close");
  expect(old.ending).toBe("fin");
});

test("HEAD, 204 and 304 have no body and keep their length", async () => {
  const { balto } = await startSaying([
    "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
  ]);
  const client = await Client.to(balto.port);
  const head = await client.ask("HEAD /0");
  expect([head.status, head.field("content-length"), head.text]).toEqual([200, "500", ""]);
  expect((await client.ask("HEAD /1")).text).toBe("");
  expect((await client.ask("GET /2")).fields.map(([name]) => name)).toEqual([
    "X-Request-Id",
    "Date",
  ]);
  const unchanged = await client.ask("GET /3");
  expect([unchanged.status, unchanged.field("content-length")]).toEqual([304, "500"]);
  expect((await client.ask("HEAD /4")).text).toBe("");
  expect((await client.ask("HEAD /0")).status).toBe(200);
});

test("body bytes where there can be no body reach nobody, and end the backend's connection", async () => {
  const bodies: [line: string, answer: string][] = [
    ["HEAD /0", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    ["GET /1", "HTTP/1.1 204 No Content\r\n\r\nhello"],
    ["GET /2", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"],
    ["GET /3", `HTTP/1.1 200 OK\r\n${EMPTY}HTTP/1.1 200 OK\r\nX-Evil: 1\r\n${EMPTY}`],
    ["GET /4", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n"],
    ["GET /5", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nevil"],
  ];
  const { origin, balto } = await startSaying(bodies.map(([, answer]) => answer));
  const client = await Client.to(balto.port);
  for (const [index, [line]] of bodies.entries()) {
    const answer = await client.ask(line);
    expect(answer.field("x-evil")).toBeUndefined();
    expect(["", "hi"]).toContain(answer.text);
    expect((await origin.peer(index)).index).toBe(index);
    await (await origin.peer(index)).rest();
  }
  expect(origin.peers.length).toBe(bodies.length);
});

test("HTTP/1.0 clients are closed, or kept where they ask for it and the length is known", async () => {
  const { balto } = await startSaying(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]);
  const closed = await Client.to(balto.port);
  const first = await closed.ask("GET /0 HTTP/1.0");
  expect([first.text, first.field("connection")]).toEqual(["hello", "close"]);
  expect(await closed.rest()).toMatchObject({ bytes: Buffer.alloc(0), ending: "fin" });

  const kept = await Client.to(balto.port);
  for (let round = 0; round < 3; round++) {
    const answer = await kept.ask("GET /0 HTTP/1.0", ["Connection: keep-alive"]);
    expect([answer.text, answer.field("connection")]).toEqual(["hello", "keep-alive"]);
  }
});

test("an HTTP/1.0 backend's answer is taken, and its connection not used again unless it says so", async () => {
  const { origin, balto } = await startSaying([
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
  ]);
  for (const path of [0, 1, 1, 2, 1]) {
    expect(await answerTo(balto.port, `GET /${path}`)).toMatchObject({ text: "hi", status: 200 });
  }
  expect(origin.peers.length).toBe(3);
});

test("interim answers are relayed to HTTP/1.1 clients and not to HTTP/1.0 ones", async () => {
  const { balto } = await startSaying([
    `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n${EMPTY}`,
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${EMPTY}`,
  ]);
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /0"));
  const hints = await client.answer();
  expect([hints.status, hints.fields]).toEqual([103, [["Link", "</a.css>"]]]);
  expect((await client.answer()).status).toBe(102);
  expect((await client.answer()).status).toBe(200);
  // A 100 that nobody asked for is dropped.
  expect((await client.ask("GET /1")).status).toBe(200);
  expect((await answerTo(balto.port, "GET /0 HTTP/1.0")).status).toBe(200);
});

const DISGUISED = `HTTP/1.1 200 OK\r\nContent_Length: 9\r\nKeep_Alive: 1\r\nX_A: 2\r\n${EMPTY}`;

test.each([
  ["reject", 502, [undefined, undefined, undefined]],
  ["drop", 200, [undefined, undefined, "2"]],
  ["allow", 200, ["9", "1", "2"]],
] as const)(
  "an answer's disguised fields where underscores are %s",
  async (underscores, status, seen) => {
    const { balto } = await startSaying([DISGUISED], false, { underscores });
    const answer = await answerTo(balto.port, "GET /0");
    const names = ["Content_Length", "Keep_Alive", "X_A"];
    expect([answer.status, names.map((name) => answer.field(name))]).toEqual([status, seen]);
  },
);

test("an answer's Via gets Balto's name where it has one, with the version that it came in", async () => {
  const said = [
    `HTTP/1.1 200 OK\r\nVia: 1.1 a\r\nConnection: Via\r\n${EMPTY}`,
    `HTTP/1.0 200 OK\r\n${EMPTY}`,
  ];
  const named = await startSaying(said, false, { via: "edge" });
  expect((await answerTo(named.balto.port, "GET /0")).all("via")).toEqual(["1.1 a", "1.1 edge"]);
  expect((await answerTo(named.balto.port, "GET /1")).all("via")).toEqual(["1.0 edge"]);
  const own = await answerTo(named.balto.port, "GET /health");
  expect(own.all("via")).toEqual([]);
  const nameless = await startSaying(said);
  expect((await answerTo(nameless.balto.port, "GET /0")).all("via")).toEqual(["1.1 a"]);
  expect((await answerTo(nameless.balto.port, "GET /1")).all("via")).toEqual([]);
});

// The answers Balto makes itself: status, text and what becomes of the connection. compat-balto.md,
// "Answers Balto makes itself"; http-behaviour.md.

import { createServer } from "node:net";

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { type Answer, ask, Client, requestBytes } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";

const lines: Readonly<Record<number, [reason: string, text: string]>> = {
  400: ["Bad Request", "bad request\n"],
  404: ["Not Found", "route not found\n"],
  405: ["Method Not Allowed", "method not allowed\n"],
  408: ["Request Timeout", "request timeout\n"],
  414: ["URI Too Long", "uri too long\n"],
  417: ["Expectation Failed", "expectation failed\n"],
  431: ["Request Header Fields Too Large", "request header fields too large\n"],
  501: ["Not Implemented", "not implemented\n"],
  502: ["Bad Gateway", "bad gateway\n"],
  503: ["Service Unavailable", "no backend available\n"],
  504: ["Gateway Timeout", "gateway timeout\n"],
  505: ["HTTP Version Not Supported", "http version not supported\n"],
};

function expectOwn(answer: Answer, status: number, label = ""): void {
  const [reason, text] = lines[status]!;
  expect([answer.status, answer.reason, answer.text], label).toEqual([status, reason, text]);
  expect(answer.field("content-type")).toBe("text/plain; charset=utf-8");
  expect(answer.framing.kind).toBe("length");
  expect(answer.field("date")).toBeDefined();
}

/** Sends bytes as they are; gives the answer, and whether the connection ended behind it. */
async function sent(balto: DataPlane, bytes: string | Buffer): Promise<[Answer, boolean]> {
  const client = await Client.to(balto.port);
  await client.send(bytes);
  const answer = await client.answer();
  const closes = answer.field("connection") === "close";
  if (closes) expect((await client.rest()).ending).toBe("fin");
  client.close();
  return [answer, closes];
}

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

test("404 for no route, with the connection kept and the body of the request passed over", async () => {
  const balto = await start(serving({ pattern: "/only", to: "http://127.0.0.1:9" }));
  const client = await Client.to(balto.port);
  expectOwn(await client.ask("GET /other"), 404);
  expectOwn(await client.ask("POST /other", [], "x".repeat(1000)), 404);
  expectOwn(
    await client.ask("POST /other", ["Transfer-Encoding: chunked"], "1\r\nx\r\n0\r\n\r\n"),
    404,
  );
  const head = await client.ask("HEAD /other");
  expect([head.status, head.text, head.field("content-length")]).toEqual([404, "", "16"]);
  expectOwn(await client.ask("GET /other"), 404);
});

test("405 with Allow where other methods would have been taken", async () => {
  const origin = await startOrigin();
  const balto = await start(
    serving([
      { pattern: "/a", methods: ["GET", "HEAD"], to: origin },
      { pattern: "/a", methods: ["PURGE"], to: origin },
      { pattern: "/b", to: origin },
    ]),
  );
  const client = await Client.to(balto.port);
  const refused = await client.ask("POST /a", [], "body");
  expectOwn(refused, 405);
  expect(refused.field("allow")?.split(", ").toSorted()).toEqual(["GET", "HEAD", "PURGE"]);
  expectOwn(await client.ask("get /a"), 405);
  for (const method of ["GET", "HEAD", "PURGE"]) {
    expect((await client.ask(`${method} /a`)).status).toBe(200);
  }
  expect((await client.ask("MKCOL /b")).status).toBe(200);
});

test("CONNECT, TRACE and TRACK are refused with 405 and Allow", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }));
  for (const line of ["TRACE /", "TRACK /", "CONNECT /", "CONNECT balto.test:443"]) {
    const [answer] = await sent(balto, requestBytes(line, ["X-Secret: 1"]));
    if (line.startsWith("CONNECT balto")) expect([400, 405]).toContain(answer.status);
    else expectOwn(answer, 405, line);
    expect(answer.field("allow") ?? "").not.toContain("TRACE");
    expect(answer.text).not.toContain("Secret");
  }
});

test("OPTIONS * and /health are answered here", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  const options = await client.ask("OPTIONS *");
  expect([options.status, options.text]).toEqual([204, ""]);
  for (const [line, host] of [
    ["GET /health", "any.test"],
    ["POST /health", "x"],
    ["GET /health?x=1", "x"],
    ["GET /%68ealth", "x"],
    ["GET /a/../health", "x"],
  ] as const) {
    const health = await client.ask(line, [`Host: ${host}`]);
    expect([health.status, health.text], line).toEqual([200, '{"status":"ok"}']);
    expect(health.field("content-type")).toBe("application/json");
  }
  expect((await client.ask("HEAD /health")).text).toBe("");
  expect((await client.ask("GET /health/x")).text).toBe("ok\n");
  expect(origin.requests.length).toBe(1);
});

test("502 where the backend refuses the connection, with the connection to the client kept", async () => {
  const port = await closedPort();
  const balto = await start(serving({ to: `http://127.0.0.1:${port}` }));
  const client = await Client.to(balto.port);
  for (const line of ["GET /", "POST /", "GET /"]) expectOwn(await client.ask(line), 502);
  expectOwn(await client.ask("PUT /", [], "x".repeat(10_000)), 502);
  expectOwn(await client.ask("GET /"), 502);
});

test("503 where a service has no backend", async () => {
  const balto = await start(serving({ to: [] }));
  const client = await Client.to(balto.port);
  expectOwn(await client.ask("GET /"), 503);
  expectOwn(await client.ask("POST /", [], "body"), 503);
});

test("502 where the backend's name does not resolve", async () => {
  const balto = await start(serving({ to: "http://nowhere.invalid:80" }));
  expectOwn(await ask(balto.port, "GET /"), 502);
});

test("what one backend refuses goes to another one", async () => {
  const origin = await startOrigin();
  const port = await closedPort();
  const balto = await start(serving({ to: [origin.url, `http://127.0.0.1:${port}`] }));
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++) statuses.push((await ask(balto.port, "GET /")).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
});

test("502 for answers that can be read in two ways, or in none", async () => {
  const bad = [
    "",
    "nonsense\r\n\r\n",
    "HTTP/1.1 99 Low\r\n\r\n",
    "HTTP/1.1 600 High\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA : 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: a\rb\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: a\x00b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    `${"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`,
    `HTTP/1.1 200 OK\r\n${"A: 1\r\n".repeat(1001)}\r\n`,
    `HTTP/1.1 200 OK\r\nA: ${"x".repeat(66_000)}\r\n\r\n`,
    "HTTP/1.1 200 OK\r\nContent-Le",
  ];
  const origin = await startRawOrigin(async (peer) => {
    const request = await peer.request();
    const index = Number(/\/(\d+)/.exec(request!.requestLine)![1]);
    await peer.send(bad[index]!);
    peer.end();
    // Nothing more is asked of a connection that spoke so.
    expect(await peer.request().catch(() => undefined)).toBeUndefined();
  });
  const balto = await start(serving({ to: origin, policy: { breaker: undefined } }));
  const client = await Client.to(balto.port);
  for (const [index, bytes] of bad.entries()) {
    await client.send(requestBytes(`GET /${index}`));
    let answer = await client.answer();
    while (answer.status === 103) answer = await client.answer();
    expectOwn(answer, 502, bytes.slice(0, 100));
  }
});

test("400 and a closed connection for heads that can be read in two ways, or in none", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }));
  const host = "Host: a.test\r\n";
  const bad: [name: string, bytes: string, status?: number][] = [
    ["bare LF", `GET / HTTP/1.1\n${host}\n`],
    ["bare LF in fields", `GET / HTTP/1.1\r\n${host}A: 1\n\r\n`],
    ["bare CR", `GET / HTTP/1.1\r\n${host}A: a\rb\r\n\r\n`],
    ["NUL", `GET / HTTP/1.1\r\n${host}A: a\0b\r\n\r\n`],
    ["two empty lines in front", `\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`],
    ["no method", ` / HTTP/1.1\r\n${host}\r\n`],
    ["a method that is no token", `GE(T / HTTP/1.1\r\n${host}\r\n`],
    ["a long method", `${"G".repeat(33)} / HTTP/1.1\r\n${host}\r\n`],
    ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["two spaces", `GET  / HTTP/1.1\r\n${host}\r\n`],
    ["a tab", `GET\t/ HTTP/1.1\r\n${host}\r\n`],
    ["no version", `GET /\r\n${host}\r\n`],
    ["lower-case version", `GET / http/1.1\r\n${host}\r\n`],
    ["version 1.10", `GET / HTTP/1.10\r\n${host}\r\n`],
    ["version 0.9", `GET / HTTP/0.9\r\n${host}\r\n`],
    ["version 2.0", `GET / HTTP/2.0\r\n${host}\r\n`, 505],
    ["a space in the target", `GET /a b HTTP/1.1\r\n${host}\r\n`],
    ["a byte above ASCII in the target", `GET /\xe9 HTTP/1.1\r\n${host}\r\n`],
    ["a fragment", `GET /#a HTTP/1.1\r\n${host}\r\n`],
    ["a target without a slash", `GET a HTTP/1.1\r\n${host}\r\n`],
    ["the asterisk with GET", `GET * HTTP/1.1\r\n${host}\r\n`],
    ["a foreign scheme", `GET ftp://a.test/ HTTP/1.1\r\n${host}\r\n`],
    ["another host in the target", `GET http://b.test/ HTTP/1.1\r\n${host}\r\n`],
    ["no Host", "GET / HTTP/1.1\r\n\r\n"],
    ["two Hosts", `GET / HTTP/1.1\r\n${host}${host}\r\n`],
    ["an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"],
    ["userinfo in Host", "GET / HTTP/1.1\r\nHost: u@a.test\r\n\r\n"],
    ["a path in Host", "GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n"],
    ["a comma in Host", "GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n"],
    ["a bad port in Host", "GET / HTTP/1.1\r\nHost: a.test:65536\r\n\r\n"],
    ["bad IPv6 in Host", "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"],
    ["a space before the colon", `GET / HTTP/1.1\r\n${host}A : 1\r\n\r\n`],
    ["a folded field", `GET / HTTP/1.1\r\n${host}A: 1\r\n b\r\n\r\n`],
    ["a line without a colon", `GET / HTTP/1.1\r\n${host}nonsense\r\n\r\n`],
    ["an empty name", `GET / HTTP/1.1\r\n${host}: 1\r\n\r\n`],
    ["two lengths", `GET / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`],
    ["a list of lengths", `GET / HTTP/1.1\r\n${host}Content-Length: 1, 1\r\n\r\nx`],
    ["a signed length", `GET / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\nx`],
    ["an empty length", `GET / HTTP/1.1\r\n${host}Content-Length:\r\n\r\n`],
    ["a length of 40 digits", `GET / HTTP/1.1\r\n${host}Content-Length: ${"9".repeat(40)}\r\n\r\n`],
    [
      "a length and a coding",
      `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["an unknown coding", `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n`],
    ["an empty coding", `POST / HTTP/1.1\r\n${host}Transfer-Encoding:\r\n\r\n`],
    ["chunked twice", `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, chunked\r\n\r\n`],
    ["a known coding", `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
    ["a coding in HTTP/1.0", `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n`],
    ["Content_Length", `POST / HTTP/1.1\r\n${host}Content_Length: 1\r\n\r\n`],
    ["X_Forwarded_For", `POST / HTTP/1.1\r\n${host}X_Forwarded_For: 1\r\n\r\n`],
    ["another expectation", `POST / HTTP/1.1\r\n${host}Expect: tea\r\n\r\n`, 417],
    ["a bad Connection", `GET / HTTP/1.1\r\n${host}Connection: a b\r\n\r\n`],
  ];
  for (const [name, bytes, status = 400] of bad) {
    const [answer, closes] = await sent(balto, Buffer.from(bytes, "latin1"));
    expectOwn(answer, status, name);
    expect(closes, name).toBe(true);
  }
});

test("431 and 414 at one byte or field over the limit, and not at the limit", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const headOf = (bytes: number): string => {
    const bare = "GET / HTTP/1.1\r\nHost: a.test\r\nA: ".length;
    return `GET / HTTP/1.1\r\nHost: a.test\r\nA: ${"a".repeat(bytes - bare - 4)}\r\n\r\n`;
  };
  const targetOf = (bytes: number): string =>
    `GET /${"a".repeat(bytes - 1)} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
  const fieldsOf = (count: number): string =>
    `GET / HTTP/1.1\r\nHost: a.test\r\n${"A: 1\r\n".repeat(count - 1)}\r\n`;
  const status = async (bytes: string): Promise<number> => (await sent(balto, bytes))[0].status;
  // The origin says 431 to what is within Balto's limits and over node's own 16 KiB.
  expect(await status(headOf(15_000))).toBe(200);
  expectOwn((await sent(balto, headOf(32 * 1024 + 1)))[0], 431);
  expectOwn((await sent(balto, targetOf(16 * 1024 + 1)))[0], 414);
  expectOwn((await sent(balto, fieldsOf(129)))[0], 431);
  expect(await status(fieldsOf(128))).toBe(200);
  expect(origin.requests.length).toBe(2);

  const raw = await startRawOrigin(async (peer) => {
    for (;;) {
      if ((await peer.request()) === undefined) return;
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  const other = await start(serving({ to: raw }));
  for (const bytes of [headOf(32 * 1024), targetOf(16 * 1024)]) {
    expect((await sent(other, bytes))[0].status).toBe(200);
  }
});

test("an endless head is refused once it is over the limit, however it comes", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }));
  const openings = ["GET /", "GET / HTTP/1.1\r\nHost: a.test\r\nA: ", "GET / HTTP/1.1\r\nA"];
  const statuses: number[] = [];
  for (const opening of openings) {
    const client = await Client.to(balto.port);
    client.post(opening);
    // Far more than any limit; Balto need not read all of it.
    for (let n = 0; n < 40; n++) client.post("a".repeat(1024));
    statuses.push((await client.answer()).status);
    client.close();
  }
  expect(statuses).toEqual([414, 431, 431]);
});

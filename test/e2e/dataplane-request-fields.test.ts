// The fields a backend gets: compat-balto.md, "Headers to the backend"; http-behaviour.md, "Request
// head".

import { expect, test } from "vitest";

import { type RouteOptions, serving } from "../harness/artifact.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { type Origin, type Received, startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";

/** Sends one request and gives it as the backend got it. */
async function received(
  balto: DataPlane,
  origin: Origin,
  fields: readonly string[],
  requestLine = "GET /",
): Promise<Received> {
  const count = origin.requests.length;
  const client = await Client.to(balto.port);
  const answer = await client.ask(requestLine, fields);
  expect(answer.status).toBe(200);
  client.close();
  return origin.requests[count]!;
}

async function startPair(
  options: Partial<RouteOptions> = {},
  settings: Parameters<typeof serving>[1] = {},
) {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin, ...options }, settings));
  return { origin, balto };
}

/** What the origin is told by Balto, not by the client. */
const OWN = /^(?:host|x-forwarded-.*|x-request-id|traceparent)$/i;

test("the forwarding fields name the client, its scheme and its host", async () => {
  const { origin, balto } = await startPair();
  const request = await received(balto, origin, ["Host: Shop.example.com:8443"]);
  expect(request.field("x-forwarded-for")).toBe("127.0.0.1");
  expect(request.field("x-forwarded-proto")).toBe("http");
  expect(request.field("x-forwarded-host")).toBe("Shop.example.com:8443");
  expect(request.field("host")).toBe(`127.0.0.1:${origin.port}`);
});

const spoofed = [
  "X-Forwarded-For: 6.6.6.6",
  "x-forwarded-for: 7.7.7.7",
  "X-Forwarded-Proto: https",
  "X-FORWARDED-HOST: evil.test",
  "X-Forwarded-Port: 1",
  "X-Forwarded-Anything: 1",
  "Forwarded: for=6.6.6.6;host=evil.test",
];

test("inbound forwarding fields are replaced where the peer is not trusted", async () => {
  const { origin, balto } = await startPair({}, { trustedProxies: ["10.0.0.0/8", "::2/128"] });
  const request = await received(balto, origin, spoofed);
  expect(request.all("x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(request.all("x-forwarded-proto")).toEqual(["http"]);
  expect(request.all("x-forwarded-host")).toEqual(["balto.test"]);
  for (const name of ["x-forwarded-port", "x-forwarded-anything", "forwarded"]) {
    expect(request.all(name)).toEqual([]);
  }
});

test("a trusted proxy's forwarding fields are believed, and its address is appended", async () => {
  const { origin, balto } = await startPair({}, { trustedProxies: ["127.0.0.0/8"] });
  const request = await received(balto, origin, spoofed);
  expect(request.all("x-forwarded-for")).toEqual(["6.6.6.6, 7.7.7.7, 127.0.0.1"]);
  expect(request.all("x-forwarded-proto")).toEqual(["https"]);
  expect(request.all("x-forwarded-host")).toEqual(["evil.test"]);
  expect(request.all("forwarded")).toEqual(["for=6.6.6.6;host=evil.test"]);
  expect(request.all("x-forwarded-port")).toEqual(["1"]);
  const bare = await received(balto, origin, ["X-Forwarded-For:", "X-Forwarded-Proto: "]);
  expect(bare.all("x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(bare.all("x-forwarded-proto")).toEqual(["http"]);
  expect(bare.all("x-forwarded-host")).toEqual(["balto.test"]);
});

test("path parameters come as fields, decoded, and spoofed ones never", async () => {
  const { origin, balto } = await startPair({ pattern: "/users/:id/posts/:post_id" });
  const rows: [path: string, id: string, post: string][] = [
    ["/users/42/posts/7", "42", "7"],
    ["/users/a%20b/posts/%3A", "a b", ":"],
    ["/users/%C3%A9/posts/%E2%82%AC", "é", "€"],
    ["/users/a%2Fb/posts/x%2fy", "a/b", "x/y"],
    ["/users/;v=1/posts/a,b", ";v=1", "a,b"],
    // What would be no field value stays encoded.
    ["/users/%20a/posts/a%20", "%20a", "a%20"],
    ["/users/%09/posts/%7f", "%09", "%7f"],
    ["/users/%1b%5B/posts/1", "%1b%5B", "1"],
    ["//users//42//posts//7", "42", "7"],
  ];
  for (const [path, id, post] of rows) {
    const request = await received(
      balto,
      origin,
      ["X-Param-id: evil", "x-param-post_id: evil", "X-PARAM-other: evil", "X-Param_id: evil"],
      `GET ${path}`,
    );
    const values = Object.fromEntries(
      request.fields
        .filter(([name]) => /^x[-_]param[-_]/i.test(name))
        .map(([name, value]) => [name, Buffer.from(value, "latin1").toString("utf8")]),
    );
    expect(values, path).toEqual({ "X-Param-id": id, "X-Param-post_id": post });
  }
});

test("a parameter that is no UTF-8 is refused", async () => {
  const { origin, balto } = await startPair({ pattern: "/users/:id" });
  const client = await Client.to(balto.port);
  for (const id of ["%ff", "%c0%ae", "%ed%a0%80", "a%C3", "%f5%80%80%80"]) {
    expect((await client.ask(`GET /users/${id}`)).status, id).toBe(400);
  }
  expect(origin.requests).toEqual([]);
});

test("spoofed parameters are removed where the route has none", async () => {
  const { origin, balto } = await startPair();
  const request = await received(balto, origin, ["X-Param-id: evil", "X-Param-: kept or not"]);
  expect(request.all("x-param-id")).toEqual([]);
});

test("hop-by-hop fields and those that Connection names end here", async () => {
  const { origin, balto } = await startPair();
  const request = await received(balto, origin, [
    "Connection: keep-alive, X-Secret-Hop",
    "Connection: x-other",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: keep-alive",
    "Proxy-Authorization: Basic eA==",
    "Proxy-Authenticate: Basic",
    "TE: gzip",
    "Trailer: X-Sum",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAAQAAP__",
    "X-Secret-Hop: 1",
    "X-OTHER: 2",
    "X-Kept: 3",
    "Accept: */*",
  ]);
  const names = request.fields.map(([name]) => name.toLowerCase());
  expect(names.toSorted()).toEqual([
    "accept",
    "host",
    "traceparent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-kept",
    "x-request-id",
  ]);
});

test("Connection cannot remove the fields that others rely on", async () => {
  const { origin, balto } = await startPair({ pattern: "/:id" });
  const request = await received(
    balto,
    origin,
    [
      "Connection: Host, Content-Length, X-Forwarded-For, X-Param-id, Authorization, Cookie, close",
      "Authorization: Bearer x",
      "Cookie: a=b",
    ],
    "GET /7",
  );
  expect(request.field("authorization")).toBe("Bearer x");
  expect(request.field("cookie")).toBe("a=b");
  expect(request.field("x-forwarded-for")).toBe("127.0.0.1");
  expect(request.field("x-param-id")).toBe("7");
  expect(request.field("host")).toBe(`127.0.0.1:${origin.port}`);
});

test("order, case, duplicates and bytes of other fields are kept; white space around values is not", async () => {
  const { origin, balto } = await startPair();
  const request = await received(balto, origin, [
    "X-b: 1",
    "x-A:2",
    "X-b:   3  ",
    "X-Empty:",
    "X-Blank:  ",
    "X-Tab:\ta\tb\t",
    "X-Bytes: \x80\xff",
    "__proto__: 1",
    "constructor: 2",
    "Cookie: a=1",
    "Cookie: b=2",
  ]);
  const own = request.fields.filter(([name]) => !OWN.test(name));
  expect(own).toEqual([
    ["X-b", "1"],
    ["x-A", "2"],
    ["X-b", "3"],
    ["X-Empty", ""],
    ["X-Blank", ""],
    ["X-Tab", "a\tb"],
    ["X-Bytes", "\x80\xff"],
    ["__proto__", "1"],
    ["constructor", "2"],
    ["Cookie", "a=1"],
    ["Cookie", "b=2"],
  ]);
});

test("Host is the backend's, or the client's where preserve_host says so", async () => {
  const origin = await startOrigin();
  const balto = await start(
    serving([
      { pattern: "/own", to: origin },
      { pattern: "/kept", to: origin, preserveHost: true },
      { pattern: "/named", to: `http://LocalHost:${origin.port}` },
    ]),
  );
  const hosts: (string | undefined)[] = [];
  for (const path of ["/own", "/kept", "/named"]) {
    const request = await received(balto, origin, ["Host: Shop.Example.com:81"], `GET ${path}`);
    hosts.push(request.field("host"));
  }
  expect(hosts).toEqual([
    `127.0.0.1:${origin.port}`,
    "Shop.Example.com:81",
    `localhost:${origin.port}`,
  ]);
});

test("an absolute target's authority is the host, and what is sent is origin-form", async () => {
  const { origin, balto } = await startPair({ domains: ["a.test"], preserveHost: true });
  const request = await received(balto, origin, ["Host: a.test"], "GET http://a.test/x?y");
  expect([request.target, request.field("host")]).toEqual(["/x?y", "a.test"]);
  const root = await received(balto, origin, ["Host: a.test"], "GET HTTP://a.test");
  expect(root.target).toBe("/");
  const query = await received(balto, origin, ["Host: a.test"], "GET http://a.test?q");
  expect(query.target).toBe("/?q");
});

test("the request that leaves is HTTP/1.1 whatever came in, without a Connection field", async () => {
  const seen: string[] = [];
  const raw = await startRawOrigin(async (peer) => {
    for (;;) {
      const request = await peer.request();
      if (request === undefined) return;
      seen.push(`${request.requestLine} ${request.field("connection")}`);
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  const balto = await start(serving({ to: raw }));
  for (const line of ["GET / HTTP/1.0", "GET / HTTP/1.1", "purge /x HTTP/1.1"]) {
    const client = await Client.to(balto.port);
    await client.send(requestBytes(line, ["Connection: keep-alive"]));
    expect((await client.answer()).status).toBe(200);
    client.close();
  }
  expect(seen).toEqual([
    "GET / HTTP/1.1 undefined",
    "GET / HTTP/1.1 undefined",
    "purge /x HTTP/1.1 undefined",
  ]);
});

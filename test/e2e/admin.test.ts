// What operators ask of a data plane: what is answered, to whom, and where.

import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { serviceIdOf } from "../../artifact/service-resource.ts";
import { publish, published, serving, temporaryFolder } from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { ADMIN_TOKEN, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { askAt } from "../harness/socket-client.ts";
import { sleep, until, untilAsync, within } from "../harness/until.ts";
import { ADMIN_SETTINGS, json, LOCAL, startWith, TOKEN } from "./admin-plane.ts";

const BEARER = { authorization: `Bearer ${ADMIN_TOKEN}` };

test("probes are answered to everybody, whatever the host", async () => {
  const { balto } = await startWith({});
  for (const line of ["GET /health", "POST /health", "GET /livez", "DELETE /livez"]) {
    const answer = await ask(balto.port, line);
    expect([answer.status, json(answer)]).toEqual([200, { status: "ok" }]);
  }
  const ready = await ask(balto.port, "GET /readyz");
  expect([ready.status, json(ready)]).toEqual([200, { status: "ready" }]);
  expect((await ask(balto.port, "HEAD /readyz")).text).toBe("");
  const stranger = await ask(balto.port, "GET /readyz?verbose");
  expect(json(stranger)).toEqual({ status: "ready" });
  const verbose = await ask(balto.port, "GET /readyz?verbose", [LOCAL]);
  expect(json(verbose)).toEqual({
    status: "ready",
    checks: { artifact: "ok", workers: "1/1", draining: "no" },
  });
});

test("a process that drains is not ready, but lives, and lets go of those who listen", async () => {
  const artifact = serving({ to: "http://127.0.0.1:9" }, { drainDelayMs: 3_000 });
  const balto = await start(artifact);
  const listener = await Client.to(balto.port);
  await listener.send("GET /balto/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const head = await listener.head();
  const events = listener.body(head);
  await events.next();
  balto.signal("SIGTERM");
  await balto.says("Draining");
  const ready = await ask(balto.port, "GET /readyz");
  expect([ready.status, json(ready)]).toEqual([503, { status: "not ready" }]);
  expect((await ask(balto.port, "GET /livez")).status).toBe(200);
  expect((await within("the end of the events", events.next())).done).toBe(true);
  expect((await ask(balto.port, "GET /balto/events", [LOCAL])).status).toBe(503);
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});

test("reading is free on this machine, and nowhere else; writing never is", async () => {
  const { balto, origin } = await startWith({});
  const status = async (line: string, ...fields: string[]): Promise<number> =>
    (await ask(balto.port, line, fields)).status;
  expect(await status("GET /balto/artifact", LOCAL)).toBe(200);
  expect(await status("HEAD /balto/artifact", LOCAL)).toBe(200);
  expect(await status("GET /balto/artifact", "Host: 127.0.0.1:5500")).toBe(200);
  expect(await status("GET /balto/artifact", "Host: evil.test")).toBe(401);
  expect(await status("GET /balto/artifact HTTP/1.0", "host: evil.test")).toBe(401);
  expect(await status("GET /balto/artifact", LOCAL, "X-Forwarded-For: 127.0.0.1")).toBe(401);
  expect(await status("GET /balto/artifact", LOCAL, "Forwarded: for=127.0.0.1")).toBe(401);
  expect(await status("GET /balto/artifact", LOCAL, "Via: 1.1 proxy")).toBe(401);
  expect(await status("GET /balto/artifact", LOCAL, "Origin: https://evil.test")).toBe(403);
  // What only a worker may say.
  const spoofed = ["X-Param-Balto-Host: localhost", "X-Param-Balto-Peer: 127.0.0.1"];
  expect(await status("GET /balto/artifact", "Host: evil.test", ...spoofed)).toBe(401);
  expect(await status("POST /balto/reload", LOCAL)).toBe(401);
  expect(await status("POST /balto/reload", TOKEN)).toBe(200);
  expect(await status("POST /balto/reload", "Authorization: Bearer wrong")).toBe(401);
  expect(await status("POST /balto/reload", `Authorization: Basic ${ADMIN_TOKEN}`)).toBe(401);
  expect(await status("POST /balto/reload", TOKEN, "Origin: https://evil.test")).toBe(403);
  const refused = await ask(balto.port, "GET /balto/artifact", ["Host: evil.test"]);
  expect(refused.field("www-authenticate")).toBe('Bearer realm="balto"');
  expect(refused.field("cache-control")).toBe("no-store");
  expect(refused.field("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  expect(origin.requests).toEqual([]);
  expect(balto.report()).not.toContain(ADMIN_TOKEN);
});

test("a request without a host is nobody's on this machine", async () => {
  const { balto } = await startWith({});
  const client = await Client.to(balto.port);
  await client.send("GET /balto/artifact HTTP/1.0\r\n\r\n");
  expect((await client.answer()).status).toBe(401);
});

test("who guesses tokens is turned away for a while", async () => {
  const { balto } = await startWith({});
  const wrong = [LOCAL, "Authorization: Bearer wrong"];
  const client = await Client.to(balto.port);
  for (let n = 0; n < 30; n++)
    expect((await client.ask("GET /balto/artifact", wrong)).status).toBe(401);
  const limited = await client.ask("GET /balto/artifact", [LOCAL, TOKEN]);
  expect(limited.status).toBe(429);
  expect(Number(limited.field("retry-after"))).toBeGreaterThan(0);
  expect((await client.ask("GET /balto/artifact", [LOCAL])).status).toBe(200);
});

test("a network that may read needs no token, and writes with one", async () => {
  const { balto } = await startWith({ readers: ["127.0.0.0/8"] });
  expect((await ask(balto.port, "GET /balto/artifact", ["Host: balto:5500"])).status).toBe(200);
  expect((await ask(balto.port, "POST /balto/reload", ["Host: balto:5500"])).status).toBe(401);
});

test("a page of an allowed origin may read", async () => {
  const { balto } = await startWith({ allowedOrigins: ["https://console.test"] });
  const origin = "Origin: https://console.test";
  const answer = await ask(balto.port, "GET /balto/artifact", [LOCAL, origin]);
  expect(answer.field("access-control-allow-origin")).toBe("https://console.test");
  const preflight = await ask(balto.port, "OPTIONS /balto/artifact", [LOCAL, origin]);
  expect([preflight.status, preflight.field("access-control-allow-methods")]).toEqual([
    204,
    "GET, HEAD",
  ]);
  const other = await ask(balto.port, "OPTIONS /balto/artifact", ["Origin: https://evil.test"]);
  expect(other.field("access-control-allow-origin")).toBeUndefined();
});

test("methods that a path does not know are named with those that it knows", async () => {
  const { balto } = await startWith({});
  const refusal = async (line: string): Promise<unknown[]> => {
    const answer = await ask(balto.port, line, [TOKEN]);
    return [answer.status, answer.field("allow")];
  };
  expect(await refusal("POST /balto/metrics")).toEqual([405, "GET, HEAD"]);
  expect(await refusal("GET /balto/reload")).toEqual([405, "POST"]);
  expect(await refusal("PUT /balto/backends")).toEqual([405, "GET, HEAD"]);
});

test("the artifact that is served can be asked for, and had", async () => {
  const origin = await startOrigin();
  const bytes = serving({ to: origin }, {}, "3f2a");
  const balto = await start(bytes);
  const answer = await ask(balto.port, "GET /balto/artifact", [LOCAL]);
  const { digest } = json(answer) as { digest: string };
  expect(json(answer)).toEqual({
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    commit: "3f2a",
    generation: 1,
    since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    format_version: expect.any(Number),
  });
  expect(answer.field("etag")).toBe(`"${digest}"`);
  const known = await ask(balto.port, "GET /balto/artifact", [LOCAL, `If-None-Match: "${digest}"`]);
  expect(known.status).toBe(304);
  const binary = await ask(balto.port, "GET /balto/artifact?format=binary", [LOCAL]);
  expect(binary.field("content-type")).toBe("application/octet-stream");
  expect(binary.body.equals(Buffer.from(bytes))).toBe(true);
  expect((await ask(balto.port, "GET /balto/artifact?format=yaml", [LOCAL])).status).toBe(400);
});

test("a reload that is asked for is answered when it is served", async () => {
  const amber = await startOrigin((response) => void response.end("amber"));
  const coral = await startOrigin((response) => void response.end("coral"));
  const path = published(serving({ to: amber }));
  const balto = await start(path, { workers: 2 });
  const reload = async (): Promise<Record<string, unknown>> =>
    json(await ask(balto.port, "POST /balto/reload", [TOKEN])) as Record<string, unknown>;
  await untilAsync("nothing new", async () => (await reload())["result"] === "unchanged");
  const before = await reload();
  publish(path, serving({ to: coral }));
  const loaded = await reload();
  expect(loaded["digest"]).not.toBe(before["digest"]);
  for (let n = 0; n < 8; n++) expect((await ask(balto.port, "GET /")).text).toBe("coral");
  publish(path, Buffer.from("no artifact"));
  expect(await reload()).toMatchObject({
    result: "refused",
    digest: loaded["digest"],
    error: expect.any(String),
  });
});

test("services are shown as the artifact has them, with the times of their loads", async () => {
  const routes = [
    {
      name: "one",
      domains: ["one.test"],
      pattern: "/a/*",
      to: "http://${env:BALTO_UPSTREAM_HOST:-localhost}:8081",
    },
    {
      name: "two",
      domains: ["two.test"],
      pattern: "/",
      methods: ["GET", "POST"],
      to: ["http://b.test:80", "https://c.test:443/x"],
    },
  ];
  const path = published(serving(routes));
  const balto = await start(path);
  const list = async (): Promise<Record<string, unknown>[]> =>
    json(await ask(balto.port, "GET /balto/services", [LOCAL])) as Record<string, unknown>[];
  const first = await list();
  const one = {
    id: serviceIdOf("one.test", "/a/*", []),
    name: "one",
    domain: "one.test",
    path_prefix: "/a/*",
    ports: ["8081"],
  };
  const ids = first.map(({ id }) => String(id));
  expect(ids).toEqual(ids.toSorted());
  expect(first.find(({ name }) => name === "one")).toMatchObject(one);
  expect(first.find(({ name }) => name === "two")).toMatchObject({
    id: serviceIdOf("two.test", "/", ["GET", "POST"]),
    methods: ["GET", "POST"],
    ports: ["b.test:80", "https://c.test:443/x"],
  });
  const byId = await ask(balto.port, `GET /balto/services/${one.id}`, [LOCAL]);
  expect(json(byId)).toMatchObject(one);
  const byName = await ask(balto.port, "GET /balto/services/one.test-%2Fa%2F*", [LOCAL]);
  expect(json(byName)).toEqual(json(byId));
  const missing = await ask(balto.port, "GET /balto/services/none", [LOCAL]);
  expect([missing.status, json(missing)]).toEqual([404, { error: "service not found" }]);

  await sleep(1_100);
  publish(
    path,
    serving([
      routes[0]!,
      { ...routes[1]!, preserveHost: true },
      { name: "new", domains: ["new.test"], to: "http://d.test:1" },
    ]),
  );
  await balto.says("Artifact loaded");
  const second = await list();
  const times = (services: Record<string, unknown>[], name: string): unknown[] => {
    const service = services.find((each) => each["name"] === name)!;
    return [service["created_at"], service["updated_at"]];
  };
  expect(times(second, "one")).toEqual(times(first, "one"));
  const [created, updated] = times(second, "two");
  expect(created).toBe(times(first, "two")[0]);
  expect(updated! > created!).toBe(true);
  expect(times(second, "new")).toEqual([updated, updated]);
});

test("stats and backends are told", async () => {
  const { balto, origin } = await startWith({});
  const stats = json(await ask(balto.port, "GET /balto/health/stats", [LOCAL]));
  expect(stats).toMatchObject({
    status: "ok",
    uptime: expect.stringMatching(/^(?:\d+h)?(?:\d+m)?\d+s$/),
    start_time: expect.any(String),
    services: 1,
    resources: { memory: { rss: expect.any(Number) }, cpu: { workers: 1 } },
  });
  expect(json(await ask(balto.port, "GET /balto/backends", [LOCAL]))).toEqual([
    {
      id: `*-${origin.url}`,
      pool: "service-0",
      url: origin.url,
      weight: 1,
      services: [{ service: "service-0", route: "/*" }],
      in_flight: 0,
      priority: 0,
      healthy: true,
      ejected: false,
      draining: false,
      breaker: "closed",
      breaker_transitions: { open: 0, "half-open": 0, closed: 0 },
    },
  ]);
});

test("paths that are not Balto's own are the services'", async () => {
  const { balto, origin } = await startWith({});
  for (const path of ["/balto", "/balto/", "/balto/mine", "/balto/metrics/x", "/healthz"]) {
    await ask(balto.port, `GET ${path}`, [LOCAL]);
    expect(origin.requests.at(-1)?.target).toBe(path);
  }
  await ask(balto.port, "GET /balto/./metrics", [LOCAL]);
  expect(origin.requests.at(-1)?.target).toBe("/healthz");
});

test("an address of its own takes it all away from the traffic", async () => {
  const { balto, origin } = await startWith({ listen: "127.0.0.1:0" });
  const address = String((await balto.says("Serving"))["admin"]);
  await ask(balto.port, "GET /balto/metrics", [LOCAL]);
  expect(origin.requests.at(-1)?.target).toBe("/balto/metrics");
  expect((await ask(balto.port, "GET /health")).status).toBe(200);
  expect((await ask(balto.port, "GET /readyz")).status).toBe(200);
  const metrics = await askAt(address, "/balto/metrics", { fields: { host: "localhost" } });
  expect(metrics.text).toContain("balto_connections_accepted_total");
  expect((await askAt(address, "/balto/metrics", { fields: { host: "evil.test" } })).status).toBe(
    401,
  );
  const proxied = { host: "localhost", "x-forwarded-for": "192.0.2.1" };
  expect((await askAt(address, "/balto/metrics", { fields: proxied })).status).toBe(401);
  expect((await askAt(address, "/livez")).status).toBe(200);
  expect((await askAt(address, "/readyz")).status).toBe(200);
  expect((await askAt(address, "/")).status).toBe(404);
  // What is a worker's word on another way is a client's here.
  const spoofed = {
    host: "evil.test",
    "x-param-balto-host": "localhost",
    "x-param-balto-way": "direct",
  };
  expect((await askAt(address, "/balto/artifact", { fields: spoofed })).status).toBe(401);
  const reload = await askAt(address, "/balto/reload", { method: "POST", fields: BEARER });
  expect(reload.status).toBe(200);
});

test("a socket of its own is for this user, and reads without a token", async () => {
  const path = join(temporaryFolder(), "admin.sock");
  const { balto } = await startWith({ listen: `unix:${path}` });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect((await askAt(`unix:${path}`, "/balto/artifact")).status).toBe(200);
  expect((await askAt(`unix:${path}`, "/balto/reload", { method: "POST" })).status).toBe(401);
  balto.signal("SIGTERM");
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test("on the private socket nobody is asked for a token", async () => {
  const path = join(temporaryFolder(), "private.sock");
  const { balto } = await startWith({}, [`--admin-socket=${path}`]);
  const reload = await askAt(`unix:${path}`, "/balto/reload", { method: "POST" });
  expect(JSON.parse(reload.text)).toMatchObject({ generation: 1 });
  expect((await ask(balto.port, "GET /balto/artifact", [LOCAL])).status).toBe(200);
});

test("an address that cannot be listened on ends the start", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const artifact = serving(
    { to: "http://127.0.0.1:9" },
    { admin: { ...ADMIN_SETTINGS, listen: `127.0.0.1:${port}` } },
  );
  const { launch } = await import("../harness/data-plane.ts");
  const balto = launch(artifact);
  expect(await balto.ends()).toEqual({ code: 1, signal: null });
  expect(balto.stderr).toBe(`balto: cannot listen on 127.0.0.1:${port}: the address is in use\n`);
});

test("the way between workers and main thread is closed to everybody else", async () => {
  const { balto } = await startWith({});
  await ask(balto.port, "GET /balto/artifact", [LOCAL]);
  const ports = listening(balto.pid).filter((port) => port !== balto.port);
  expect(ports).toHaveLength(1);
  const socket = connect(ports[0]!, "127.0.0.1");
  let heard = "";
  socket.on("data", (bytes) => (heard += String(bytes)));
  socket.write(
    "GET /balto/artifact HTTP/1.1\r\nHost: localhost\r\nX-Param-Balto-Way: direct\r\n\r\n",
  );
  await once(socket, "close");
  expect(heard).toBe("");
});

/** TCP ports that a process listens on. */
function listening(pid: number): number[] {
  const inodes = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  return readFileSync(`/proc/${pid}/net/tcp`, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[3] === "0A" && inodes.includes(cells[9]!))
    .map((cells) => parseInt(cells[1]!.split(":")[1]!, 16));
}

test("events tell of reloads, and again to who was cut off", async () => {
  const path = published(serving({ name: "one", to: "http://127.0.0.1:9" }));
  const balto = await start(path);
  const listener = await Client.to(balto.port);
  await listener.send("GET /balto/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const head = await listener.head();
  expect(head.field("content-type")).toBe("text/event-stream");
  let heard = "";
  const listening = (async () => {
    for await (const bytes of listener.body(head)) heard += bytes.toString();
  })().catch(() => undefined);
  publish(path, serving({ name: "two", to: "http://127.0.0.1:9" }));
  await until("the event", () => heard.includes("\n\n") && heard.includes("event: reload"));
  publish(path, Buffer.from("no artifact"));
  await until("the other", () => heard.includes('"refused"'));
  listener.close();
  await listening;
  const [, id, data] = /id: (\d+)\nevent: reload\ndata: (.*)\n\n/.exec(heard)!;
  expect(JSON.parse(data!)).toMatchObject({ result: "loaded", generation: 2 });

  const again = await Client.to(balto.port);
  await again.send(`GET /balto/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${id}\r\n\r\n`);
  const more = again.body(await again.head());
  const missed = String((await more.next()).value);
  expect(missed.match(/event: reload/g)).toHaveLength(1);
  expect(missed).toContain('"refused"');
  again.close();
});

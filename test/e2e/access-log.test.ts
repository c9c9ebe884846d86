// A line for each request: what it says, where it goes, and that nobody waits for it.

import { once } from "node:events";
import { readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";

import { expect, test } from "vitest";
import { WebSocket } from "ws";

import type { AccessLogSettings } from "../../artifact/model.ts";

import {
  type RouteOptions,
  publish,
  published,
  serving,
  temporaryFolder,
} from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { type DataPlane, launch, type LogLine, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { scrape } from "../harness/scrape.ts";
import { until, untilAsync } from "../harness/until.ts";
import { startWebSocketOrigin } from "../harness/websocket-origin.ts";

const LOG: AccessLogSettings = {
  enabled: true,
  format: "json",
  path: "",
  sampleMillionths: 1_000_000,
  query: false,
};

function logging(
  routes: RouteOptions | readonly RouteOptions[],
  accessLog: Partial<AccessLogSettings> = {},
): Uint8Array {
  return serving(routes, { accessLog: { ...LOG, ...accessLog } });
}

/** The lines of requests that a data plane has printed, once there are so many. */
async function lines(balto: DataPlane, count: number): Promise<LogLine[]> {
  const found = (): LogLine[] => balto.log.filter(({ module }) => module === "access");
  await until(`${count} lines`, () => found().length >= count);
  return found();
}

test("a line says what came of a request", async () => {
  const origin = await startOrigin((response, _, request) => {
    request.on("end", () => response.writeHead(201).end("answer"));
  });
  const balto = await start(
    logging({ name: "users", domains: ["a.test"], pattern: "/users/:id", to: origin }),
    { workers: 2 },
  );
  const fields = [
    "Host: a.test",
    "Authorization: Bearer secret-1",
    "Cookie: session=secret-2",
    "Referer: http://x.test/?token=secret-3",
  ];
  const answer = await ask(balto.port, "POST /users/7?token=secret-4", fields, "12345");
  await ask(balto.port, "GET /nothing", ["Host: b.test"]);
  // Which of two workers was first is not said.
  const both = await lines(balto, 2);
  const line = both.find(({ method }) => method === "POST");
  const other = both.find(({ method }) => method === "GET");
  expect(line).toEqual({
    level: "info",
    module: "access",
    request_id: answer.field("x-request-id"),
    client: "127.0.0.1",
    method: "POST",
    host: "a.test",
    path: "/users/7",
    route: "/users/:id",
    service: "users",
    backend: `a.test-${origin.url}`,
    attempts: 1,
    status: 201,
    bytes_in: 5,
    bytes_out: 6,
    queue_ms: 0,
    connect_ms: expect.any(Number),
    ttfb_ms: expect.any(Number),
    total_ms: expect.any(Number),
    tls: false,
    cause: "done",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    message: "request",
  });
  const [connect, ttfb, total] = ["connect_ms", "ttfb_ms", "total_ms"].map((key) =>
    Number(line![key]),
  );
  expect(connect).toBeGreaterThan(0);
  expect(ttfb).toBeGreaterThanOrEqual(connect!);
  expect(total).toBeGreaterThanOrEqual(ttfb!);
  expect(other).toMatchObject({ status: 404, cause: "own", route: "", backend: "", attempts: 0 });
  expect(balto.report()).not.toContain("secret");
});

test("the end of a request has a cause", async () => {
  const origin = await startOrigin((response, { target }, request) => {
    if (target === "/reset") response.destroy();
    if (target === "/cut") response.writeHead(200, { "Content-Length": 10 }).write("half");
    if (target === "/cut") setTimeout(() => response.destroy(), 50);
    if (target === "/body") request.resume();
  });
  const balto = await start(
    logging([
      { domains: ["up.test"], to: origin, bodyBytesMax: 3 },
      { domains: ["down.test"], to: "http://127.0.0.1:9" },
      { domains: ["slow.test"], to: origin, timeouts: { responseMs: 100 } },
      { domains: ["none.test"], to: [] },
    ]),
  );
  const causeOf = async (line: string, host: string, body = ""): Promise<unknown[]> => {
    const before = balto.log.length;
    await ask(balto.port, line, [`Host: ${host}`], body).catch(() => undefined);
    const said = await balto.says("request", before);
    return [said["cause"], said["status"]];
  };
  expect(await causeOf("GET /reset", "up.test")).toEqual(["backend_reset", 502]);
  expect(await causeOf("GET /cut", "up.test")).toEqual(["backend_cut", 200]);
  expect(await causeOf("GET /", "down.test")).toEqual(["connect_failed", 502]);
  expect(await causeOf("GET /", "slow.test")).toEqual(["backend_timeout", 504]);
  expect(await causeOf("GET /", "none.test")).toEqual(["no_backend", 503]);
  expect(await causeOf("POST /body", "up.test", "12345")).toEqual(["body_too_large", 413]);
  expect(await causeOf("B@D /", "up.test")).toEqual(["request_invalid", 400]);
  const client = await Client.to(balto.port);
  await client.send("GET /wait HTTP/1.1\r\nHost: up.test\r\n\r\n");
  await until("the request", () => origin.requests.some(({ target }) => target === "/wait"));
  const before = balto.log.length;
  client.reset();
  expect(await balto.says("request", before)).toMatchObject({
    cause: "client_aborted",
    status: 499,
  });
});

test("a WebSocket gets its line when it is over", async () => {
  const origin = await startWebSocketOrigin();
  const balto = await start(logging({ to: origin }));
  const socket = new WebSocket(`ws://127.0.0.1:${balto.port}/chat`);
  await once(socket, "open");
  socket.send("12345");
  await once(socket, "message");
  socket.close();
  const [line] = await lines(balto, 1);
  expect(line).toMatchObject({ status: 101, cause: "upgraded", path: "/chat" });
  expect(Number(line!["bytes_in"])).toBeGreaterThanOrEqual(5 + 6);
  expect(Number(line!["bytes_out"])).toBeGreaterThanOrEqual(5 + 2);
});

test("nothing that a client sends breaks out of its line", async () => {
  const origin = await startOrigin();
  const balto = await start(logging({ to: origin }, { query: true }));
  await ask(balto.port, 'GET /a"b{}|^`<>?"%0a,"status":1', ["User-Agent: \x80\xff"]);
  const [line] = await lines(balto, 1);
  expect(line).toMatchObject({ path: '/a"b{}|^`<>', query: '"%0a,"status":1', status: 200 });
  expect(balto.noise).toEqual([]);
});

test("the Combined Log Format goes to a file, which is opened anew on SIGUSR1", async () => {
  const origin = await startOrigin((response) => void response.end("answer"));
  const path = join(temporaryFolder(), "access.log");
  const balto = await start(logging({ to: origin }, { format: "combined", path }));
  const text = (file: string): string => readFileSync(file, "utf8");
  const fields = ['User-Agent: test/1 ("x")', "Referer: http://x.test/a?token=secret"];
  await ask(balto.port, "GET /one?token=secret", fields);
  await until("a line", () => text(path) !== "");
  expect(text(path)).toMatch(
    /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/one HTTP\/1\.1" 200 6 "http:\/\/x\.test\/a" "test\/1 \(\\x22x\\x22\)"\n$/,
  );
  renameSync(path, `${path}.1`);
  balto.signal("SIGUSR1");
  await until("a new file", () => statSync(path, { throwIfNoEntry: false }) !== undefined);
  await ask(balto.port, "GET /two");
  await until("the other line", () => text(path).includes("/two"));
  expect(text(`${path}.1`)).not.toContain("/two");
  expect(balto.log.some(({ module }) => module === "access")).toBe(false);
});

test("the log of events goes to a file, too, and moves with a reload", async () => {
  const folder = temporaryFolder();
  const [one, two] = [join(folder, "one.log"), join(folder, "two.log")];
  const origin = await startOrigin();
  const artifact = published(serving({ to: origin }, { logPath: one }));
  const balto = launch(artifact);
  await until("it serves", () => {
    const text =
      statSync(one, { throwIfNoEntry: false }) === undefined ? "" : readFileSync(one, "utf8");
    return text.includes('"message":"Serving"');
  });
  renameSync(one, `${one}.1`);
  balto.signal("SIGUSR1");
  await until("a new file", () => statSync(one, { throwIfNoEntry: false }) !== undefined);
  publish(artifact, serving({ to: origin }, { logPath: two }));
  await until("the other file", () => statSync(two, { throwIfNoEntry: false }) !== undefined);
  balto.signal("SIGTERM");
  await balto.ends();
  expect(readFileSync(two, "utf8")).toMatch(/"message":"Stopped"}\n$/);
  expect(readFileSync(one, "utf8")).toBe("");
});

test("a share of the requests is written", async () => {
  const origin = await startOrigin();
  const balto = await start(logging({ to: origin }, { sampleMillionths: 200_000 }));
  const client = await Client.to(balto.port);
  for (let n = 0; n < 1_000; n++) await client.ask("GET /");
  const count = (): number => balto.log.filter(({ module }) => module === "access").length;
  // Six standard deviations from 200.
  await until("about a fifth", () => count() >= 125);
  expect(count()).toBeLessThan(275);
});

test("probes and what operators ask are no traffic", async () => {
  const origin = await startOrigin();
  const balto = await start(logging({ to: origin }));
  for (const line of ["GET /health", "GET /livez", "GET /readyz", "GET /balto/artifact"])
    await ask(balto.port, line, ["Host: localhost"]);
  await ask(balto.port, "GET /");
  const [line, ...more] = await lines(balto, 1);
  expect([line!["path"], more]).toEqual(["/", []]);
});

test("it can be turned on and off by a reload", async () => {
  const origin = await startOrigin();
  const path = published(logging({ to: origin }, { enabled: false }));
  const balto = await start(path);
  await ask(balto.port, "GET /before");
  publish(path, logging({ to: origin }));
  await balto.says("Artifact loaded");
  await ask(balto.port, "GET /now");
  const [line] = await lines(balto, 1);
  expect(line!["path"]).toBe("/now");
});

test("a reader that stops keeps nobody waiting: lines are dropped and counted, then go on", async () => {
  const origin = await startOrigin();
  const balto = await start(logging({ to: origin }), { workers: 2 });
  const stdout = balto.child.stdout as Readable;
  stdout.pause();
  const clients = await Promise.all(Array.from({ length: 8 }, () => Client.to(balto.port)));
  const long = "x".repeat(3_000);
  const load = async (count: number): Promise<void> => {
    await Promise.all(
      clients.map(async (client) => {
        for (let n = 0; n < count; n++) expect((await client.ask(`GET /${long}`)).status).toBe(200);
      }),
    );
  };
  const dropped = async (): Promise<number> =>
    (await scrape(balto.port)).sum("balto_access_log_dropped_total");
  await untilAsync(
    "lines are dropped",
    async () => {
      await load(40);
      return (await dropped()) > 0;
    },
    40_000,
  );
  // The main thread does its work, too.
  expect((await ask(balto.port, "GET /readyz")).status).toBe(200);
  const before = await dropped();
  stdout.resume();
  await until("lines again", () => balto.log.some(({ module }) => module === "access"));
  await ask(balto.port, "GET /last");
  await until("the last line", () => balto.log.some(({ path }) => path === "/last"));
  expect(await dropped()).toBe(before);
  expect(balto.noise).toEqual([]);
}, 90_000);

test("a full disk under it keeps nobody from being served", async () => {
  const origin = await startOrigin();
  const balto = await start(logging({ to: origin }, { path: "/dev/full" }));
  for (let n = 0; n < 20; n++) expect((await ask(balto.port, "GET /")).status).toBe(200);
});

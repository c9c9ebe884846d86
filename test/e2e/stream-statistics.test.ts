// What streams have done is told: a line a connection where it is asked for, refusals together, and the sums
// when the process ends.

import { expect, test } from "vitest";

import { streaming } from "../harness/artifact.ts";
import { ask } from "../harness/client.ts";
import { type DataPlane, type LogLine, start } from "../harness/data-plane.ts";
import { freePort } from "../harness/free-port.ts";
import { scrape } from "../harness/scrape.ts";
import { connectTo, readBytes, startEcho, streamPort } from "../harness/stream.ts";
import { until, untilAsync } from "../harness/until.ts";

async function sums(balto: DataPlane): Promise<LogLine[]> {
  balto.signal("SIGTERM");
  expect((await balto.ends()).code).toBe(0);
  return balto.log.filter(({ message }) => message === "Stream served");
}

test("connections, bytes and how they ended are exact over all workers", async () => {
  const [one, two] = [await startEcho(), await startEcho()];
  const balto = await start(streaming({ name: "s", to: [one.target, two.target] }), { workers: 2 });
  const port = await streamPort(balto, "s");
  let bytes = 0;
  for (let n = 0; n < 30; n++) {
    const client = await connectTo(port);
    const sent = Buffer.alloc(1 + n * 7_001, n);
    bytes += sent.length;
    client.post(sent);
    if (n % 3 > 0) {
      client.end();
      expect((await client.rest()).bytes.length).toBe(sent.length);
    } else {
      await readBytes(client, sent.length);
      client.reset();
    }
  }
  await until("all of them over", () => balto.connections() === 0);
  const lines = await sums(balto);
  expect(lines.map(({ stream, open }) => [stream, open])).toEqual([
    ["s", 0],
    ["s", 0],
  ]);
  expect(new Set(lines.map(({ backend }) => backend))).toEqual(
    new Set([one, two].map(({ target }) => `s-${target}`)),
  );
  const sum = (of: (line: LogLine) => unknown): number =>
    lines.reduce((total, line) => total + Number(of(line) ?? 0), 0);
  expect(sum((line) => line["connections"])).toBe(30);
  expect(sum((line) => line["bytes_in"])).toBe(bytes);
  expect(sum((line) => line["bytes_out"])).toBe(bytes);
  const causes = (cause: string): number =>
    sum((line) => (line["causes"] as Record<string, number>)[cause]);
  expect([causes("finished"), causes("client-reset")]).toEqual([20, 10]);
});

test("each connection has a line at the level debug, and its cause is what has happened", async () => {
  const echo = await startEcho();
  const dead = `tcp://127.0.0.1:${await freePort()}`;
  const balto = await start(
    streaming(
      [
        { name: "echo", to: echo.target, policy: { idleMs: 500 } },
        { name: "dead", to: dead },
        { name: "none", to: echo.target, policy: { deny: ["127.0.0.0/8"] } },
        { name: "sni", sni: [{ names: ["a.test"], to: echo.target }] },
      ],
      [],
      { logLevels: ["debug", "info", "warn", "error"] },
    ),
  );
  const ended = async (stream: string, cause: string): Promise<LogLine> => {
    const find = (): LogLine | undefined =>
      balto.log.find(
        (line) =>
          line.message === "Connection ended" &&
          line["stream"] === stream &&
          line["cause"] === cause,
      );
    await until(`a line of ${stream} about ${cause}`, () => find() !== undefined);
    return find()!;
  };
  const port = await streamPort(balto, "echo");
  const client = await connectTo(port);
  const { localPort } = client.socket;
  await client.send("12345");
  client.end();
  await client.rest();
  expect(await ended("echo", "finished")).toMatchObject({
    level: "debug",
    module: "stream",
    client: "127.0.0.1",
    client_port: localPort,
    backend: `echo-${echo.target}`,
    bytes_in: 5,
    bytes_out: 5,
    duration_ms: expect.any(Number),
  });
  await (await connectTo(port)).rest();
  expect(await ended("echo", "idle")).toMatchObject({ bytes_in: 0, bytes_out: 0 });
  await connectTo(await streamPort(balto, "dead")).catch(() => undefined);
  expect(await ended("dead", "connect-failure")).toMatchObject({ backend: "" });
  await connectTo(await streamPort(balto, "none")).catch(() => undefined);
  await ended("none", "denied");
  const stranger = await connectTo(await streamPort(balto, "sni"));
  await stranger.send("no TLS");
  await ended("sni", "client-hello");
  const told = balto.log.filter(({ message }) => message === "Connection refused");
  expect(told.map(({ stream, side, cause }) => [stream, side, cause])).toEqual([
    ["none", "client", "denied"],
    ["sni", "client", "client-hello"],
  ]);
  const lines = await sums(balto);
  expect(lines.find(({ stream }) => stream === "dead")).toMatchObject({
    connections: 0,
    causes: { "connect-failure": 1 },
  });
});

test("metrics have connections, bytes, durations and endings, by stream and backend", async () => {
  const echo = await startEcho();
  const balto = await start(
    streaming([
      { name: "s", to: echo.target },
      { name: "closed", to: echo.target, policy: { deny: ["127.0.0.0/8"] } },
    ]),
    { workers: 2 },
  );
  const port = await streamPort(balto, "s");
  for (let n = 0; n < 10; n++) {
    const client = await connectTo(port);
    client.post(Buffer.alloc(1_000));
    client.end();
    await client.rest();
  }
  await connectTo(await streamPort(balto, "closed")).catch(() => undefined);
  const open = await connectTo(port);
  await open.send("12345");
  await readBytes(open, 5);
  const of = { stream: "s", backend_id: `s-${echo.target}` };
  let page = await scrape(balto.port);
  await untilAsync("what has ended is counted", async () => {
    page = await scrape(balto.port);
    return page.sum("balto_stream_endings_total") === 11;
  });
  expect(page.sum("balto_stream_connections_total", of)).toBe(11);
  expect(page.sum("balto_stream_connections_total")).toBe(11);
  expect(page.sum("balto_stream_connections_active", of)).toBe(1);
  for (const direction of ["in", "out"]) {
    expect(page.sum("balto_stream_bytes_total", { ...of, direction })).toBe(10_005);
  }
  const duration = "balto_stream_connection_duration_seconds";
  expect(page.sum(`${duration}_count`, of)).toBe(10);
  expect(page.sum(`${duration}_bucket`, { ...of, le: "+Inf" })).toBe(10);
  expect(page.sum(`${duration}_bucket`, { ...of, le: "3600" })).toBe(10);
  expect(page.sum(`${duration}_sum`, of)).toBeGreaterThan(0);
  expect(page.sum("balto_stream_endings_total", { ...of, cause: "finished" })).toBe(10);
  const denied = { stream: "closed", backend_id: "", cause: "denied" };
  expect(page.sum("balto_stream_endings_total", denied)).toBe(1);
  expect(page.lint()).toBe("");
});

test("operators see the backends of streams, and take them out of traffic", async () => {
  const [one, two] = [await startEcho(), await startEcho()];
  const model = streaming({ name: "s", to: [one.target, two.target] });
  const balto = await start(model, {
    env: { BALTO_ADMIN_TOKEN: "0123456789abcdef0123456789abcdef" },
  });
  const port = await streamPort(balto, "s");
  const open = await connectTo(port);
  await open.send("1");
  await readBytes(open, 1);
  const shown = async (): Promise<Record<string, unknown>[]> => {
    const { body } = await ask(balto.port, "GET /balto/backends", ["Host: localhost"]);
    return JSON.parse(body.toString()) as Record<string, unknown>[];
  };
  const before = await shown();
  const ids = [one, two].map(({ target }) => `s-${target}`);
  expect(before.map(({ id, streams, services }) => [id, streams, services])).toEqual(
    ids.map((id) => [id, ["s"], []]),
  );
  expect(new Set(before.map((backend) => backend["in_flight"]))).toEqual(new Set([0, 1]));
  const drained = await ask(
    balto.port,
    `POST /balto/backends/${encodeURIComponent(ids[0]!)}/drain`,
    ["Host: localhost", "Authorization: Bearer 0123456789abcdef0123456789abcdef"],
  );
  expect(drained.status).toBe(200);
  const others = one.peers.length;
  for (let n = 0; n < 4; n++) {
    const client = await connectTo(port);
    client.end();
    await client.rest();
  }
  expect(one.peers.length).toBe(others);
  expect((await shown())[0]).toMatchObject({ id: ids[0], draining: true });
});

test("the access log has a line for each connection, where it is on and in JSON", async () => {
  const echo = await startEcho();
  const accessLog = {
    enabled: true,
    format: "json" as const,
    path: "",
    sampleMillionths: 1_000_000,
    query: false,
  };
  const balto = await start(streaming({ name: "s", to: echo.target }, [], { accessLog }), {
    workers: 2,
  });
  const port = await streamPort(balto, "s");
  for (let n = 0; n < 3; n++) {
    const client = await connectTo(port);
    client.post(Buffer.alloc(1 + n));
    client.end();
    await client.rest();
  }
  const lines = (): LogLine[] => balto.log.filter(({ module }) => module === "access");
  await until("a line for each", () => lines().length >= 3);
  expect(lines().map((line) => [line["stream"], line["bytes_in"], line["cause"]])).toEqual(
    expect.arrayContaining([1, 2, 3].map((bytes) => ["s", bytes, "finished"])),
  );
  expect(lines()[0]).toMatchObject({
    level: "info",
    message: "connection",
    client: "127.0.0.1",
    backend: `s-${echo.target}`,
    total_ms: expect.any(Number),
  });
  balto.signal("SIGTERM");
  await balto.ends();
  expect(lines()).toHaveLength(3);
});

// Issue 2, must hold 3: two hundred reloads in twenty seconds under a client that never retries, and
// nobody notices but for the answers.

import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";

import { expect, test } from "vitest";

import { publish, published, type RouteOptions, serving } from "../harness/artifact.ts";
import type { Answer } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { Load, type LoadRequest } from "../harness/load-client.ts";
import { type Origin, type Received, startOrigin } from "../harness/origin.ts";

const RELOADS = 200;
const RELOAD_EVERY_MS = 100;

/** What an origin says of a request: everything that a generation decides is in it. */
interface Echo {
  origin: number;
  method: string;
  target: string;
  host: string | undefined;
  parameters: string[];
  bytes: number;
  crc: number;
  padding: string;
}

const PADDING_BYTES_MAX = 200_000;

async function echoes(number: number): Promise<Origin> {
  return startOrigin((response, received, request) => {
    request.on("end", () => void answer(response, received, number));
  });
}

/** Large answers come in pieces, so that reloads fall into their middle. */
async function answer(response: ServerResponse, received: Received, origin: number): Promise<void> {
  const size = Number(received.field("x-want") ?? "0");
  const echo: Echo = {
    origin,
    method: received.method,
    target: received.target,
    host: received.field("host"),
    parameters: received.fields
      .filter(([name]) => name.startsWith("X-Param-"))
      .map(([name, value]) => `${name}=${value}`),
    bytes: received.bodyBytes,
    crc: received.bodyCrc,
    padding: "x".repeat(size),
  };
  const bytes = Buffer.from(JSON.stringify(echo));
  if (size === 0) return void response.end(bytes);
  const half = Math.floor(bytes.length / 2);
  response.write(bytes.subarray(0, half));
  await sleep(20);
  response.end(bytes.subarray(half));
}

const bodies = [0, 10, 5_000, 150_000].map((size) => Buffer.alloc(size, `${size} bytes `));

function request(n: number): LoadRequest {
  const body = bodies[n % bodies.length]!;
  const want = n % 16 === 3 ? PADDING_BYTES_MAX : n % 16 === 7 ? 20_000 : 0;
  const fields = [`X-Want: ${want}`, `Host: ${n % 10 === 0 ? "only-amber.test" : "load.test"}`];
  if (n % 3 !== 0) return { line: `GET /v${n}/x?q=${n}`, fields };
  return { line: `POST /v${n}/x?q=${n}`, fields, body };
}

/** The one generation that decided everything about an answer. */
function generationOf(answered: Answer, asked: LoadRequest, n: number): string {
  const isOnlyAmber = n % 10 === 0;
  if (isOnlyAmber && answered.status === 404) {
    expect(answered.text).toBe("route not found\n");
    return "coral";
  }
  expect(answered.status).toBe(200);
  const echo = JSON.parse(answered.text) as Echo;
  const host = isOnlyAmber ? "only-amber.test" : "load.test";
  const name = echo.target.split("/")[1]!;
  expect(["amber", "coral"]).toContain(name);
  expect(echo.target).toBe(`/${name}/v${n}/x?q=${n}`);
  expect(echo.parameters).toEqual(isOnlyAmber ? [] : [`X-Param-${name}=v${n}`]);
  expect(name === "amber" ? [0, 1] : [1, 2]).toContain(echo.origin);
  if (name === "amber") expect(echo.host).toBe(host);
  else expect(echo.host).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(echo.method).toBe(asked.line.split(" ", 1)[0]);
  const body = Buffer.from(asked.body ?? "");
  expect([echo.bytes, echo.crc]).toEqual([body.length, crc32(body)]);
  expect(echo.padding.length).toBe(Number(/\d+/.exec(asked.fields![0]!)![0]));
  return name;
}

test("two hundred reloads lose no request, close no connection and mix no generations", async () => {
  const origins = [await echoes(0), await echoes(1), await echoes(2)] as const;
  const routes = (name: string, to: Origin[], preserveHost: boolean): RouteOptions => ({
    // One pool over both generations: the middle origin stays, the others come and go.
    name: "load",
    domains: ["load.test"],
    pattern: `/:${name}/*`,
    to: to.map(({ url }) => `${url}/${name}`),
    preserveHost,
  });
  const amber = serving([
    routes("amber", [origins[0], origins[1]], true),
    {
      name: "only",
      domains: ["only-amber.test"],
      to: `${origins[1].url}/amber`,
      preserveHost: true,
    },
  ]);
  const coral = serving(routes("coral", [origins[1], origins[2]], false));

  const path = published(amber);
  const balto = await start(path, { workers: 2 });
  const load = new Load({
    port: balto.port,
    keepAlive: 8,
    perRequest: 4,
    idle: 40,
    request,
    generationOf,
  });
  const startedAt = performance.now();
  for (let reload = 1; reload <= RELOADS; reload++) {
    const from = balto.log.length;
    publish(path, reload % 2 === 1 ? coral : amber);
    await balto.says("Artifact loaded", from);
    await sleep(Math.max(0, startedAt + reload * RELOAD_EVERY_MS - performance.now()));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { lost, closed, answered, generations } = await load.stop();

  expect(lost).toEqual([]);
  expect(closed).toEqual([]);
  const loaded = balto.log.filter(({ message }) => message === "Artifact loaded");
  expect(loaded.length).toBe(RELOADS);
  expect(balto.log.length).toBe(RELOADS + 1);
  // Twenty seconds, and room for the neighbours on the machine.
  expect(seconds).toBeLessThan(40);
  for (const name of ["amber", "coral"]) expect(generations.get(name)).toBeGreaterThan(100);
  for (const count of Object.values(answered)) expect(count).toBeGreaterThan(100);
  expect(generations.size).toBe(2);
}, 90_000);

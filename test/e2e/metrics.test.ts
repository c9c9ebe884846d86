// What is counted, read off the page and by a real Prometheus, under a load that is known.

import { once } from "node:events";

import { expect, test } from "vitest";
import { WebSocket } from "ws";

import { publish, published, serving } from "../harness/artifact.ts";
import {
  inOrder,
  neverAnswers,
  resets,
  RETRY_ALL,
  startBadBackend,
} from "../harness/bad-backends.ts";
import { ask, Client } from "../harness/client.ts";
import { launch, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { hasPrometheus, startPrometheus } from "../harness/prometheus.ts";
import { scrape } from "../harness/scrape.ts";
import { until, untilAsync } from "../harness/until.ts";
import { startWebSocketOrigin } from "../harness/websocket-origin.ts";
import { WORKER_FAULTS } from "../harness/worker-faults.ts";

test("counts, bytes and histograms are those of the requests that were made", async () => {
  const origin = await startOrigin((response, { target }) => {
    response.statusCode = target.endsWith("/missing") ? 404 : 200;
    response.end("twelve bytes");
  });
  const balto = await start(
    serving([
      { name: "users", domains: ["a.test"], pattern: "/users/:id", to: origin },
      { name: "shop", domains: ["b.test"], pattern: "/users/:id", to: origin },
    ]),
    { workers: 2 },
  );
  const get = async (host: string, path: string): Promise<void> =>
    void (await ask(balto.port, `GET ${path}`, [`Host: ${host}`]));
  for (let n = 0; n < 20; n++) await get("a.test", "/users/1");
  for (let n = 0; n < 5; n++) await get("b.test", "/users/missing");
  for (let n = 0; n < 3; n++) await get("c.test", "/");
  await ask(balto.port, "POST /users/1", ["Host: a.test"], "12345");
  await ask(balto.port, "PURGE /users/1", ["Host: a.test"]);
  await ask(balto.port, "GET /health");

  const page = await scrape(balto.port);
  const users = { service: "users", route: "/users/:id" };
  const backend = `a.test-${origin.url}`;
  const total = "balto_requests_total";
  const found = { ...users, method: "GET", status_code: "200", backend_id: backend };
  expect(page.sum(total, found)).toBe(20);
  expect(page.sum(total, { service: "shop", status_code: "404" })).toBe(5);
  expect(page.sum(total, { service: "", route: "", status_code: "404" })).toBe(3);
  expect(page.sum(total, { ...users, method: "OTHER" })).toBe(1);
  expect(page.sum(total)).toBe(30);
  expect(page.sum("balto_worker_requests_total")).toBe(30);
  expect(page.sum("balto_request_duration_seconds_count", found)).toBe(20);
  expect(page.sum("balto_request_duration_seconds_bucket", { ...found, le: "+Inf" })).toBe(20);
  expect(page.sum("balto_ttfb_seconds_count", { ...users, method: "GET" })).toBe(20);
  expect(page.sum("balto_request_bytes_total", users)).toBe(5);
  expect(page.sum("balto_response_bytes_total", { ...users, method: "GET" })).toBe(240);
  expect(page.sum("balto_content_transfer_seconds_count", { backend_id: backend })).toBe(22);
  const made = page.sum("balto_upstream_connections_created_total");
  const reused = page.sum("balto_upstream_connections_reused_total");
  expect([made + reused, made]).toEqual([27, origin.connections]);
  expect(page.sum("balto_tcp_connection_seconds_count")).toBe(made);
  expect(page.sum("balto_backend_active_connections")).toBe(0);
  expect(page.sum("balto_connections_accepted_total")).toBeGreaterThanOrEqual(31);
  expect(page.sum("balto_artifact_info", { commit: "" })).toBe(1);
  expect(page.sum("balto_workers")).toBe(2);
  expect(page.sum("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(page.lint()).toBe("");
});

test("the families and labels that dashboards know are there", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  await ask(balto.port, "GET /");
  const page = await scrape(balto.port);
  const labels = (name: string): string[] =>
    [...(page.series(name)[0] ?? "").matchAll(/([a-z_]+)="/g)]
      .map(([, label]) => label!)
      .toSorted();
  const exchange = ["backend_id", "method", "route", "service"];
  expect(labels("balto_requests_total")).toEqual([...exchange, "status_code"].toSorted());
  expect(labels("balto_request_bytes_total")).toEqual(exchange);
  expect(labels("balto_response_bytes_total")).toEqual(exchange);
  expect(labels("balto_ttfb_seconds_bucket")).toEqual([...exchange, "le"].toSorted());
  expect(labels("balto_backend_failures_total")).toEqual(["backend_id", "failure_type"]);
  expect(labels("balto_backend_active_connections")).toEqual(["backend_id"]);
  const bounds = (name: string): string[] =>
    page.series(`${name}_bucket`).map((series) => /le="([^"]+)"/.exec(series)![1]!);
  const latency = ".001 .005 .01 .025 .05 .1 .25 .5 1 2.5 5 10".split(" ").map(Number);
  expect(bounds("balto_request_duration_seconds")).toEqual([...latency.map(String), "+Inf"]);
  const tcp = ".001 .005 .01 .025 .05 .1 .25 .5".split(" ").map(Number);
  expect(bounds("balto_tcp_connection_seconds")).toEqual([...tcp.map(String), "+Inf"]);
  for (const name of ["balto_probe_failures_total", "balto_drops_total", "balto_reloads_total"])
    expect(page.series(name).length).toBeGreaterThan(0);
});

test("failures are told apart, and a client that leaves is a 499", async () => {
  const origin = await startOrigin((response, { target }) => {
    if (target === "/500") response.writeHead(500).end();
    else if (target === "/reset") response.destroy();
    // Everything else waits for ever.
  });
  const balto = await start(
    serving([
      { domains: ["up.test"], to: origin },
      { domains: ["down.test"], to: "http://127.0.0.1:9" },
      { domains: ["slow.test"], to: origin, timeouts: { responseMs: 200 } },
    ]),
  );
  expect((await ask(balto.port, "GET /500", ["Host: up.test"])).status).toBe(500);
  expect((await ask(balto.port, "GET /reset", ["Host: up.test"])).status).toBe(502);
  expect((await ask(balto.port, "GET /", ["Host: down.test"])).status).toBe(502);
  expect((await ask(balto.port, "GET /", ["Host: slow.test"])).status).toBe(504);
  const client = await Client.to(balto.port);
  await client.send("GET /wait HTTP/1.1\r\nHost: up.test\r\n\r\n");
  await until("the request", () => origin.requests.some(({ target }) => target === "/wait"));
  expect((await scrape(balto.port)).sum("balto_backend_active_connections")).toBe(1);
  client.reset();
  await untilAsync("499", async () => {
    const page = await scrape(balto.port);
    return page.sum("balto_requests_total", { status_code: "499" }) === 1;
  });
  await ask(balto.port, "NO:METHOD /", ["Host: up.test"]);
  const page = await scrape(balto.port);
  const failures = (backend: string, type: string): number =>
    page.sum("balto_backend_failures_total", { backend_id: backend, failure_type: type });
  expect(failures(`up.test-${origin.url}`, "http_error")).toBe(1);
  expect(failures(`up.test-${origin.url}`, "connection_error")).toBe(1);
  expect(failures("down.test-http://127.0.0.1:9", "connection_error")).toBe(1);
  expect(failures(`slow.test-${origin.url}`, "connection_error")).toBe(1);
  expect(page.sum("balto_drops_total", { reason: "malformed_request" })).toBe(1);
  expect(page.sum("balto_backend_active_connections")).toBe(0);
});

test("where a request's whole time is over, each attempt under way has failed, and none twice", async () => {
  const resetting = await startBadBackend(resets);
  const [first, second] = await Promise.all([neverAnswers, neverAnswers].map(startBadBackend));
  const timeouts = { requestMs: 400 };
  const balto = await start(
    serving([
      {
        domains: ["paused.test"],
        to: resetting,
        timeouts,
        retry: {
          ...RETRY_ALL,
          backoff: { initialMs: 9_000, maxMs: 9_000, multiplierPercent: 100, jitterPercent: 0 },
        },
      },
      {
        domains: ["hedged.test"],
        to: inOrder(first!, second!),
        timeouts,
        hedgeAfterMs: 50,
        retry: { budgetPercent: 1_000 },
      },
    ]),
  );
  expect((await ask(balto.port, "GET /", ["Host: paused.test"])).status).toBe(504);
  expect((await ask(balto.port, "GET /", ["Host: hedged.test"])).status).toBe(504);
  const page = await scrape(balto.port);
  const failures = (backend: string): number =>
    page.sum("balto_backend_failures_total", { backend_id: backend });
  expect(failures(`paused.test-${resetting.url}`)).toBe(1);
  expect(failures(`hedged.test-${first!.url}`)).toBe(1);
  expect(failures(`hedged.test-${second!.url}`)).toBe(1);
});

test("what is no route any more is no series any more, and what stays goes on", async () => {
  const origin = await startOrigin();
  const routes = [
    { name: "old", domains: ["old.test"], to: origin },
    { name: "kept", domains: ["kept.test"], to: origin },
  ];
  const path = published(serving(routes));
  const balto = await start(path, { workers: 2 });
  for (let n = 0; n < 8; n++) {
    await ask(balto.port, "GET /", ["Host: old.test"]);
    await ask(balto.port, "GET /", ["Host: kept.test"]);
  }
  expect((await scrape(balto.port)).sum("balto_requests_total", { service: "old" })).toBe(8);
  publish(path, serving(routes.slice(1)));
  await balto.says("Artifact loaded");
  const page = await scrape(balto.port);
  expect(page.text).not.toMatch(/service="old"|old\.test/);
  expect(page.sum("balto_requests_total", { service: "kept" })).toBe(8);
  expect(page.sum("balto_reloads_total", { result: "loaded" })).toBe(1);
  expect(page.sum("balto_artifact_generation")).toBe(2);

  publish(path, Buffer.from("no artifact"));
  await balto.says("Artifact refused, the last good one goes on serving");
  const refused = await scrape(balto.port);
  expect(refused.sum("balto_reloads_total", { result: "refused" })).toBe(1);
  expect(refused.sum("balto_last_reload_successful")).toBe(0);

  publish(path, serving(routes));
  await untilAsync("both routes", async () => {
    const answer = await ask(balto.port, "GET /", ["Host: old.test"]);
    return answer.status === 200;
  });
  for (let n = 0; n < 4; n++) await ask(balto.port, "GET /", ["Host: kept.test"]);
  const again = await scrape(balto.port);
  expect(again.sum("balto_requests_total", { service: "kept" })).toBe(12);
  expect(again.sum("balto_requests_total", { service: "old", status_code: "200" })).toBe(1);
});

test("a worker that dies takes no count with it", async () => {
  const origin = await startOrigin();
  const balto = await launch(serving({ to: origin }), { workers: 1, env: WORKER_FAULTS }).serves();
  for (let n = 0; n < 5; n++) await ask(balto.port, "GET /");
  balto.child.stdin!.write("throw 0\n");
  await balto.says("Worker replaced");
  for (let n = 0; n < 5; n++) await ask(balto.port, "GET /");
  const page = await scrape(balto.port);
  expect(page.sum("balto_requests_total", { status_code: "200" })).toBe(10);
  expect(page.sum("balto_worker_deaths_total")).toBe(1);
});

test("a WebSocket is a tunnel until it is over", async () => {
  const origin = await startWebSocketOrigin();
  const balto = await start(serving({ to: origin }));
  const socket = new WebSocket(`ws://127.0.0.1:${balto.port}/`);
  await once(socket, "open");
  expect((await scrape(balto.port)).sum("balto_tunnels")).toBe(1);
  socket.close();
  await untilAsync("no tunnel", async () => (await scrape(balto.port)).sum("balto_tunnels") === 0);
  const page = await scrape(balto.port);
  expect(page.sum("balto_requests_total", { status_code: "101" })).toBe(1);
  expect(page.sum("balto_backend_active_connections")).toBe(0);
});

test("with metrics turned off there is no page", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }, { metricsEnabled: false }));
  const answer = await ask(balto.port, "GET /balto/metrics", ["Host: localhost"]);
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.text)).toEqual({
    error: "metrics are turned off: global.metrics.enabled",
  });
});

test.skipIf(!hasPrometheus)(
  "a real Prometheus reads the numbers of a known load",
  async () => {
    const origin = await startOrigin((response, { target }) => {
      response.statusCode = target === "/bad" ? 503 : 200;
      response.end("0123456789");
    });
    const routes = [
      // Every answer is the backend's, however many are bad in a row.
      {
        name: "users",
        domains: ["*"],
        to: origin,
        policy: { breaker: undefined, passive: undefined },
      },
      { name: "gone", domains: ["gone.test"], to: origin },
    ];
    const path = published(serving(routes));
    const balto = await start(path, { workers: 2 });
    const prometheus = await startPrometheus(`localhost:${balto.port}`);
    const clients = await Promise.all(Array.from({ length: 8 }, () => Client.to(balto.port)));
    await Promise.all(
      clients.map(async (client) => {
        for (let n = 0; n < 50; n++) await client.ask("GET /good");
        for (let n = 0; n < 5; n++) await client.ask("GET /bad");
      }),
    );
    await ask(balto.port, "GET /", ["Host: gone.test"]);
    const reads = async (expression: string, expected: number): Promise<void> => {
      let value: number | undefined;
      await untilAsync(
        `${expression} is ${expected}`,
        async () => (value = await prometheus.value(expression)) === expected,
        20_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; it is ${value}`);
      });
    };
    await reads('up{job="balto"}', 1);
    await reads('sum(balto_requests_total{service="users",status_code="200"})', 400);
    await reads('sum(balto_requests_total{service="users",status_code=~"5.."})', 40);
    await reads(
      'sum(balto_requests_total{status_code=~"5.."}) / sum(balto_requests_total{service="users"})',
      40 / 440,
    );
    await reads('sum(balto_response_bytes_total{service="users"})', 4_400);
    await reads("histogram_quantile(1, sum by (le) (balto_ttfb_seconds_bucket)) <= bool 10", 1);
    await reads('sum(balto_request_duration_seconds_bucket{service="users",le="+Inf"})', 440);
    await reads('sum(balto_backend_failures_total{failure_type="http_error"})', 40);
    await reads("sum(balto_worker_requests_total)", 441);
    await reads('count(balto_requests_total{service="gone"})', 1);
    publish(path, serving(routes.slice(0, 1)));
    await reads("balto_artifact_generation", 2);
    await reads('count(balto_requests_total{service="gone"}) or vector(0)', 0);
  },
  120_000,
);

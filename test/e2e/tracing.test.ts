// Request ids and traces, from client to backend and to a collector.

import { expect, test } from "vitest";

import { serving, type SettingOverrides } from "../harness/artifact.ts";
import { ask } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { startOtlpReceiver } from "../harness/otlp.ts";
import { scrape } from "../harness/scrape.ts";
import { until, untilAsync } from "../harness/until.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

function tracing(endpoint: string, more: Partial<SettingOverrides> = {}): SettingOverrides {
  return {
    tracing: { endpoint, serviceName: "edge", sampleMillionths: 1_000_000 },
    trustedProxies: ["127.0.0.0/8"],
    ...more,
  };
}

test("client, backend and every answer of Balto's own name the same id", async () => {
  const origin = await startOrigin((response) => {
    response.setHeader("X-Request-Id", "the backend's own");
    response.end();
  });
  const balto = await start(
    serving([
      { domains: ["up.test"], to: origin },
      { domains: ["down.test"], to: "http://127.0.0.1:9" },
    ]),
  );
  const answer = await ask(balto.port, "GET /", ["Host: up.test", "X-Request-Id: a-stranger's"]);
  const id = answer.field("x-request-id");
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(origin.requests[0]!.all("x-request-id")).toEqual([id]);
  for (const [line, status] of [
    ["GET / HTTP/1.1\r\nHost: down.test", 502],
    ["GET / HTTP/1.1\r\nHost: none.test", 404],
    ["GET / HTTP/1.1\r\nHost: up.test\r\nHost: up.test", 400],
  ] as const) {
    const [first, ...fields] = line.split("\r\n");
    const own = await ask(balto.port, first!, fields);
    expect([own.status, own.all("x-request-id")]).toEqual([
      status,
      [expect.stringMatching(/^[0-9a-f]{32}$/)],
    ]);
  }
});

test("a trusted proxy's id is kept; turned off, ids pass as they are", async () => {
  const origin = await startOrigin((response) => {
    response.setHeader("X-Request-Id", "backend");
    response.end();
  });
  const trusting = await start(serving({ to: origin }, { trustedProxies: ["127.0.0.1/32"] }));
  const kept = await ask(trusting.port, "GET /", ["X-Request-Id: proxy-1"]);
  expect(kept.all("x-request-id")).toEqual(["proxy-1"]);
  expect(origin.requests[0]!.all("x-request-id")).toEqual(["proxy-1"]);
  const off = await start(serving({ to: origin }, { requestId: { enabled: false } }));
  const passed = await ask(off.port, "GET /", ["X-Request-Id: client"]);
  expect(passed.all("x-request-id")).toEqual(["backend"]);
  expect(origin.requests[1]!.all("x-request-id")).toEqual(["client"]);
  expect(origin.requests[1]!.field("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
});

test("without a collector a trace is passed on as it came, or begun", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const parent = `00-${TRACE}-${PARENT}-01`;
  await ask(balto.port, "GET /", [`traceparent: ${parent}`, "tracestate: a=b,c=d"]);
  await ask(balto.port, "GET /", ["TraceParent: 00-broken", "tracestate: a=b"]);
  const [passed, begun] = origin.requests;
  expect(passed!.all("traceparent")).toEqual([parent]);
  expect(passed!.all("tracestate")).toEqual(["a=b,c=d"]);
  expect(begun!.all("traceparent")).toEqual([
    expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/),
  ]);
  expect(begun!.all("tracestate")).toEqual([]);
});

test("a collector gets the spans of a trace, and the backend the last of them", async () => {
  const receiver = await startOtlpReceiver();
  const origin = await startOrigin((response) => void response.writeHead(503).end("no"));
  const balto = await start(
    serving({ name: "users", pattern: "/users/:id", to: origin }, tracing(receiver.url)),
    { workers: 2 },
  );
  const fields = [`traceparent: 00-${TRACE}-${PARENT}-01`, "tracestate: a=b"];
  const answer = await ask(balto.port, "GET /users/7", fields);
  await until("both spans", () => receiver.spans.length === 2);
  const [server, client] = receiver.spans;
  expect(server).toMatchObject({
    traceId: TRACE,
    parentSpanId: PARENT,
    name: "GET /users/:id",
    kind: 2,
    status: { code: 2 },
    resource: { "service.name": "edge" },
    values: {
      "http.request.method": "GET",
      "http.route": "/users/:id",
      "http.response.status_code": 503,
      "url.scheme": "http",
      "client.address": "127.0.0.1",
      "http.response.body.size": 2,
      "balto.service": "users",
      "balto.request_id": answer.field("x-request-id"),
    },
  });
  expect(client).toMatchObject({
    traceId: TRACE,
    parentSpanId: server!.spanId,
    kind: 3,
    values: { "balto.backend": `*-${origin.url}`, "error.type": "503" },
  });
  const [request] = origin.requests;
  expect(request!.all("traceparent")).toEqual([`00-${TRACE}-${client!.spanId}-01`]);
  expect(request!.all("tracestate")).toEqual(["a=b"]);

  await ask(balto.port, "GET /users/8");
  await until("two more", () => receiver.spans.length === 4);
  const begun = receiver.spans.at(-2)!;
  expect(begun.parentSpanId).toBeUndefined();
  expect(origin.requests[1]!.field("traceparent")).toBe(
    `00-${begun.traceId}-${receiver.spans.at(-1)!.spanId}-03`,
  );
  await ask(balto.port, "GET /nothing");
  await until("a span alone", () => receiver.spans.length === 5);
  expect(receiver.spans.at(-1)).toMatchObject({ name: "GET", kind: 2, status: { code: 0 } });
  expect(receiver.refused).toEqual([]);
});

test("what is not sampled is not sent, and what a stranger wants is not either", async () => {
  const receiver = await startOtlpReceiver();
  const origin = await startOrigin();
  const balto = await start(
    serving(
      { to: origin },
      {
        ...tracing(receiver.url, { trustedProxies: [] }),
        tracing: { endpoint: receiver.url, serviceName: "edge", sampleMillionths: 0 },
      },
    ),
  );
  const parent = `00-${TRACE}-${PARENT}-01`;
  await ask(balto.port, "GET /", [`traceparent: ${parent}`]);
  await ask(balto.port, "GET /");
  expect(origin.requests[0]!.field("traceparent")).toBe(parent);
  balto.signal("SIGTERM");
  await balto.ends();
  expect(receiver.spans).toEqual([]);
});

test("a collector that is down for a while gets what waited; traffic does not notice", async () => {
  const receiver = await startOtlpReceiver(503, 429);
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, tracing(receiver.url)));
  for (let n = 0; n < 20; n++) expect((await ask(balto.port, "GET /")).status).toBe(200);
  await balto.says("Traces cannot be sent");
  await until("all spans", () => receiver.spans.length === 40, 30_000);
  await balto.says("Traces are sent again");
  const page = await scrape(balto.port);
  expect(page.sum("balto_spans_sent_total")).toBe(20);
  expect(page.sum("balto_spans_dropped_total")).toBe(0);
}, 60_000);

test("what a collector refuses is dropped and counted", async () => {
  const receiver = await startOtlpReceiver(400);
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, tracing(receiver.url)));
  await ask(balto.port, "GET /");
  await untilAsync("the drop", async () => {
    const page = await scrape(balto.port);
    return page.sum("balto_spans_dropped_total") === 1;
  });
  await ask(balto.port, "GET /");
  await until("the next", () => receiver.spans.length === 2, 20_000);
});

test("the last spans are sent before the process ends", async () => {
  const receiver = await startOtlpReceiver();
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, tracing(receiver.url)));
  await ask(balto.port, "GET /");
  balto.signal("SIGTERM");
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
  await until("the spans", () => receiver.spans.length === 2);
});

test("nobody at the collector's address is a line in the log and no more", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, tracing("http://127.0.0.1:9")));
  expect((await ask(balto.port, "GET /")).status).toBe(200);
  await balto.says("Traces cannot be sent");
  balto.signal("SIGTERM");
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});

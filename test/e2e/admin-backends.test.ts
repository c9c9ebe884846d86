// What operators see of the backends, hear of them, and take out of traffic.

import { expect, onTestFinished, test } from "vitest";

import type { PoolPolicy } from "../../artifact/model.ts";
import { HEALTH_POLICY } from "../fixtures/health-policy.ts";
import { publish, published, serving } from "../harness/artifact.ts";
import { type Answer, ask, Client } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { DnsServer } from "../harness/dns-server.ts";
import { startOrigin } from "../harness/origin.ts";
import { scrape } from "../harness/scrape.ts";
import { until, untilAsync } from "../harness/until.ts";
import { json, LOCAL, TOKEN } from "./admin-plane.ts";

const BREAKER: PoolPolicy["breaker"] = {
  failureThreshold: 3,
  successThreshold: 1,
  timeoutMs: 300,
  halfOpenRequestsMax: 1,
  statuses: [{ first: 500, last: 599 }],
};

interface Shown {
  id: string;
  url: string;
  [field: string]: unknown;
}

async function backends(balto: DataPlane): Promise<Shown[]> {
  return json(await ask(balto.port, "GET /balto/backends", [LOCAL])) as Shown[];
}

function turn(balto: DataPlane, id: string, to: "drain" | "undrain"): Promise<Answer> {
  return ask(balto.port, `POST /balto/backends/${encodeURIComponent(id)}/${to}`, [TOKEN]);
}

/** What is told to those who listen, as it comes. */
async function listen(balto: DataPlane): Promise<{ event: string; data: object }[]> {
  const heard: { event: string; data: object }[] = [];
  const client = await Client.to(balto.port);
  await client.send("GET /balto/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const head = await client.head();
  let text = "";
  void (async () => {
    for await (const bytes of client.body(head)) {
      text += bytes.toString();
      for (let end; (end = text.indexOf("\n\n")) !== -1; text = text.slice(end + 2)) {
        const match = /event: (.*)\ndata: (.*)$/.exec(text.slice(0, end));
        if (match !== null) heard.push({ event: match[1]!, data: JSON.parse(match[2]!) as object });
      }
    }
  })().catch(() => undefined);
  onTestFinished(() => client.close());
  return heard;
}

test("a backend that is drained gets nothing new, in any worker, over a reload too, until it is undrained", async () => {
  let answerLate: (() => void) | undefined;
  const slow = await startOrigin((response, { target }) => {
    if (target === "/late") answerLate = () => response.end("slow");
    else response.end("slow");
  });
  const other = await startOrigin((response) => void response.end("other"));
  const both = { name: "both", to: [slow.url, other.url] };
  const path = published(serving(both));
  const balto = await start(path, { workers: 2 });
  const id = `*-${slow.url}`;
  const clients = await Promise.all(Array.from({ length: 8 }, () => Client.to(balto.port)));
  onTestFinished(() => clients.forEach((client) => client.close()));
  const answers = async (): Promise<Set<string>> => {
    const texts = new Set<string>();
    for (let n = 0; n < 4; n++)
      for (const client of clients) texts.add((await client.ask("GET /")).text);
    return texts;
  };
  expect(await answers()).toEqual(new Set(["slow", "other"]));

  const late = await Promise.all([1, 2].map(() => Client.to(balto.port)));
  const pending = late.map((client) => client.ask("GET /late"));
  await until("the late request", () => answerLate !== undefined);
  await untilAsync("it is in flight", async () => {
    const shown = (await backends(balto)).find((one) => one.id === id);
    return shown?.["in_flight"] === 1;
  });
  const drained = await turn(balto, id, "drain");
  expect([drained.status, json(drained)]).toEqual([
    200,
    expect.objectContaining({ id, draining: true, in_flight: 1 }),
  ]);
  expect(await answers()).toEqual(new Set(["other"]));
  answerLate!();
  expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200]);
  late.forEach((client) => client.close());

  publish(path, serving({ ...both, preserveHost: true }));
  await untilAsync("the reload", async () => {
    const artifact = json(await ask(balto.port, "GET /balto/artifact", [LOCAL]));
    return (artifact as { generation: number }).generation === 2;
  });
  expect(await answers()).toEqual(new Set(["other"]));

  expect(json(await turn(balto, id, "undrain"))).toMatchObject({ id, draining: false });
  expect(await answers()).toEqual(new Set(["slow", "other"]));
});

test("a backend with a name is drained with its endpoints, before it is ever asked", async () => {
  const dns = await DnsServer.start({ "users.test": { a: ["127.0.0.1"] } });
  const named = await startOrigin((response) => void response.end("named"));
  const other = await startOrigin((response) => void response.end("other"));
  const url = `http://users.test:${new URL(named.url).port}`;
  const path = published(serving({ to: [url, other.url] }));
  const balto = await start(path, { workers: 2, env: { BALTO_DNS_SERVERS: dns.address } });
  const id = `*-${url}`;
  expect((await turn(balto, id, "drain")).status).toBe(200);
  const client = await Client.to(balto.port);
  onTestFinished(() => client.close());
  const answers = async (): Promise<Set<string>> => {
    const texts = new Set<string>();
    for (let n = 0; n < 6; n++) texts.add((await client.ask("GET /")).text);
    return texts;
  };
  expect(await answers()).toEqual(new Set(["other"]));
  expect((await turn(balto, id, "undrain")).status).toBe(200);
  expect(await answers()).toContain("named");
  // By now it has endpoints that are known: each says that its name is drained.
  await turn(balto, id, "drain");
  const shown = (await backends(balto)).filter((one) => String(one["id"]).startsWith(id));
  expect(shown.length).toBeGreaterThan(1);
  expect(shown.every((one) => one["draining"] === true)).toBe(true);
  // One that is removed and comes back is a new one.
  publish(path, serving({ to: other }));
  const generation = async (): Promise<unknown> =>
    (json(await ask(balto.port, "GET /balto/artifact", [LOCAL])) as { generation: number })
      .generation;
  await untilAsync("it is gone", async () => (await generation()) === 2);
  await backends(balto);
  await ask(balto.port, "GET /balto/metrics", [LOCAL]);
  publish(path, serving({ to: [url, other.url] }));
  await untilAsync("it is back", async () => (await generation()) === 3);
  expect(await answers()).toContain("named");
});

test("a backend of several pools of a domain is drained in all of them, and measured for each", async () => {
  const shared = await startOrigin((response) => void response.end("shared"));
  const other = await startOrigin((response) => void response.end("other"));
  const at = { domains: ["shop.test"] };
  const balto = await start(
    serving([
      { ...at, name: "a", pattern: "/a", to: [shared.url, other.url] },
      {
        ...at,
        name: "b",
        pattern: "/b",
        to: [shared.url, other.url],
        policy: { breaker: BREAKER },
      },
    ]),
  );
  const client = await Client.to(balto.port);
  onTestFinished(() => client.close());
  const answers = async (path: string): Promise<Set<string>> => {
    const texts = new Set<string>();
    for (let n = 0; n < 6; n++)
      texts.add((await client.ask(`GET ${path}`, ["Host: shop.test"])).text);
    return texts;
  };
  for (const path of ["/a", "/b"])
    expect(await answers(path)).toEqual(new Set(["shared", "other"]));
  const id = `shop.test-${shared.url}`;
  await turn(balto, id, "drain");
  for (const path of ["/a", "/b"]) expect(await answers(path)).toEqual(new Set(["other"]));
  const shown = (await backends(balto)).filter((one) => one["id"] === id);
  expect(shown.map(({ draining }) => draining)).toEqual([true, true]);
  const metrics = await scrape(balto.port);
  expect(metrics.lint()).toBe("");
  expect(metrics.sum("balto_backend_healthy", { backend_id: id })).toBe(2);
  await turn(balto, id, "undrain");
  for (const path of ["/a", "/b"]) expect(await answers(path)).toContain("shared");
});

test("draining is for those who may, of backends that there are", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const path = `/balto/backends/${encodeURIComponent(`*-${origin.url}`)}/drain`;
  expect((await ask(balto.port, `POST ${path}`, [LOCAL])).status).toBe(401);
  const page = await ask(balto.port, `POST ${path}`, [TOKEN, "Origin: http://a.test"]);
  expect(page.status).toBe(403);
  expect((await ask(balto.port, `GET ${path}`, [TOKEN])).status).toBe(405);
  expect((await turn(balto, "*-http://127.0.0.1:1", "drain")).status).toBe(404);
  expect((await backends(balto))[0]!["draining"]).toBe(false);
});

test("a breaker is shown, measured and told of, from open to closed", async () => {
  let status = 500;
  const origin = await startOrigin((response) => void response.writeHead(status).end());
  const balto = await start(
    serving({
      to: origin,
      policy: { algorithm: "ewma", breaker: BREAKER, passive: undefined },
    }),
  );
  const id = `*-${origin.url}`;
  const events = await listen(balto);
  for (let n = 0; n < 3; n++) await ask(balto.port, "GET /");
  const states = (): object[] =>
    events.filter(({ event }) => event === "breaker").map(({ data }) => data);
  await until("it opens", () => states().length >= 1);
  status = 200;
  await untilAsync("it closes", async () => {
    await ask(balto.port, "GET /");
    return states().length >= 3;
  });
  expect(states()).toEqual([
    { backend_id: id, state: "open" },
    { backend_id: id, state: "half-open" },
    { backend_id: id, state: "closed" },
  ]);
  expect((await backends(balto))[0]).toMatchObject({
    breaker: "closed",
    breaker_transitions: { open: 1, "half-open": 1, closed: 1 },
    ewma_ms: expect.any(Number),
  });
  const page = await scrape(balto.port);
  for (const to of ["open", "half_open", "closed"])
    expect(page.sum("balto_circuit_breaker_transitions_total", { backend_id: id, to })).toBe(1);
  expect(page.series("balto_circuit_breaker_state")).toHaveLength(1);
  expect(page.sum("balto_circuit_breaker_state", { backend_id: id })).toBe(0);
  expect(page.lint()).toBe("");
});

test("an open breaker counts as 1", async () => {
  const origin = await startOrigin((response) => void response.writeHead(500).end());
  const breaker = { ...BREAKER, timeoutMs: 600_000 };
  const balto = await start(serving({ to: origin, policy: { breaker, passive: undefined } }));
  for (let n = 0; n < 3; n++) await ask(balto.port, "GET /");
  expect((await ask(balto.port, "GET /")).status).toBe(503);
  expect((await backends(balto))[0]).toMatchObject({ breaker: "open" });
  await untilAsync("the count", async () => {
    const page = await scrape(balto.port);
    return page.sum("balto_circuit_breaker_transitions_total", { to: "open" }) === 1;
  });
  const page = await scrape(balto.port);
  expect(page.sum("balto_circuit_breaker_state", { backend_id: `*-${origin.url}` })).toBe(1);
});

test("health is shown, measured and told of, also of a backend that had no request", async () => {
  let isWell = false;
  const origin = await startOrigin((response) => void response.writeHead(isWell ? 200 : 503).end());
  const health = {
    ...HEALTH_POLICY,
    intervalMs: 50,
    jitterMs: 0,
    timeoutMs: 2_000,
    unhealthyThreshold: 2,
    healthyThreshold: 2,
    initiallyUp: true,
  };
  const balto = await start(serving({ name: "one", to: origin, policy: { health } }));
  const id = `*-${origin.url}`;
  const events = await listen(balto);
  const healthy = async (): Promise<number> =>
    (await scrape(balto.port)).sum("balto_backend_healthy", {
      backend_id: id,
      route: "/*",
      service: "one",
    });
  await untilAsync("it is down", async () => (await backends(balto))[0]!["healthy"] === false);
  expect(await healthy()).toBe(0);
  expect(
    (await scrape(balto.port)).sum("balto_probe_failures_total", { backend_id: id }),
  ).toBeGreaterThan(1);
  isWell = true;
  await until("it is told to be up", () =>
    events.some(
      ({ event, data }) => event === "health" && "healthy" in data && data.healthy === true,
    ),
  );
  expect((await backends(balto))[0]).toMatchObject({ healthy: true });
  expect(await healthy()).toBe(1);
});

test("a backend that a request has waited for in vain is known to be as slow as that", async () => {
  const silent = await startOrigin(() => undefined);
  const requestMs = 2_500;
  const balto = await start(
    serving({ to: silent, policy: { algorithm: "ewma" }, timeouts: { requestMs } }),
  );
  expect((await ask(balto.port, "GET /")).status).toBe(504);
  const [shown] = await backends(balto);
  expect(shown!["ewma_ms"]).toBeGreaterThan(requestMs - 100);
});

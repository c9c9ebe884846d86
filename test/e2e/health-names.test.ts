// Backends with names: each address is an endpoint, asked for again and again of a real name server.

import { expect, test } from "vitest";

import type { PoolPolicy } from "../../artifact/model.ts";
import { HEALTH_POLICY } from "../fixtures/health-policy.ts";
import { publish, published, type RouteOptions, serving } from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { type DataPlane, launch, start } from "../harness/data-plane.ts";
import { type DnsRecords, DnsServer } from "../harness/dns-server.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";
import { sleep } from "../harness/until.ts";

/** Often enough for a test. */
const REFRESH_MS = 200;

const named = (url: string, policy: Partial<PoolPolicy> = {}): RouteOptions => ({
  to: url,
  policy: { dns: { refreshMs: REFRESH_MS, family: "auto" }, ...policy },
});

/** Origins on addresses of their own, all on one port, that say their address. */
async function startOrigins(...hosts: string[]): Promise<{ port: number; origins: Origin[] }> {
  const origins: Origin[] = [];
  for (const host of hosts) {
    const port = origins[0]?.port ?? 0;
    origins.push(await startOrigin((response) => void response.end(host), { host, port }));
  }
  return { port: origins[0]!.port, origins };
}

async function startNamed(
  artifact: Uint8Array | string,
  dns: DnsServer,
  workers = 1,
): Promise<DataPlane> {
  return start(artifact, { workers, env: { BALTO_DNS_SERVERS: dns.address } });
}

/** How often each of so many requests was answered with which text. */
async function answers(balto: DataPlane, count: number): Promise<Record<string, number>> {
  const texts: Record<string, number> = {};
  for (let n = 0; n < count; n++) {
    const answer = await ask(balto.port, "GET /");
    const text = answer.status === 200 ? answer.text : String(answer.status);
    texts[text] = (texts[text] ?? 0) + 1;
  }
  return texts;
}

/** Waits until requests are answered from these places and no others. */
async function answeredBy(balto: DataPlane, ...hosts: string[]): Promise<void> {
  const wanted = JSON.stringify(hosts.toSorted());
  let seen = "";
  for (let attempt = 0; attempt < 100; attempt++) {
    seen = JSON.stringify(Object.keys(await answers(balto, 10)).toSorted());
    if (seen === wanted) return;
  }
  throw new Error(`answered by ${seen}, not ${wanted}\n${balto.report()}`);
}

const users = (records: DnsRecords): Promise<DnsServer> =>
  DnsServer.start({ "users.test": records });

test("the first request to a name waits for DNS and is answered", async () => {
  const dns = await users({ a: ["127.0.0.1"] });
  const { port, origins } = await startOrigins("127.0.0.1");
  const balto = await startNamed(serving(named(`http://users.test:${port}`)), dns);
  expect(await answers(balto, 1)).toEqual({ "127.0.0.1": 1 });
  expect(origins[0]!.requests[0]!.field("host")).toBe(`users.test:${port}`);
});

test("each address of a name gets its turn, in all workers", async () => {
  const dns = await users({ a: ["127.0.0.2", "127.0.0.1", "127.0.0.3"] });
  const { port } = await startOrigins("127.0.0.1", "127.0.0.2", "127.0.0.3");
  const balto = await startNamed(serving(named(`http://users.test:${port}`)), dns, 2);
  await answeredBy(balto, "127.0.0.1", "127.0.0.2", "127.0.0.3");
  expect(await answers(balto, 30)).toEqual({ "127.0.0.1": 10, "127.0.0.2": 10, "127.0.0.3": 10 });
});

test("addresses come and go as the name server says, and connections to those that stay are kept", async () => {
  const dns = await users({ a: ["127.0.0.1", "127.0.0.2"] });
  const { port, origins } = await startOrigins("127.0.0.1", "127.0.0.2", "127.0.0.3");
  const balto = await startNamed(serving(named(`http://users.test:${port}`)), dns);
  const client = await Client.to(balto.port);
  await answeredBy(balto, "127.0.0.1", "127.0.0.2");
  const { connections } = origins[0]!;
  dns.records.set("users.test", { a: ["127.0.0.1", "127.0.0.3"] });
  const line = await balto.says("Name leads elsewhere");
  expect(line).toMatchObject({ module: "dns", host: "users.test", endpoints: 2 });
  expect([line["added"], line["removed"]]).toEqual([["127.0.0.3"], ["127.0.0.2"]]);
  await answeredBy(balto, "127.0.0.1", "127.0.0.3");
  expect(origins[0]!.connections).toBe(connections);
  expect((await client.ask("GET /")).status).toBe(200);
});

test("a request under way on an address that has gone is finished", async () => {
  const dns = await users({ a: ["127.0.0.1"] });
  let release = (): void => {};
  const slow = await startOrigin((response) => {
    release = () => response.end("slow");
  });
  const { port } = slow;
  await startOrigin((response) => void response.end("next"), { host: "127.0.0.2", port });
  const balto = await startNamed(serving(named(`http://users.test:${port}`)), dns);
  const waiting = ask(balto.port, "GET /");
  await slow.request(0);
  dns.records.set("users.test", { a: ["127.0.0.2"] });
  await balto.says("Name leads elsewhere");
  await answeredBy(balto, "next");
  release();
  expect((await waiting).text).toBe("slow");
});

test("when the name server goes away, what it said last is used on", async () => {
  const dns = await users({ a: ["127.0.0.1", "127.0.0.2"] });
  const { port } = await startOrigins("127.0.0.1", "127.0.0.2");
  const balto = await startNamed(serving(named(`http://users.test:${port}`)), dns, 2);
  await answeredBy(balto, "127.0.0.1", "127.0.0.2");
  dns.isSilent = true;
  const line = await balto.says("Name cannot be resolved, its last endpoints stay");
  expect(line).toMatchObject({ level: "warn", module: "dns", host: "users.test" });
  await answeredBy(balto, "127.0.0.1", "127.0.0.2");
  dns.isSilent = false;
  dns.records.set("users.test", { a: ["127.0.0.2"] });
  await balto.says("Name resolved again");
  await answeredBy(balto, "127.0.0.2");
});

test("a name that is deleted keeps its last endpoints, too", async () => {
  const dns = await users({ a: ["127.0.0.1"] });
  const { port } = await startOrigins("127.0.0.1");
  const balto = await startNamed(serving(named(`http://users.test:${port}`)), dns);
  await answeredBy(balto, "127.0.0.1");
  dns.records.delete("users.test");
  expect((await balto.says("Name cannot be resolved, its last endpoints stay"))["error"]).toBe(
    "ENOTFOUND",
  );
  expect(await answers(balto, 5)).toEqual({ "127.0.0.1": 5 });
});

test("a name that leads nowhere is 502, until it leads somewhere", async () => {
  const dns = await DnsServer.start();
  const { port } = await startOrigins("127.0.0.1");
  const policy = { breaker: undefined };
  const balto = await startNamed(serving(named(`http://users.test:${port}`, policy)), dns);
  expect((await ask(balto.port, "GET /")).status).toBe(502);
  await balto.says("Name cannot be resolved, it has no endpoints");
  dns.records.set("users.test", { a: ["127.0.0.1"] });
  await balto.says("Name resolved again");
  expect(await answers(balto, 5)).toEqual({ "127.0.0.1": 5 });
});

test("a failed connection makes the name be asked for at once, not at its next turn", async () => {
  const dns = await users({ a: ["127.0.0.2"] });
  const { port } = await startOrigins("127.0.0.1");
  const policy: Partial<PoolPolicy> = {
    dns: { refreshMs: 3_600_000, family: "auto" },
    breaker: undefined,
  };
  const balto = await startNamed(serving(named(`http://users.test:${port}`, policy)), dns);
  // Nobody listens there, and the first answer is more than a second old when that shows.
  expect((await ask(balto.port, "GET /")).status).toBe(502);
  dns.records.set("users.test", { a: ["127.0.0.1"] });
  await answeredBySoon(balto);
});

/** Asks until the name has been asked for again: once a second at most. */
async function answeredBySoon(balto: DataPlane): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await ask(balto.port, "GET /")).status === 200) return;
    await sleep(100);
  }
  throw new Error(`never answered\n${balto.report()}`);
}

test("SRV records say where, with ports and weights, and lower priorities come first", async () => {
  const origins = await Promise.all(
    ["one", "two", "spare"].map((name) => startOrigin((response) => void response.end(name))),
  );
  const [one, two, spare] = origins as [Origin, Origin, Origin];
  const srv = [
    { target: "a.users.test", port: one.port, priority: 1, weight: 30 },
    { target: "a.users.test", port: two.port, priority: 1, weight: 10 },
    { target: "a.users.test", port: spare.port, priority: 2, weight: 10 },
  ];
  const dns = await DnsServer.start({
    "_http._tcp.users.test": { srv },
    "a.users.test": { a: ["127.0.0.1"] },
  });
  const policy: Partial<PoolPolicy> = { algorithm: "weighted-rr" };
  const balto = await startNamed(serving(named("http://_http._tcp.users.test", policy)), dns);
  await answeredBy(balto, "one", "two");
  expect(await answers(balto, 40)).toEqual({ one: 30, two: 10 });
  expect(one.requests[0]!.field("host")).toBe("users.test");
  dns.records.set("_http._tcp.users.test", { srv: srv.slice(2) });
  await answeredBy(balto, "spare");
});

test("health is each endpoint's own, and stays with those that stay", async () => {
  const dns = await users({ a: ["127.0.0.1", "127.0.0.2"] });
  const ill = new Set(["127.0.0.2"]);
  const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
  let port = 0;
  for (const host of hosts) {
    const origin = await startOrigin(
      (response, { target }) => {
        if (target === HEALTH_POLICY.path && ill.has(host)) response.writeHead(500);
        response.end(host);
      },
      { host, port },
    );
    ({ port } = origin);
  }
  const health = {
    ...HEALTH_POLICY,
    intervalMs: 100,
    jitterMs: 0,
    unhealthyThreshold: 2,
    healthyThreshold: 2,
  };
  const url = `http://users.test:${port}`;
  const path = published(serving(named(url, { health, panicPercent: 0 })));
  const balto = await startNamed(path, dns, 2);
  const down = await balto.says("Backend down");
  expect(down["backend_id"]).toBe(`*-${url} (127.0.0.2)`);
  await answeredBy(balto, "127.0.0.1");
  dns.records.set("users.test", { a: hosts });
  await balto.says("Name leads elsewhere");
  await answeredBy(balto, "127.0.0.1", "127.0.0.3");
  // Over a reload, too.
  const from = balto.log.length;
  publish(path, serving(named(url, { health, panicPercent: 0, slowStartMs: 1 })));
  await balto.says("Artifact loaded", from);
  await answeredBy(balto, "127.0.0.1", "127.0.0.3");
  ill.clear();
  await balto.says("Backend up");
  await answeredBy(balto, ...hosts);
  expect(balto.log.filter(({ message }) => message === "Backend down")).toHaveLength(1);
});

test("a name is asked for once for the process, however many workers use it", async () => {
  const dns = await users({ a: ["127.0.0.1"] });
  const { port } = await startOrigins("127.0.0.1");
  const policy: Partial<PoolPolicy> = { dns: { refreshMs: 3_600_000, family: "ipv4" } };
  const balto = await startNamed(serving(named(`http://users.test:${port}`, policy)), dns, 4);
  expect(await answers(balto, 40)).toEqual({ "127.0.0.1": 40 });
  expect(dns.questions).toEqual(["users.test a"]);
});

test("localhost and addresses are not asked for of name servers", async () => {
  const dns = await DnsServer.start();
  const { port } = await startOrigins("127.0.0.1");
  const balto = await startNamed(serving(named(`http://localhost:${port}`)), dns);
  expect(await answers(balto, 3)).toEqual({ "127.0.0.1": 3 });
  expect(dns.questions).toEqual([]);
});

test("name servers that are none are refused at the start", async () => {
  const balto = launch(serving({ to: "http://127.0.0.1:1" }), {
    env: { BALTO_DNS_SERVERS: "dns.example.com" },
  });
  expect(await balto.ends()).toEqual({ code: 64, signal: null });
  expect(balto.stderr).toContain("BALTO_DNS_SERVERS");
});

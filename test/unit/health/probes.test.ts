/** Probes: what they take for well, of real servers. */
import { expect, test } from "vitest";

import { type BackendAddress, parseBackendUrl } from "../../../artifact/address.ts";
import type { HealthPolicy } from "../../../artifact/model.ts";
import { probeHttp } from "../../../dataplane/health/http-probe.ts";
import { type ProbeTarget, probeTarget } from "../../../dataplane/health/probe-target.ts";
import { verdictOf } from "../../../dataplane/health/probe-connection.ts";
import { probeTcp } from "../../../dataplane/health/tcp-probe.ts";
import { HEALTH_POLICY } from "../../fixtures/health-policy.ts";
import { makeCertificate } from "../../harness/certificate.ts";
import { startDeafListener } from "../../harness/deaf-listener.ts";
import { freePort } from "../../harness/free-port.ts";
import { MortalOrigin } from "../../harness/mortal-origin.ts";
import { type Answerer, startOrigin } from "../../harness/origin.ts";
import { startRawOrigin } from "../../harness/raw-origin.ts";
import { until } from "../../harness/until.ts";

const policy: HealthPolicy = { ...HEALTH_POLICY, timeoutMs: 5_000 };

const targetOf = (url: string, overrides: Partial<HealthPolicy> = {}): ProbeTarget =>
  probeTarget(parseBackendUrl(url) as BackendAddress, undefined, { ...policy, ...overrides });

const status =
  (code: number, fields: Record<string, string> = {}): Answerer =>
  (response) => {
    response.writeHead(code, fields).end();
  };

test("a probe asks for its path with its method and fields, on a connection of its own each time", async () => {
  const origin = await startOrigin();
  const headers = [{ name: "X-Probe", value: "1" }];
  const target = targetOf(`${origin.url}/base`, { method: "HEAD", headers });
  expect(await probeHttp(target)).toBe("");
  expect(await probeHttp(target)).toBe("");
  const received = await origin.complete(0);
  expect(received).toMatchObject({ method: "HEAD", target: "/api/health", bodyBytes: 0 });
  expect(received.field("host")).toBe(`127.0.0.1:${origin.port}`);
  expect(received.field("x-probe")).toBe("1");
  expect(received.field("user-agent")).toBe("balto-health");
  expect(received.field("connection")).toBe("close");
  expect(origin.connections).toBe(2);
});

test("host and port may be others than the backend's", async () => {
  const origin = await startOrigin();
  const target = targetOf("http://127.0.0.1:1", { host: "users.test", port: origin.port });
  expect(await probeHttp(target)).toBe("");
  expect((await origin.request(0)).field("host")).toBe("users.test");
});

test("a configured field stands instead of its default", async () => {
  const origin = await startOrigin();
  const headers = [{ name: "User-Agent", value: "mine" }];
  expect(await probeHttp(targetOf(origin.url, { headers }))).toBe("");
  expect((await origin.request(0)).all("user-agent")).toEqual(["mine"]);
});

test.each([
  [200, ""],
  [204, ""],
  [302, ""],
  [404, "status 404"],
  [500, "status 500"],
])("status %i is %j where 200-399 is expected", async (code, verdict) => {
  const origin = await startOrigin(status(code, { Location: "/elsewhere" }));
  expect(await probeHttp(targetOf(origin.url))).toBe(verdict);
  expect(origin.requests.map(({ target }) => target)).toEqual(["/api/health"]);
});

test("only the statuses that are listed are well", async () => {
  const expectedStatus = [
    { first: 200, last: 200 },
    { first: 404, last: 404 },
  ];
  const verdicts: string[] = [];
  for (const code of [200, 201, 404]) {
    const origin = await startOrigin(status(code));
    verdicts.push((await probeHttp(targetOf(origin.url, { expectedStatus }))) ?? "none");
  }
  expect(verdicts).toEqual(["", "status 201", ""]);
});

test("an interim answer is not the answer", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
  });
  expect(await probeHttp(targetOf(origin.url))).toBe("status 503");
});

test.each([
  ["in one piece", ["all is well here"], ""],
  ["across two pieces", ["all is we", "ll here"], ""],
  ["not at all", ["nothing here"], "the expected text is not in its body"],
  ["at the end of the first 64 KiB", ["x".repeat(65_536 - 11), "all is well", "y"], ""],
  [
    "across the end of the first 64 KiB",
    ["x".repeat(65_536 - 10), "all is well", "y"],
    "the expected text is not in its body",
  ],
])("a text is looked for in the body: %s", async (_, pieces, verdict) => {
  const origin = await startOrigin(async (response) => {
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  expect(await probeHttp(targetOf(origin.url, { expectedBody: "all is well" }))).toBe(verdict);
});

test("an endless body is not read to its end", async () => {
  const origin = await startOrigin((response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(16_384)));
    };
    response.on("drain", more);
    more();
  });
  expect(await probeHttp(targetOf(origin.url))).toBe("");
  expect(await probeHttp(targetOf(origin.url, { expectedBody: "well" }))).toBe(
    "the expected text is not in its body",
  );
  await until("the connections closed", () => origin.requests.every(({ isAborted }) => isAborted));
});

test.each([
  ["never answers", ""],
  ["sends half a head", "HTTP/1.1 200 OK\r\nContent-"],
])("a backend that %s is not well, and its connection is closed", async (_, sent) => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send(sent);
  });
  expect(await probeHttp(targetOf(origin.url, { timeoutMs: 200 }))).toBe("no answer within 200 ms");
  await until("the connection closed", () => origin.peers[0]!.ending !== undefined);
});

test("an answer without its whole body is none", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    if (peer.index > 0) peer.reset();
  });
  expect(await probeHttp(targetOf(origin.url, { timeoutMs: 200 }))).toBe("no answer within 200 ms");
  expect(await probeHttp(targetOf(origin.url))).toMatch(/ECONNRESET|other side closed|terminated/);
});

test("what is no HTTP is not well", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("SSH-2.0-OpenSSH_9.2\r\n");
  });
  expect(await probeHttp(targetOf(origin.url))).toMatch(/HTTP|Parse|Expected/i);
});

test("a connection that is refused or cut off has its reason", async () => {
  const port = await freePort();
  expect(await probeHttp(targetOf(`http://127.0.0.1:${port}`))).toContain("ECONNREFUSED");
  expect(await probeTcp(targetOf(`http://127.0.0.1:${port}`, { type: "tcp" }))).toContain(
    "ECONNREFUSED",
  );
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    peer.reset();
  });
  expect(await probeHttp(targetOf(origin.url))).toMatch(/ECONNRESET|other side closed/);
});

test("localhost is well where either of its addresses is", async () => {
  const origin = await startOrigin();
  expect(await probeHttp(targetOf(`http://localhost:${origin.port}`))).toBe("");
  const tcp = targetOf(`http://localhost:${origin.port}`, { type: "tcp" });
  expect(await probeTcp(tcp)).toBe("");
  const port = await freePort();
  expect(await probeTcp(targetOf(`http://localhost:${port}`, { type: "tcp" }))).toContain(
    "ECONNREFUSED",
  );
});

test("a connection is enough for a TCP probe, whatever answers there", async () => {
  const origin = await startRawOrigin();
  expect(await probeTcp(targetOf(origin.url, { type: "tcp" }))).toBe("");
});

test("a TCP probe waits no longer than its limit", async () => {
  const port = await startDeafListener();
  const target = targetOf(`http://127.0.0.1:${port}`, { type: "tcp", timeoutMs: 200 });
  expect(await probeTcp(target)).toBe("no connection within 200 ms");
});

test("a certificate that requests would not accept is not well", async () => {
  const certificate = makeCertificate("probe");
  const origin = await startOrigin(undefined, { certificate });
  expect(await probeHttp(targetOf(origin.url))).toMatch(/self.signed/);
});

test("HTTP is spoken as the backend speaks it, unless the probe says otherwise", () => {
  const isTls = (url: string, overrides: Partial<HealthPolicy>): boolean =>
    targetOf(url, overrides).isTls;
  expect(isTls("http://a.test", { type: "http" })).toBe(false);
  expect(isTls("https://a.test", { type: "http" })).toBe(true);
  expect(isTls("https://a.test", { type: "http", port: 8080 })).toBe(false);
  expect(isTls("http://a.test", { type: "https" })).toBe(true);
  expect(isTls("https://a.test", { type: "https", port: 8443 })).toBe(true);
});

test("the name for SNI and Host is the backend's, without the labels of SRV", () => {
  const endpoint = { address: "10.0.0.1", port: 8001, weight: 1, priority: 0, target: "a.test" };
  const address = parseBackendUrl("https://_http._tcp.users.test") as BackendAddress;
  expect(probeTarget(address, endpoint, policy)).toMatchObject({
    address: "10.0.0.1",
    port: 8001,
    serverName: "users.test",
    host: "users.test:8001",
  });
  expect(targetOf("https://[::1]:8443")).toMatchObject({ serverName: "", host: "[::1]:8443" });
  expect(targetOf("http://users.test")).toMatchObject({ host: "users.test", port: 80 });
});

test("an error of this machine says nothing about a backend", () => {
  const error = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });
  expect(verdictOf(error("EMFILE"))).toBeUndefined();
  expect(verdictOf(error("EADDRNOTAVAIL"))).toBeUndefined();
  expect(verdictOf(error("EHOSTUNREACH"))).toBe("connect EHOSTUNREACH");
  expect(verdictOf(new Error("other side closed"))).toBe("other side closed");
});

test("an answer that has come is read, however late this thread looks at it", async () => {
  const origin = await MortalOrigin.start("well", 200);
  const probe = probeHttp(targetOf(origin.url, { timeoutMs: 1_000 }));
  await until("the request at the origin", () => origin.wasAsked);
  // Behind a poll, so that timers are looked at before the next one.
  setImmediate(() => {
    const busyUntil = performance.now() + 1_300;
    while (performance.now() < busyUntil);
  });
  expect(await probe).toBe("");
});

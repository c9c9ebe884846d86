// Active health checks: what probes find decides which backends get requests, in all workers.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import type { HealthPolicy } from "../../artifact/model.ts";
import { HEALTH_POLICY } from "../fixtures/health-policy.ts";
import {
  publish,
  published,
  type RouteOptions,
  serving,
  type Target,
} from "../harness/artifact.ts";
import { makeCertificate } from "../harness/certificate.ts";
import { ask } from "../harness/client.ts";
import { type DataPlane, launch, type LogLine, start } from "../harness/data-plane.ts";
import { freePort } from "../harness/free-port.ts";
import { MortalOrigin } from "../harness/mortal-origin.ts";
import { type Origin, type OriginOptions, startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { until } from "../harness/until.ts";

/** Often enough for a test. */
const HEALTH: HealthPolicy = {
  ...HEALTH_POLICY,
  intervalMs: 100,
  jitterMs: 20,
  timeoutMs: 2_000,
  unhealthyThreshold: 3,
  healthyThreshold: 2,
};

const checked = (
  to: Target | readonly Target[],
  health: Partial<HealthPolicy> = {},
): RouteOptions => ({
  to,
  // Nothing else than probes takes a backend out.
  policy: {
    health: { ...HEALTH, ...health },
    passive: undefined,
    breaker: undefined,
    panicPercent: 0,
  },
});

/** An origin whose health is a matter of its own. */
interface Patient {
  origin: Origin;
  url: string;
  isWell: boolean;
  probes(): number;
  /** Requests that are no probes. */
  requests(): number;
}

async function startPatient(
  name: string,
  isWell: boolean,
  options: OriginOptions = {},
): Promise<Patient> {
  const origin = await startOrigin((response, { target }) => {
    if (target === HEALTH.path && !patient.isWell) response.writeHead(503);
    response.end(name);
  }, options);
  const count = (isProbe: boolean): number =>
    origin.requests.filter(({ target }) => (target === HEALTH.path) === isProbe).length;
  const patient: Patient = {
    origin,
    url: origin.url,
    isWell,
    probes: () => count(true),
    requests: () => count(false),
  };
  return patient;
}

/** Who answers so many requests. */
async function answers(balto: DataPlane, count: number): Promise<Set<string>> {
  const texts = new Set<string>();
  for (let n = 0; n < count; n++) {
    const answer = await ask(balto.port, "GET /");
    texts.add(answer.status === 200 ? answer.text : String(answer.status));
  }
  return texts;
}

function told(balto: DataPlane, message: string): LogLine[] {
  return balto.log.filter((line) => line.message === message);
}

test("a backend that is killed is down within its thresholds, and used again when it is back", async () => {
  const well = await startPatient("well", true);
  const mortal = await MortalOrigin.start("mortal");
  const balto = await start(serving(checked([well, mortal])), { workers: 2 });
  expect(await answers(balto, 20)).toEqual(new Set(["well", "mortal"]));

  await mortal.kill();
  const down = await balto.says("Backend down");
  expect(down).toMatchObject({
    level: "warn",
    module: "pool",
    backend_id: `*-${mortal.url}`,
    failures: 3,
  });
  expect(down["reason"]).toContain("ECONNREFUSED");
  expect(await answers(balto, 20)).toEqual(new Set(["well"]));

  await mortal.revive();
  const up = await balto.says("Backend up");
  expect(up).toMatchObject({ level: "info", module: "pool", successes: 2 });
  expect(up["backend_id"]).toBe(`*-${mortal.url}`);
  expect(await answers(balto, 20)).toEqual(new Set(["well", "mortal"]));
  // Once for the process, not once for each worker.
  expect(
    [told(balto, "Backend down"), told(balto, "Backend up")].map(({ length }) => length),
  ).toEqual([1, 1]);
});

test("a backend that is initially down gets nothing until its probes have found it well", async () => {
  const patient = await startPatient("patient", false);
  const balto = await start(serving(checked(patient, { initiallyUp: false })), { workers: 2 });
  const answer = await ask(balto.port, "GET /");
  expect([answer.status, answer.text]).toEqual([503, "no backend available\n"]);
  await balto.says("Backend down");
  patient.isWell = true;
  await balto.says("Backend up");
  expect(await answers(balto, 10)).toEqual(new Set(["patient"]));
});

test("a backend is probed once for the process, not once for each worker", async () => {
  const patient = await startPatient("patient", true);
  const balto = await start(serving(checked(patient, { intervalMs: 300, jitterMs: 0 })), {
    workers: 4,
  });
  await answers(balto, 20);
  const before = patient.probes();
  const begun = performance.now();
  await until("five more probes", () => patient.probes() >= before + 5);
  // Four times as many would come within 375 ms, one's own take 1,200 ms at the least.
  expect(performance.now() - begun).toBeGreaterThan(700);
});

test("a connection is enough for a TCP probe", async () => {
  const port = await freePort();
  const silent = await startRawOrigin();
  const health: Partial<HealthPolicy> = { type: "tcp", initiallyUp: false };
  const urls = [silent.url, `http://127.0.0.1:${port}`];
  const balto = await start(serving(checked(urls, health)));
  expect(await balto.says("Backend up")).toMatchObject({ backend_id: `*-${silent.url}` });
  const down = await balto.says("Backend down");
  expect(down["backend_id"]).toBe(`*-http://127.0.0.1:${port}`);
});

test("HTTPS is probed with the certificate checked", async () => {
  const certificate = makeCertificate("backend");
  const patient = await startPatient("patient", true, { certificate });
  const artifact = serving(checked(patient, { type: "https", initiallyUp: false }));
  const doubting = await start(artifact);
  expect((await doubting.says("Backend down"))["reason"]).toMatch(/self.signed/);
  expect((await ask(doubting.port, "GET /")).status).toBe(503);
  const trusting = await start(artifact, { env: { NODE_EXTRA_CA_CERTS: certificate.certFile } });
  await trusting.says("Backend up");
  expect(await answers(trusting, 5)).toEqual(new Set(["patient"]));
});

test("an expected text has to be in the body", async () => {
  const ready = await startOrigin((response) => void response.end('{"status":"ready"}'));
  const starting = await startOrigin((response) => void response.end('{"status":"starting"}'));
  const health = { expectedBody: '"ready"', initiallyUp: false };
  const balto = await start(serving(checked([ready, starting], health)));
  expect(await balto.says("Backend up")).toMatchObject({ backend_id: `*-${ready.url}` });
  expect(await balto.says("Backend down")).toMatchObject({
    backend_id: `*-${starting.url}`,
    reason: "the expected text is not in its body",
  });
  expect(await answers(balto, 10)).toEqual(new Set(['{"status":"ready"}']));
});

test("over a reload health stays, and probes go on for what stays and end for what goes", async () => {
  const [well, ill, leaving] = await Promise.all([
    startPatient("well", true),
    startPatient("ill", false),
    startPatient("leaving", true),
  ]);
  const path = published(serving(checked([well, ill, leaving])));
  const balto = await start(path, { workers: 2 });
  await balto.says("Backend down");
  for (let round = 0; round < 3; round++) {
    const from = balto.log.length;
    publish(
      path,
      serving([checked([well, ill]), { ...checked([well]), pattern: `/round-${round}` }]),
    );
    await balto.says("Artifact loaded", from);
    expect(await answers(balto, 10)).toEqual(new Set(["well"]));
  }
  expect(ill.requests()).toBe(0);
  expect(told(balto, "Backend down")).toHaveLength(1);

  const [probes, gone] = [ill.probes(), leaving.probes()];
  await until("more probes of what stays", () => ill.probes() >= probes + 5);
  // One may have been under way.
  expect(leaving.probes() - gone).toBeLessThanOrEqual(1);
  ill.isWell = true;
  await balto.says("Backend up");
  expect(await answers(balto, 20)).toEqual(new Set(["well", "ill"]));
});

test("header and host of a probe may be what only the data plane knows", async () => {
  const origin = await startOrigin((response, received) => {
    const isRight =
      received.field("authorization") === "Bearer a secret" &&
      received.field("host") === "users.test";
    response.writeHead(isRight ? 200 : 401).end();
  });
  const health = {
    headers: [{ name: "Authorization", value: "Bearer ${env:PROBE_TOKEN}" }],
    host: "${env:PROBE_HOST}",
    initiallyUp: false,
  };
  const artifact = serving(checked(origin, health));
  const env = { PROBE_TOKEN: "a secret", PROBE_HOST: "users.test" };
  await (await start(artifact, { env })).says("Backend up");

  // What would end the field, and begin another one.
  const wrong = launch(artifact, { env: { ...env, PROBE_TOKEN: "a\r\nX-Evil: 1" } });
  expect(await wrong.ends()).toEqual({ code: 1, signal: null });
  expect(wrong.stderr).toContain("health_check.headers.Authorization");
  expect(wrong.stderr).not.toContain("Evil");
});

test("probes of many backends are spread over the interval", async () => {
  const COUNT = 200;
  const times: number[] = [];
  const ports = await Promise.all(
    Array.from({ length: COUNT }, async () => {
      const server = createServer((_, response) => {
        times.push(performance.now());
        response.end();
      });
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      onTestFinished(() => {
        server.close();
        server.closeAllConnections();
      });
      return (server.address() as AddressInfo).port;
    }),
  );
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const balto = await start(serving(checked(urls, { intervalMs: 4_000, jitterMs: 0 })));
  await until("a probe of each", () => times.length >= COUNT, 20_000);
  const first = times.slice(0, COUNT);
  const most = Math.max(
    ...first.map((time) => first.filter((other) => other >= time && other < time + 200).length),
  );
  // Ten fall into 200 ms of 4 s. Half of all would be a storm, however busy the machine is.
  expect(most).toBeLessThan(COUNT / 2);
  expect(told(balto, "Backend down")).toEqual([]);
});

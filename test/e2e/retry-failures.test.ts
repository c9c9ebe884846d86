// Retries: what is made up for, how often, at which backend, and what never is.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import {
  answers,
  answersHalfAHead,
  closes,
  inOrder,
  type Misdeed,
  neverAnswers,
  resets,
  RETRY_ALL,
  speaksNonsense,
  startBadBackend,
} from "../harness/bad-backends.ts";
import { ask, Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startDeafListener } from "../harness/deaf-listener.ts";
import { freePort } from "../harness/free-port.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep } from "../harness/until.ts";

const FAST = { responseMs: 1_000 };

const misdeeds: [what: string, misdeed: Misdeed, status: number][] = [
  ["resets", resets, 502],
  ["closes", closes, 502],
  ["speaks nonsense", speaksNonsense, 502],
  ["answers half a head", answersHalfAHead, 502],
  ["never answers", neverAnswers, 504],
  ["answers 503", answers(503), 503],
];

test.each(misdeeds)(
  "with a policy, a backend that %s is made up for by another one",
  async (_, misdeed) => {
    const bad = await startBadBackend(misdeed);
    const good = await startOrigin();
    const balto = await start(
      serving({ to: inOrder(bad, good), timeouts: FAST, retry: RETRY_ALL }),
    );
    const client = await Client.to(balto.port);
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
      expect((await client.ask(`${method} /${method}?q=1`)).status, method).toBe(200);
    }
    expect(good.requests.map(({ method, target }) => `${method} ${target}`)).toEqual(
      ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"].map((method) => `${method} /${method}?q=1`),
    );
    expect(bad.requests.length).toBe(5);
  },
);

test.each(misdeeds)(
  "without one, a backend that %s is not made up for",
  async (_, misdeed, status) => {
    const bad = await startBadBackend(misdeed);
    const good = await startOrigin();
    const balto = await start(serving({ to: inOrder(bad, good), timeouts: FAST }));
    expect((await ask(balto.port, "GET /")).status).toBe(status);
    expect(good.requests.length).toBe(0);
  },
);

test.each(misdeeds)(
  "a request that is not idempotent is not repeated where a backend %s, unless the policy says so",
  async (_, misdeed, status) => {
    const bad = await startBadBackend(misdeed);
    const good = await startOrigin();
    const to = inOrder(bad, good);
    const balto = await start(
      serving([
        { to, timeouts: FAST, retry: RETRY_ALL, domains: ["safe.test"] },
        {
          to,
          timeouts: FAST,
          retry: { ...RETRY_ALL, unsafe: true },
          domains: ["unsafe.test"],
        },
      ]),
    );
    for (const line of ["POST /", "PATCH /"]) {
      const before = good.requests.length;
      expect((await ask(balto.port, line, ["Host: safe.test"], "body")).status).toBe(status);
      expect(good.requests.length).toBe(before);
      expect((await ask(balto.port, line, ["Host: unsafe.test"], "body")).status).toBe(200);
      expect((await good.complete(before)).body.toString()).toBe("body");
    }
  },
);

test("an attempt goes to each backend once before any is tried again, and no more often than allowed", async () => {
  const bad = await Promise.all([resets, closes, answers(500)].map(startBadBackend));
  const balto = await start(
    serving({
      to: inOrder(...bad),
      retry: { ...RETRY_ALL, attempts: 4 },
      policy: { breaker: undefined },
    }),
  );
  expect((await ask(balto.port, "GET /")).status).toBe(502);
  expect(bad.map(({ requests }) => requests.length)).toEqual([3, 1, 1]);
});

test("one backend alone is tried again itself", async () => {
  let failures = 2;
  const origin = await startOrigin((response) => {
    response.statusCode = failures-- > 0 ? 503 : 200;
    response.end("said");
  });
  const balto = await start(serving({ to: origin, retry: RETRY_ALL }));
  expect(await ask(balto.port, "GET /")).toMatchObject({ status: 200, text: "said" });
  expect(origin.requests.length).toBe(3);
  expect(origin.connections, "the answers passed over were read to their end").toBe(1);
});

test("the last answer is passed on as it is, whatever its status", async () => {
  const origin = await startOrigin((response) => {
    response.writeHead(503, { "X-From": "backend", "Retry-After": "7" });
    response.end(`try ${origin.requests.length}`);
  });
  const balto = await start(serving({ to: origin, retry: RETRY_ALL }));
  const answer = await ask(balto.port, "GET /");
  expect(answer).toMatchObject({ status: 503, text: "try 3" });
  expect([answer.field("x-from"), answer.field("retry-after")]).toEqual(["backend", "7"]);
});

test("an answer that is passed over and too long to be read closes its connection", async () => {
  const origin = await startOrigin((response, { target }) => {
    response.statusCode = origin.requests.length % 2 === 1 ? 500 : 200;
    response.end(target === "/long" ? "x".repeat(200_000) : "short");
  });
  const balto = await start(serving({ to: origin, retry: RETRY_ALL }));
  expect((await ask(balto.port, "GET /short")).status).toBe(200);
  expect(origin.connections).toBe(1);
  expect((await ask(balto.port, "GET /long")).body.length).toBe(200_000);
  expect(origin.connections).toBe(2);
});

test("statuses that the policy does not list are passed on at once", async () => {
  const origin = await startOrigin((response) => {
    response.statusCode = 501;
    response.end();
  });
  const on = {
    connectFailure: true,
    reset: true,
    timeout: true,
    statuses: [{ first: 502, last: 504 }],
  };
  const balto = await start(serving({ to: origin, retry: { ...RETRY_ALL, on } }));
  expect((await ask(balto.port, "GET /")).status).toBe(501);
  expect(origin.requests.length).toBe(1);
});

test("each kind of failure is retried only where it is listed", async () => {
  const none = { connectFailure: false, reset: false, timeout: false, statuses: [] };
  for (const [misdeed, status] of [
    [resets, 502],
    [neverAnswers, 504],
    [answers(503), 503],
  ] as const) {
    const bad = await startBadBackend(misdeed);
    const good = await startOrigin();
    const retry = { ...RETRY_ALL, on: none };
    const balto = await start(serving({ to: inOrder(bad, good), timeouts: FAST, retry }));
    expect((await ask(balto.port, "GET /")).status).toBe(status);
    expect(good.requests.length).toBe(0);
  }
});

test("once a byte of the answer's body has gone to the client nothing is repeated", async () => {
  const bad = await startBadBackend(async (peer) => {
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    await sleep(100);
    peer.reset();
  });
  const good = await startOrigin();
  const balto = await start(serving({ to: inOrder(bad, good), retry: RETRY_ALL }));
  const client = await Client.to(balto.port);
  await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await expect(client.answer()).rejects.toThrow();
  expect(good.requests.length).toBe(0);
});

test("an attempt has a limit of its own, far below what an answer may take", async () => {
  const bad = await startBadBackend(neverAnswers);
  const good = await startOrigin((response) => void response.end("made it"));
  const retry = { ...RETRY_ALL, perTryTimeoutMs: 800 };
  const balto = await start(serving({ to: inOrder(bad, good), retry }));
  for (const body of ["", "body"]) {
    expect(await ask(balto.port, "PUT /", [], body)).toMatchObject({ text: "made it" });
  }
  expect(bad.requests.length).toBe(2);
});

test("each backend is sent its own path and host", async () => {
  const bad = await startBadBackend(resets);
  const good = await startOrigin();
  const to = inOrder({ url: `${bad.url}/first` }, { url: `${good.url}/second/one` });
  const balto = await start(
    serving([
      { to, retry: RETRY_ALL, domains: ["own.test"] },
      { to, retry: RETRY_ALL, domains: ["kept.test"], preserveHost: true },
    ]),
  );
  for (const host of ["own.test", "kept.test"]) {
    const index = good.requests.length;
    const answer = await ask(balto.port, "PUT /a?b=c", [`Host: ${host}`, "X-Other: kept"], "body");
    expect(answer.status).toBe(200);
    const received = await good.complete(index);
    expect(received).toMatchObject({ target: "/second/one/a?b=c", body: Buffer.from("body") });
    expect(received.field("x-other")).toBe("kept");
    expect(received.field("host")).toBe(host === "kept.test" ? host : new URL(good.url).host);
    expect(bad.requests[index]!.requestLine).toBe("PUT /first/a?b=c HTTP/1.1");
  }
});

test("a connection that cannot be made is made up for without any policy, for any method and body", async () => {
  const dead = { url: `http://127.0.0.1:${await freePort()}` };
  const good = await startOrigin();
  const balto = await start(serving({ to: inOrder(dead, good), policy: { breaker: undefined } }));
  const client = await Client.to(balto.port);
  const large = "x".repeat(300_000);
  for (const body of ["", "body", large]) {
    for (const method of ["GET", "POST", "PATCH"]) {
      expect((await client.ask(`${method} /`, [], body)).status, method).toBe(200);
    }
  }
  expect(good.requests.map(({ bodyBytes }) => bodyBytes)).toEqual(
    ["", "body", large].flatMap(({ length }) => [length, length, length]),
  );
});

test("so is one that does not come about in time", async () => {
  const deaf = { url: `http://127.0.0.1:${await startDeafListener()}` };
  const good = await startOrigin();
  const balto = await start(serving({ to: inOrder(deaf, good), timeouts: { connectMs: 300 } }));
  expect((await ask(balto.port, "POST /", [], "body")).status).toBe(200);
});

test("three backends are tried at most", async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const dead = ports.map((port) => ({ url: `http://127.0.0.1:${port}` }));
  const good = await startOrigin();
  const balto = await start(serving({ to: inOrder(...dead, good) }));
  expect((await ask(balto.port, "GET /")).status).toBe(502);
  const line = await balto.says("Request failed");
  expect(line).toMatchObject({ level: "warn", module: "proxy", attempts: 3, status: 502 });
});

test("kept connections that their backend closes at random cost no request", async () => {
  const served: string[] = [];
  const origins = await Promise.all(
    [0, 1].map((which) =>
      startBadBackend(async (peer, { requestLine }) => {
        served.push(requestLine);
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        if ((served.length + which) % 3 === 0) peer.close();
      }),
    ),
  );
  const balto = await start(serving({ to: origins }));
  const clients = await Promise.all(Array.from({ length: 8 }, () => Client.to(balto.port)));
  const statuses = await Promise.all(
    clients.map(async (client) => {
      const seen = new Set<number>();
      for (let n = 0; n < 100; n++) seen.add((await client.ask("GET /")).status);
      return [...seen];
    }),
  );
  expect(statuses.flat().every((status) => status === 200)).toBe(true);
});

test("one backend of three that answers 500 to a third of its requests is not noticed by clients", async () => {
  const good = await Promise.all([startOrigin(), startOrigin()]);
  let n = 0;
  const flaky = await startBadBackend((peer, request) =>
    answers(n++ % 3 === 0 ? 500 : 200, "ok\n")(peer, request),
  );
  const balto = await start(serving({ to: [flaky, ...good], retry: RETRY_ALL }), { workers: 2 });
  const clients = await Promise.all(Array.from({ length: 6 }, () => Client.to(balto.port)));
  const statuses = await Promise.all(
    clients.map(async (client) => {
      const seen: number[] = [];
      for (let round = 0; round < 60; round++) seen.push((await client.ask("GET /")).status);
      return seen;
    }),
  );
  expect(new Set(statuses.flat())).toEqual(new Set([200]));
  expect(n).toBeGreaterThan(60);
});

test.each<[string, Misdeed]>([
  [
    "resets in the middle of its bodies",
    async (peer) => {
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      await sleep(20);
      peer.reset();
    },
  ],
  [
    "stops in the middle of its bodies",
    (peer) => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
  ],
])(
  "a backend that %s is taken out by its breaker, although its heads were fine",
  async (_, misdeed) => {
    const good = await Promise.all([startOrigin(), startOrigin()]);
    const bad = await startBadBackend(misdeed);
    const balto = await start(
      serving({ to: [bad, ...good], retry: RETRY_ALL, timeouts: { readMs: 300 } }),
      { workers: 2 },
    );
    const connections = 6;
    let lost = 0;
    await Promise.all(
      Array.from({ length: connections }, async () => {
        for (let round = 0; round < 60; round++) {
          await ask(balto.port, "GET /").catch(() => lost++);
        }
      }),
    );
    // What its breaker needs, and what was under way then.
    expect(lost).toBeGreaterThanOrEqual(10);
    expect(lost).toBeLessThanOrEqual(10 + connections);
    expect(bad.requests.length).toBe(lost);
  },
);

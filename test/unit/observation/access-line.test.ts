import { expect, test } from "vitest";

import { combinedLine, jsonLine, streamLine } from "../../../dataplane/access-log/line.ts";
import { Account } from "../../../dataplane/observation/account.ts";
import { Observer } from "../../../dataplane/observation/observer.ts";

const NOW = Date.UTC(2026, 10, 21, 13, 5, 36, 7);

function account(logged: Partial<Account["logged"]> = {}): Account {
  const one = new Account(Observer.alone());
  Object.assign(one.logged, { method: "GET", host: "a.test", path: "/x", ...logged });
  Object.assign(one, { peer: "192.0.2.1", status: 200, cause: "done", attempts: 1 });
  Object.assign(one, { startedAt: 1_000, answeredAt: 1_002.5, responseBytes: 2_326 });
  return one;
}

test("a line of JSON says what came of a request", () => {
  const line = jsonLine(account({ query: "a=1" }), NOW, 1_003.0004);
  expect(line.endsWith("}\n")).toBe(true);
  expect(JSON.parse(line)).toEqual({
    level: "info",
    module: "access",
    request_id: "",
    client: "192.0.2.1",
    method: "GET",
    host: "a.test",
    path: "/x",
    query: "a=1",
    route: "",
    service: "",
    backend: "",
    attempts: 1,
    status: 200,
    bytes_in: 0,
    bytes_out: 2_326,
    queue_ms: 0,
    connect_ms: 0,
    ttfb_ms: 2.5,
    total_ms: 3,
    tls: false,
    cause: "done",
    time: "2026-11-21T13:05:36.007Z",
    message: "request",
  });
});

test("a line about a stream's connection says what came of it", () => {
  const line = streamLine(
    {
      stream: "redis",
      client: "192.0.2.1",
      clientPort: 40_000,
      backend: "redis-tcp://10.0.0.7:6379",
      bytesIn: 5,
      bytesOut: 7,
      durationMs: 12.3456,
      cause: "client-reset",
    },
    NOW,
  );
  expect(line.endsWith("}\n")).toBe(true);
  expect(JSON.parse(line)).toEqual({
    level: "info",
    module: "access",
    stream: "redis",
    client: "192.0.2.1",
    client_port: 40_000,
    backend: "redis-tcp://10.0.0.7:6379",
    bytes_in: 5,
    bytes_out: 7,
    total_ms: 12.346,
    cause: "client-reset",
    time: "2026-11-21T13:05:36.007Z",
    message: "connection",
  });
});

test("a line of the Combined Log Format has its usual shape", () => {
  const line = combinedLine(
    account({ query: "a=1", referer: "http://b.test/", agent: "curl" }),
    NOW,
  );
  expect(line).toBe(
    '192.0.2.1 - - [21/Nov/2026:13:05:36 +0000] "GET /x?a=1 HTTP/1.1" 200 2326 "http://b.test/" "curl"\n',
  );
  expect(combinedLine(account({ method: "" }), NOW)).toContain('] "-" 200 2326 "-" "-"\n');
});

const HOSTILE = 'a"b\\c\r\nlevel=\x00\x1b[31m\x7f\x85\xe9';

test("whatever a client sends, a line is one line of visible ASCII", () => {
  const texts = { path: HOSTILE, query: HOSTILE, host: HOSTILE, referer: HOSTILE, agent: HOSTILE };
  const json = jsonLine(account(texts), NOW, 1_003);
  expect(json).toMatch(/^[ -~]+\n$/);
  expect(JSON.parse(json)).toMatchObject({ path: HOSTILE, query: HOSTILE, host: HOSTILE });
  const combined = combinedLine(account(texts), NOW);
  expect(combined).toMatch(/^[ -~]+\n$/);
  expect(combined.match(/"/g)).toHaveLength(6);
  expect(combined).toContain("a\\x22b\\x5cc\\x0d\\x0alevel");
});

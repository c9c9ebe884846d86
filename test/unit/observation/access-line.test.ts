import { expect, test } from "vitest";

import { combinedLine, noteCombined } from "../../../dataplane/access-log/combined-line.ts";
import { beginJsonLine, endJsonLine } from "../../../dataplane/access-log/json-line.ts";
import { LineText } from "../../../dataplane/access-log/line-text.ts";
import type { LoggedHead } from "../../../dataplane/access-log/logged-head.ts";
import { streamLine } from "../../../dataplane/access-log/stream-line.ts";
import { Account } from "../../../dataplane/observation/account.ts";
import { Observer } from "../../../dataplane/observation/observer.ts";

const NOW = Date.UTC(2026, 10, 21, 13, 5, 36, 7);

interface Texts {
  path?: string;
  query?: string;
  host?: string;
  referer?: string;
  agent?: string;
}

function account(): Account {
  const one = new Account(Observer.alone());
  Object.assign(one, { peer: "192.0.2.1", status: 200, cause: "done", attempts: 1 });
  Object.assign(one, { startedAt: 1_000, answeredAt: 1_002.5, responseBytes: 2_326 });
  return one;
}

/** Texts one behind another, and where each is. */
function bytesOf(texts: Texts) {
  const { path = "/x", query = "", host = "a.test", referer = "", agent = "" } = texts;
  let text = "";
  const place = (one: string): { start: number; end: number } => {
    text += one;
    return { start: text.length - one.length, end: text.length };
  };
  const places = {
    method: place("GET"),
    host: place(host),
    path: place(path),
    query: place(query),
    referer: place(referer),
    agent: place(agent),
  };
  const head: LoggedHead = {
    methodStart: places.method.start,
    methodEnd: places.method.end,
    hostStart: places.host.start,
    hostEnd: places.host.end,
    pathStart: places.path.start,
    pathEnd: places.path.end,
    queryStart: places.query.start,
    queryEnd: places.query.end,
    minor: 1,
  };
  return { bytes: Buffer.from(text, "latin1"), head, ...places };
}

const textOf = ({ bytes, length }: LineText): string =>
  Buffer.from(bytes.subarray(0, length)).toString("latin1");

function jsonLine(texts: Texts, endedAt: number, one = account()): string {
  const { head, bytes } = bytesOf(texts);
  const line = new LineText();
  beginJsonLine(line, one, head, bytes);
  bytes.fill(0);
  endJsonLine(line, one, NOW, endedAt);
  return textOf(line);
}

function combined(texts: Texts): string {
  const { head, bytes, referer, agent } = bytesOf(texts);
  const noted = new LineText();
  const split = noteCombined(noted, head, bytes, referer, agent);
  bytes.fill(0);
  return textOf(combinedLine(noted, split, account(), NOW));
}

test("a line of JSON says what came of a request", () => {
  const line = jsonLine({ query: "a=1" }, 1_003.0004);
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
  const line = combined({ query: "a=1", referer: "http://b.test/", agent: "curl" });
  expect(line).toBe(
    '192.0.2.1 - - [21/Nov/2026:13:05:36 +0000] "GET /x?a=1 HTTP/1.1" 200 2326 "http://b.test/" "curl"\n',
  );
  const nothing = { start: 0, end: 0 };
  const noted = new LineText();
  const split = noteCombined(noted, undefined, Buffer.alloc(0), nothing, nothing);
  const unread = textOf(combinedLine(noted, split, account(), NOW));
  expect(unread).toContain('] "-" 200 2326 "-" "-"\n');
});

const HOSTILE = 'a"b\\c\r\nlevel=\x00\x1b[31m\x7f\x85\xe9';

test("whatever a client sends, a line is one line of visible ASCII", () => {
  const texts = { path: HOSTILE, query: HOSTILE, host: HOSTILE, referer: HOSTILE, agent: HOSTILE };
  const json = jsonLine(texts, 1_003);
  expect(json).toMatch(/^[ -~]+\n$/);
  expect(JSON.parse(json)).toMatchObject({ path: HOSTILE, query: HOSTILE, host: HOSTILE });
  const quoted = combined(texts);
  expect(quoted).toMatch(/^[ -~]+\n$/);
  expect(quoted.match(/"/g)).toHaveLength(6);
  expect(quoted).toContain("a\\x22b\\x5cc\\x0d\\x0alevel");
});

test("a line that could not be read has its keys all the same", () => {
  const one = account();
  const line = new LineText();
  beginJsonLine(line, one, undefined, Buffer.alloc(0));
  endJsonLine(line, one, NOW, 1_000);
  expect(JSON.parse(textOf(line))).toMatchObject({ method: "", host: "", path: "", total_ms: 0 });
});

test("long texts are written whole, and their room is given back", () => {
  const path = `/${"\x01".repeat(4_000)}`;
  const one = account();
  const { head, bytes } = bytesOf({ path });
  one.isLogged = true;
  beginJsonLine(one.line, one, head, bytes);
  endJsonLine(one.line, one, NOW, 1_003);
  expect((JSON.parse(textOf(one.line)) as { path: string }).path).toBe(path);
  one.clear();
  expect(one.line.bytes).toHaveLength(0);
});

test("numbers are written as JSON has them", () => {
  const line = new LineText();
  const written = (write: () => void): string => {
    line.clear();
    line.reserve(32);
    write();
    return textOf(line);
  };
  for (const value of [0, 9, 10, 99, 100, 1_234_567_890, 2 ** 31 - 1, 2 ** 31, 2 ** 52])
    expect(written(() => line.decimal(value))).toBe(String(value));
  for (let micro = 0; micro < 3_000; micro++)
    expect(written(() => line.ms(micro / 1_000))).toBe(String(micro / 1_000));
  for (const [value, text] of [
    [-1, "0"],
    [12.3456, "12.346"],
    [86_400_000.5, "86400000.5"],
    [3e12 + 0.25, "3000000000000.25"],
  ] as const)
    expect(written(() => line.ms(value))).toBe(text);
});

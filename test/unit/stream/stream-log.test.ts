// Stream log: one line a connection where it is asked for, and floods that become few lines.

import { expect, test } from "vitest";

import { StreamLog } from "../../../dataplane/stream/stream-log.ts";
import type { StreamRecord } from "../../../dataplane/stream/stream-record.ts";

const RECORD: StreamRecord = {
  stream: "s",
  client: "192.0.2.1",
  clientPort: 4_000,
  backend: "s/tcp://b:1",
  bytesIn: 10,
  bytesOut: 20,
  durationMs: 30.4,
  cause: "finished",
};

function setUp(isVerbose: boolean) {
  const clock = { now: 0 };
  const lines: Record<string, unknown>[] = [];
  const log = new StreamLog({
    now: () => clock.now,
    isVerbose: () => isVerbose,
    tell: (level, message, fields) => lines.push({ level, message, ...fields }),
  });
  return { log, lines, clock };
}

test("a connection that is over has a line at the level debug", () => {
  const { log, lines } = setUp(true);
  log.ended(RECORD);
  expect(lines).toEqual([
    {
      level: "debug",
      message: "Connection ended",
      stream: "s",
      client: "192.0.2.1",
      client_port: 4_000,
      backend: "s/tcp://b:1",
      bytes_in: 10,
      bytes_out: 20,
      duration_ms: 30,
      cause: "finished",
    },
  ]);
});

test("without that level nothing is said of it", () => {
  const { log, lines } = setUp(false);
  log.ended(RECORD);
  expect(lines).toEqual([]);
});

test("a thousand lines a second are written, and the next one says how many were left out", () => {
  const { log, lines, clock } = setUp(true);
  for (let n = 0; n < 1_500; n++) log.ended(RECORD);
  expect(lines).toHaveLength(1_000);
  clock.now = 1_000;
  log.ended(RECORD);
  log.ended(RECORD);
  expect(lines).toHaveLength(1_002);
  expect(lines[1_000]).toMatchObject({ left_out: 500 });
  expect(lines[1_001]).not.toHaveProperty("left_out");
});

test("refusals are told together, by stream and cause", () => {
  const { log, lines, clock } = setUp(false);
  const refused = { ...RECORD, backend: "", cause: "denied" } as const;
  for (let n = 0; n < 50; n++) log.ended(refused);
  log.ended({ ...refused, stream: "t" });
  log.ended({ ...refused, cause: "connections" });
  clock.now = 1_000;
  log.ended(refused);
  const told = lines.map(({ level, message, stream, cause, failures }) => [
    level,
    message,
    stream,
    cause,
    failures,
  ]);
  expect(told).toEqual([
    ["warn", "Connection refused", "s", "denied", 1],
    ["warn", "Connection refused", "t", "denied", 1],
    ["warn", "Connection refused", "s", "connections", 1],
    ["warn", "Connection refused", "s", "denied", 50],
  ]);
});

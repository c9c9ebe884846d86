// Which connections of streams get a line.

import { expect, test } from "vitest";

import type { AccessLogSettings } from "../../../artifact/model.ts";
import { AccessLog } from "../../../dataplane/access-log/access-log.ts";
import { createRing, LineReader, LineWriter } from "../../../dataplane/access-log/line-ring.ts";
import type { StreamRecord } from "../../../dataplane/stream/stream-record.ts";

const RECORD: StreamRecord = {
  stream: "redis",
  client: "192.0.2.1",
  clientPort: 40_000,
  backend: "",
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 1,
  cause: "denied",
};

/** What is written of two connections, of which a die says 0.1 and 0.9. */
function written(settings: Partial<AccessLogSettings>): string {
  const ring = createRing();
  const dice = [0.1, 0.9];
  const log = new AccessLog(
    new LineWriter(ring, () => {}),
    { enabled: true, format: "json", path: "", sampleMillionths: 1e6, query: false, ...settings },
    () => dice.shift()!,
  );
  log.writeStream(RECORD, 0);
  log.writeStream({ ...RECORD, stream: "other" }, 0);
  return new LineReader(ring).take()?.toString() ?? "";
}

test("each connection of a stream has a line", () => {
  const streams = written({})
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { stream: string }).stream);
  expect(streams).toEqual(["redis", "other"]);
});

test("a sample leaves connections out as it does requests", () => {
  expect(written({ sampleMillionths: 500_000 })).toContain('"stream":"redis"');
  expect(written({ sampleMillionths: 500_000 })).not.toContain('"stream":"other"');
});

test("a log in the Combined Log Format has lines of requests alone", () => {
  expect(written({ format: "combined" })).toBe("");
});

// Which connections of streams get a line.

import { expect, test } from "vitest";

import type { AccessLogSettings } from "../../../artifact/model.ts";
import { AccessLog } from "../../../dataplane/access-log/access-log.ts";
import { createRing, LineReader, LineWriter } from "../../../dataplane/access-log/line-ring.ts";
import { RequestHead } from "../../../dataplane/http/request-head.ts";
import { Account } from "../../../dataplane/observation/account.ts";
import { Observer } from "../../../dataplane/observation/observer.ts";
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

test.each([
  ["json", "combined"],
  ["combined", "json"],
] as const)("a line that was begun as %s is ended so, whatever a reload brings", (begun, now) => {
  const ring = createRing();
  const log = (format: AccessLogSettings["format"]): AccessLog =>
    new AccessLog(new LineWriter(ring, () => {}), {
      enabled: true,
      format,
      path: "",
      sampleMillionths: 1e6,
      query: false,
    });
  const bytes = Buffer.from("GET /x HTTP/1.1\r\nHost: a.test\r\nUser-Agent: curl\r\n\r\n");
  const head = new RequestHead({ headBytesMax: 1_000, fieldsMax: 10, targetBytesMax: 100 });
  head.parse(bytes, 0, bytes.length);
  const account = new Account(Observer.alone());
  Object.assign(account, { peer: "192.0.2.1", status: 200, cause: "done" });
  log(begun).note(account, head, bytes);
  log(now).write(account, 1, 0);
  const line = new LineReader(ring).take()!.toString();
  if (begun === "json") expect(JSON.parse(line)).toMatchObject({ path: "/x", status: 200 });
  else
    expect(line).toBe(
      '192.0.2.1 - - [01/Jan/1970:00:00:00 +0000] "GET /x HTTP/1.1" 200 0 "-" "curl"\n',
    );
});

// Where lines go that workers have put into their rings: to real files and pipes.

import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, onTestFinished, test } from "vitest";

import { AccessLogWriter } from "../../../dataplane/access-log/access-log-writer.ts";
import { LineWriter } from "../../../dataplane/access-log/line-ring.ts";
import { LineSink } from "../../../dataplane/line-sink.ts";

const SETTINGS = {
  enabled: true,
  format: "json",
  path: "",
  sampleMillionths: 1e6,
  query: false,
} as const;

test("a reader that stands still keeps no lines from where they go next", async () => {
  const folder = mkdtempSync(join(tmpdir(), "balto-lines-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [pipe, file] = [join(folder, "pipe"), join(folder, "file")];
  execFileSync("mkfifo", [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(reader));

  let sink: LineSink | undefined;
  const writer = new AccessLogWriter((path) => {
    void sink?.finish();
    return (sink = new LineSink(path));
  });
  const ring = new LineWriter(writer.ring(0), () => {});
  writer.set(SETTINGS, pipe);
  // More than a pipe holds.
  const line = Buffer.from(`${"x".repeat(999)}\n`);
  for (let n = 0; n < 200; n++) ring.write(line);
  writer.fetch();
  await sleep(50);
  expect(sink!.isIdle).toBe(false);

  writer.set(SETTINGS, file);
  ring.write(Buffer.from("next\n"));
  for (let n = 0; n < 500 && !readFileSync(file, "utf8").includes("next\n"); n++) await sleep(10);
  expect(readFileSync(file, "utf8")).toContain("next\n");
  writer.set({ ...SETTINGS, enabled: false }, "");
});

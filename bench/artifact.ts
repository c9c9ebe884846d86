/**
 * The artifact: encode, open (verify and view) and decode at 1,000 and 100,000 services. Each figure
 * comes from a process of its own, so that "first" is what a real process pays and the peak is its own.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decode } from "../artifact/decode.ts";
import { encode } from "../artifact/encode.ts";
import { openArtifact } from "../artifact/view.ts";
import { modelOf } from "./artifact-model.ts";
import { msPerRun, printTable } from "./harness.ts";

/** Measures and prints one table. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "balto-bench-"));
  try {
    const rows = [1_000, 100_000].flatMap((count) => rowsOf(count, join(folder, `${count}`)));
    const head = [
      "services",
      "step",
      "first ms",
      "best ms",
      "bytes a service",
      "peak MB beside input",
    ];
    printTable("artifact", head, rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Step = "encode" | "open" | "decode";

interface Measured {
  first: number;
  best: number;
  bytes: number;
  peakBytes: number;
}

function rowsOf(count: number, file: string): string[][] {
  return (["encode", "open", "decode"] as const).map((step) => {
    const args = [import.meta.filename, step, String(count), file];
    const { first, best, bytes, peakBytes } = JSON.parse(
      execFileSync(process.execPath, args, { encoding: "utf8" }),
    ) as Measured;
    return [
      count.toLocaleString("en"),
      step,
      first.toFixed(1),
      best.toFixed(1),
      (bytes / count).toFixed(0),
      (peakBytes / 1e6).toFixed(0),
    ];
  });
}

/** Runs in the child. The file is written by the first step and read by the others. */
function measureStep(step: Step, count: number, file: string): Measured {
  const work = workOf(step, count, file);
  const before = process.memoryUsage().rss;
  const { first, best } = msPerRun(work);
  const peakBytes = process.resourceUsage().maxRSS * 1024 - before;
  if (step === "encode") writeFileSync(file, encode(modelOf(count)));
  return { first, best, bytes: readFileSync(file).byteLength, peakBytes };
}

function workOf(step: Step, count: number, file: string): () => unknown {
  if (step === "encode") {
    const model = modelOf(count);
    return () => encode(model);
  }
  const content = readFileSync(file);
  const shared = new Uint8Array(new SharedArrayBuffer(content.byteLength));
  shared.set(content);
  if (step === "open") return () => openArtifact(shared);
  const view = openArtifact(shared);
  return () => decode(view);
}

if (import.meta.main) {
  const [step, count, file] = process.argv.slice(2);
  if (step === undefined) await run();
  else process.stdout.write(JSON.stringify(measureStep(step as Step, Number(count), file!)));
}

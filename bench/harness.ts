/**
 * What every benchmark measures with: nanoseconds a call, milliseconds a run, bytes allocated, and a
 * small table to print. Figures of one process; what runs beside it is the caller's business.
 */
import { do_not_optimize, measure } from "mitata";

/** Median nanoseconds of one call, from batches of 4,096 calls over at least `ms` milliseconds. */
export async function nsPerCall(call: () => unknown, ms = 250): Promise<number> {
  const stats = await measure(() => do_not_optimize(call()), { gc: false, min_cpu_time: ms * 1e6 });
  return stats.p50;
}

/** The fastest of some runs, and the first: what a process that does it once pays. */
export function msPerRun(work: () => unknown, runs = 5): { first: number; best: number } {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    do_not_optimize(work());
    return performance.now() - start;
  });
  return { first: times[0]!, best: Math.min(...times) };
}

/**
 * Bytes on the heap that a million calls leave behind, after some that warm them up. Nothing collects
 * in between unless the calls allocate; then the sum of several rounds still shows it.
 */
export function bytesPerMillionCalls(call: () => unknown): number {
  const round = () => {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 1_000_000; i++) do_not_optimize(call());
    return process.memoryUsage().heapUsed - before;
  };
  round();
  // memoryUsage() itself leaves a small object; the least of three is nearest to the truth.
  return Math.max(0, Math.min(round(), round(), round()));
}

/** Prints a table with right-aligned cells below a title. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly string[][],
): void {
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) => row.map((cell, i) => cell.padStart(widths[i]!)).join("  "));
  process.stdout.write(`\n${title}\n${lines.join("\n")}\n`);
}

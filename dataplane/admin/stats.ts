/**
 * Stats: how the process does, for people.
 */
import { availableParallelism } from "node:os";

import { rowCount } from "../../artifact/view.ts";
import type { ProcessState } from "../process-state.ts";

/** The body of `/balto/health/stats`. Memory in bytes, times in seconds. */
export function statsOf({ served, startedAt, workers }: ProcessState, now: Date): object {
  const { rss, heapTotal, heapUsed, external } = memoryUsage();
  const { user, system } = process.cpuUsage();
  const uptimeSeconds = Math.floor((now.getTime() - startedAt.getTime()) / 1_000);
  return {
    status: "ok",
    uptime: durationText(uptimeSeconds),
    start_time: startedAt.toISOString(),
    services: rowCount(served.loaded.view, "routes"),
    resources: {
      memory: {
        rss,
        heap_total: heapTotal,
        heap_used: heapUsed,
        external,
        // As they were called before: what is used, and what the system gave.
        alloc: heapUsed + external,
        sys: rss,
      },
      cpu: {
        num_cpu: availableParallelism(),
        workers: workers().serving,
        user_seconds: user / 1e6,
        system_seconds: system / 1e6,
      },
    },
  };
}

/** `1h2m3s`, as Go writes it. */
function durationText(seconds: number): string {
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  const text = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${text}`;
  return minutes > 0 ? `${minutes}m${text}` : text;
}

/** All zero where the process has no descriptor left to ask with. */
function memoryUsage(): Pick<NodeJS.MemoryUsage, "rss" | "heapTotal" | "heapUsed" | "external"> {
  try {
    return process.memoryUsage();
  } catch {
    return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0 };
  }
}

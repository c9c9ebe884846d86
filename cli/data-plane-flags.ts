/** Flags that `serve` and `run` pass on to the data plane, checked here so that a mistake is usage. */
import { parseListenAddress } from "../artifact/address.ts";
import type { Flags } from "./command.ts";
import { UsageError } from "./failure.ts";

export const DATA_PLANE_FLAGS = {
  workers: {
    type: "string",
    value: "N",
    summary: "Worker threads (default: one for each core)",
  },
  listen: {
    type: "string",
    value: "HOST:PORT",
    summary: "Listen here instead of at server.port",
  },
} as const satisfies Flags;

const WORKERS_MAX = 256;

/** @throws UsageError */
export function checkDataPlaneFlags(flags: {
  workers: string | undefined;
  listen: string | undefined;
}): void {
  const { workers, listen } = flags;
  if (workers !== undefined && (!/^[0-9]{1,4}$/.test(workers) || !isWorkerCount(Number(workers)))) {
    throw new UsageError(`--workers is a number from 1 to ${WORKERS_MAX}, not "${workers}"`, [
      "for example: --workers 4",
    ]);
  }
  if (listen !== undefined) {
    const address = parseListenAddress(listen);
    if (typeof address === "string") {
      throw new UsageError(`--listen: ${address}`, ["for example: --listen 127.0.0.1:8080"]);
    }
  }
}

function isWorkerCount(number: number): boolean {
  return number >= 1 && number <= WORKERS_MAX;
}

/** Load: wrk as fast as it can on its own core, and what the proxy on the other one paid for it. */
import { cpuMicroseconds, output, type Peer } from "./process.ts";
import { wrkCommand } from "./wrk.ts";

export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

/** What is asked for, over how many connections, and what wrk is told to send beside the path. */
export interface Workload {
  name: string;
  path: string;
  connections: number;
  lua?: string;
}

/** What one peer did. */
export interface Measured {
  /** CPU of a request, of the proxy's whole process, in user and kernel mode. */
  microseconds: number;
  perSecond: number;
  /** What wrk says of failures; "0" where there are none. */
  failed: string;
}

const SECONDS = 3;

/** Warms the proxy up for a second and measures for three. @throws Error where wrk is not installed */
export function measure(
  peer: Peer,
  { path, connections, lua = "" }: Workload,
  folder: string,
): Measured {
  const pid = peer.process.pid as number;
  const url = `http://127.0.0.1:${peer.port}${path}`;
  const load = (seconds: number): string =>
    output(...wrkCommand({ url, connections, seconds, core: LOAD_CORE, lua, folder }));
  load(1);
  const before = cpuMicroseconds(pid);
  const report = load(SECONDS);
  const spent = cpuMicroseconds(pid) - before;
  const requests = Number(/(\d+) requests in/.exec(report)?.[1] ?? 0);
  const errors = /Socket errors: (.*)|Non-2xx or 3xx responses: (.*)/.exec(report);
  return {
    microseconds: spent / Math.max(requests, 1),
    perSecond: requests / SECONDS,
    failed: errors?.[1] ?? errors?.[2] ?? "0",
  };
}

/**
 * TCP probe: a backend is well that takes a connection.
 */
import { connectProbe, probeTimer, verdictOf } from "./probe-connection.ts";
import type { ProbeTarget } from "./probe-target.ts";

/** @returns as `ProbeContext.ask` */
export function probeTcp(target: ProbeTarget): Promise<string | undefined> {
  const { timeoutMs } = target.policy;
  return new Promise((resolve) => {
    const end = (verdict: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(verdict);
    };
    const socket = connectProbe(target, (error) =>
      end(error === undefined ? "" : verdictOf(error)),
    );
    const timer = probeTimer(timeoutMs, () => end(`no connection within ${timeoutMs} ms`));
  });
}

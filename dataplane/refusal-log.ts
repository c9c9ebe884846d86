/**
 * Refusal log: says that connections are being refused, at most once a second for each reason, however
 * many they are.
 */
import { type ConnectionCounts, REFUSALS, type Refusal } from "./connection-counts.ts";
import type { Log } from "./log.ts";

const INTERVAL_MS = 1_000;

/** What a line calls the limit that was reached. */
const LIMITS: Record<Refusal, string> = {
  connections: "server.limits.connections",
  client: "server.limits.connections_per_client",
};

/** Looks at the counts from now on, until the process ends. */
export function logRefusals(counts: ConnectionCounts, log: Log): void {
  const before = REFUSALS.map((refusal) => counts.refused(refusal));
  setInterval(() => {
    for (const [index, refusal] of REFUSALS.entries()) {
      const refused = counts.refused(refusal) - before[index]!;
      if (refused === 0) continue;
      before[index]! += refused;
      log.write("warn", "listener", "Connections refused", {
        limit: LIMITS[refusal],
        max: refusal === "client" ? counts.clientConnectionsMax : counts.connectionsMax,
        refused,
        connections: counts.clients,
      });
    }
  }, INTERVAL_MS).unref();
}

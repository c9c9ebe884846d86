/**
 * Pool happenings: what becomes of backends, as those hear it who listen to events.
 */
import type { PoolEvent } from "../pool/pool-events.ts";
import type { EventHub } from "./event-hub.ts";

/** Tells listeners of an event of the pools. */
export function tellHappening(events: EventHub, event: PoolEvent): void {
  const { backendId: backend_id } = event;
  switch (event.kind) {
    case "breaker-opened":
      return events.tell("breaker", { backend_id, state: "open" });
    case "breaker-half-open":
      return events.tell("breaker", { backend_id, state: "half-open" });
    case "breaker-closed":
      return events.tell("breaker", { backend_id, state: "closed" });
    case "ejected": {
      const { reason, forMs } = event;
      return events.tell("health", {
        backend_id,
        healthy: false,
        ejected: true,
        reason,
        seconds: forMs / 1_000,
      });
    }
    case "returned":
      return events.tell("health", { backend_id, healthy: true, ejected: false });
    case "down":
      return events.tell("health", { backend_id, healthy: false, reason: event.reason });
    case "up":
      return events.tell("health", { backend_id, healthy: true });
  }
}

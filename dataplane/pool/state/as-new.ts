/**
 * As new: whether a backend that is forgotten and found again would be treated as it is now.
 */
import type { PoolPolicy } from "../../../artifact/model.ts";
import type { BackendSlot } from "./backend-slot.ts";
import { Breaker } from "./breaker.ts";
import { Ejection } from "./ejection.ts";
import { windowCount } from "./window.ts";

/** Latencies fade by themselves; what probes and operators say is held by the main thread. */
export function isAsNew(slot: BackendSlot, policy: PoolPolicy, now: number): boolean {
  const { breaker, passive, slowStartMs } = policy;
  if (slowStartMs > 0 && slot.upSince > 0 && now - slot.upSince < slowStartMs) return false;
  if (breaker !== undefined) {
    const { isClosed, count } = new Breaker(slot);
    if (!isClosed || count > 0) return false;
  }
  if (passive === undefined) return true;
  const { isOut, failures, total } = new Ejection(slot);
  // The next one would be longer than the last.
  if (total > 0 && now - slot.ejectedUntil <= passive.ejectionMaxMs) return false;
  if (isOut || failures > 0) return false;
  const { failureRatePercent, windowMs } = passive;
  return failureRatePercent === 0 || windowCount(slot, windowMs, now, 0).failures === 0;
}

/**
 * Latency: peak EWMA of a backend's answer times. A slower answer counts at once, faster ones bring it
 * down over a while; without answers it fades, so that a backend that was slow is tried again.
 */
import type { BackendSlot } from "./backend-slot.ts";

/** After so long an observation counts a third. Milliseconds. */
const DECAY_MS = 10_000;
/** What a failure counts as at least. Milliseconds. */
const FAILURE_MS = 1_000;
/** Nothing is faster: zero is "nothing known". */
const LEAST_MS = 0.01;

/** Takes an answer time into account. */
export function observeLatency(slot: BackendSlot, latencyMs: number, now: number): void {
  const before = slot.latencyMs;
  const seen = Math.max(latencyMs, LEAST_MS);
  if (seen >= before) {
    slot.setLatency(seen, now);
    return;
  }
  const kept = Math.exp((slot.latencyAt - now) / DECAY_MS);
  slot.setLatency(Math.max(LEAST_MS, before * kept + seen * (1 - kept)), now);
}

/** A failure is no fast answer, however soon it comes. */
export function observeFailure(slot: BackendSlot, latencyMs: number, now: number): void {
  observeLatency(slot, Math.max(latencyMs, FAILURE_MS), now);
}

/** What the next answer is expected to take; 0 where nothing is known. Milliseconds. */
export function expectedLatency(slot: BackendSlot, now: number): number {
  const { latencyMs } = slot;
  if (latencyMs === 0) return 0;
  return latencyMs * Math.min(1, Math.exp((slot.latencyAt - now) / DECAY_MS));
}

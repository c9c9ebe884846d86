/**
 * Queue: the `queue` block of a service, a pool or `global`.
 */
import type { PoolPolicy } from "../../artifact/model.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Queue } from "../../schema/types.gen.ts";
import { Block } from "./block.ts";
import { durationKey, readNumber } from "./scalar.ts";

export const QUEUE = new Block<Queue, PoolPolicy["queue"]>({
  waitersMax: { key: "max", read: readNumber, fallback: POOL_DEFAULTS.queue.max },
  timeoutMs: durationKey("timeout", POOL_DEFAULTS.queue.timeout, 1, 1),
});

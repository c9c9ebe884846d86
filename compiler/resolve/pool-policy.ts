/**
 * The policy of a pool: the blocks that a service, a pool and `global` have alike.
 */
import type { PoolPolicy } from "../../artifact/model.ts";
import type { Pool } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import type { Draft } from "./block.ts";
import { type BreakerDraft, CIRCUIT_BREAKER, completeBreaker } from "./circuit-breaker.ts";
import { DNS } from "./dns.ts";
import { field } from "./field.ts";
import { completeHealth, type HealthDraft, readHealth } from "./health-check.ts";
import { type BalancingDraft, completeBalancing, readBalancing } from "./load-balancing.ts";
import { QUEUE } from "./queue.ts";

/** The blocks of a service, a pool or `global`, each undefined where it is left out. */
export interface PoolBlocks {
  balancing: BalancingDraft | undefined;
  health: HealthDraft | undefined;
  breaker: BreakerDraft | undefined;
  queue: Draft<PoolPolicy["queue"]> | undefined;
  dns: Draft<PoolPolicy["dns"]> | undefined;
}

/** The keys of these blocks. */
const POOL_BLOCK_KEYS = [
  "load_balancing",
  "health_check",
  "circuit_breaker",
  "queue",
  "dns",
] as const satisfies readonly (keyof Pool)[];

/** Reads the blocks of a service, a pool or `global`; undefined where it has none. */
export function readPoolBlocks(
  node: YamlNode | undefined,
  log: DiagnosticLog,
): PoolBlocks | undefined {
  if (!POOL_BLOCK_KEYS.some((key) => field<Pool>(node, key) !== undefined)) return undefined;
  return {
    balancing: readBalancing(field<Pool>(node, "load_balancing"), log),
    health: readHealth(field<Pool>(node, "health_check"), log),
    breaker: CIRCUIT_BREAKER.read(field<Pool>(node, "circuit_breaker"), log),
    queue: QUEUE.read(field<Pool>(node, "queue"), log),
    dns: DNS.read(field<Pool>(node, "dns"), log),
  };
}

/** The keys of the blocks that a mapping has, and where. */
export function poolBlockSpans(node: YamlNode): { key: string; at: Span }[] {
  if (node.kind !== "map") return [];
  return POOL_BLOCK_KEYS.flatMap((key) => {
    const entry = node.entries.get(key);
    return entry === undefined ? [] : { key, at: entry.key };
  });
}

/** What holds. Of streams it is without what only requests have. */
export function completePoolPolicy(
  own: PoolBlocks | undefined,
  global: PoolBlocks | undefined,
  isOfStreams: boolean,
  log: DiagnosticLog,
): PoolPolicy {
  return {
    ...completeBalancing(own?.balancing, global?.balancing, isOfStreams, log),
    ...completeHealth(own?.health, global?.health, isOfStreams),
    breaker: completeBreaker(own?.breaker, global?.breaker),
    queue: QUEUE.complete(own?.queue, global?.queue),
    dns: DNS.complete(own?.dns, global?.dns),
  };
}

/**
 * Load balancing: the `load_balancing` block of a service, a pool or `global`.
 */
import type { Algorithm, PoolPolicy } from "../../artifact/model.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { LoadBalancing } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { Block, type Draft, type Given } from "./block.ts";
import { field } from "./field.ts";
import { DEFAULT_HASH, type HashKey, readHash } from "./hash.ts";
import { durationKey, readNumber, toPercent, wordReader } from "./scalar.ts";
import { completeSticky, readSticky, type StickyDraft } from "./sticky.ts";

export interface BalancingDraft {
  plain: Draft<PlainSettings> | undefined;
  hash: Given<HashKey> | undefined;
  sticky: StickyDraft | undefined;
}

interface PlainSettings {
  algorithm: AlgorithmName;
  /** NaN where it is left to the algorithm's name. */
  boundedLoadPercent: number;
  slowStartMs: number;
  panicPercent: number;
}

/** What load balancing is in a pool's policy. */
export type Balancing = Pick<
  PoolPolicy,
  "algorithm" | "hash" | "boundedLoadPercent" | "sticky" | "slowStartMs" | "panicPercent"
>;

type AlgorithmName = NonNullable<LoadBalancing["algorithm"]>;

/** Every name of an algorithm: what it is, and the bound that comes with the name. */
const ALGORITHM_NAMES: Record<AlgorithmName, { algorithm: Algorithm; boundPercent?: number }> = {
  "round-robin": { algorithm: "round-robin" },
  "weighted-rr": { algorithm: "weighted-rr" },
  "weighted-round-robin": { algorithm: "weighted-rr" },
  "least-connections": { algorithm: "least-connections" },
  "weighted-least-connections": { algorithm: "weighted-least-connections" },
  random: { algorithm: "random" },
  p2c: { algorithm: "p2c" },
  "power-of-two": { algorithm: "p2c" },
  ewma: { algorithm: "ewma" },
  "peak-ewma": { algorithm: "ewma" },
  "consistent-hash": { algorithm: "consistent-hash" },
  "bounded-consistent-hash": { algorithm: "consistent-hash", boundPercent: 125 },
  "bounded-load": { algorithm: "consistent-hash", boundPercent: 125 },
  "ip-hash": { algorithm: "ip-hash" },
};

/** A bound nearer to 1 would send most keys elsewhere most of the time. */
const BOUND_LEAST = 1.01;
const BOUND_MOST = 100;
const DEFAULTS = POOL_DEFAULTS.load_balancing;

const BLOCK = new Block<LoadBalancing, PlainSettings>({
  algorithm: {
    key: "algorithm",
    read: wordReader(Object.keys(ALGORITHM_NAMES) as AlgorithmName[]),
    fallback: DEFAULTS.algorithm,
  },
  boundedLoadPercent: { key: "bounded_load", read: readBound, fallback: NaN },
  slowStartMs: durationKey("slow_start", DEFAULTS.slow_start, 0, 24),
  panicPercent: {
    key: "panic_threshold",
    read: readNumber,
    fallback: DEFAULTS.panic_threshold,
  },
});

/** Reads a block of load balancing. */
export function readBalancing(
  node: YamlNode | undefined,
  log: DiagnosticLog,
): BalancingDraft | undefined {
  if (node === undefined) return undefined;
  return {
    plain: BLOCK.read(node, log),
    hash: readHash(node, log),
    sticky: readSticky(field<LoadBalancing>(node, "sticky"), log),
  };
}

/** What holds. */
export function completeBalancing(
  own: BalancingDraft | undefined,
  global: BalancingDraft | undefined,
  isOfStreams: boolean,
  log: DiagnosticLog,
): Balancing {
  const plain = BLOCK.complete(own?.plain, global?.plain);
  const { algorithm, boundPercent = toPercent(DEFAULTS.bounded_load) } =
    ALGORITHM_NAMES[plain.algorithm];
  const isHashed = algorithm === "consistent-hash";
  const bound = Number.isNaN(plain.boundedLoadPercent) ? boundPercent : plain.boundedLoadPercent;
  return {
    algorithm,
    hash:
      isHashed && !isOfStreams
        ? ((own?.hash ?? global?.hash)?.value ?? DEFAULT_HASH)
        : DEFAULT_HASH,
    boundedLoadPercent: isHashed ? bound : 0,
    sticky: isOfStreams ? undefined : completeSticky(own?.sticky, global?.sticky, log),
    slowStartMs: plain.slowStartMs,
    panicPercent: plain.panicPercent,
  };
}

function readBound(node: YamlNode, log: DiagnosticLog): number | undefined {
  const value = readNumber(node);
  if (value === undefined) return undefined;
  if (value > 0 && value < BOUND_LEAST) {
    log.report("BAL2005", node, { value, minimum: BOUND_LEAST, maximum: BOUND_MOST });
  }
  return toPercent(value);
}

/**
 * Values of a Balance file as Balto writes them: Go's durations, counts within Balto's bounds, sizes in
 * bytes, names.
 */
import { type YamlNode, valueAt } from "../parse/yaml-node.ts";
import type { Balance } from "./conversion.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const LONGEST_MS = 24 * 3_600_000;

/**
 * A duration of Go (`1h30m`, `1.5s`, `500us`) as Balto has it; finer than 1 ms is rounded up.
 *
 * @param fallback what Balance takes where the key is left out or 0
 */
export function duration<F extends string | undefined>(
  { taken, log }: Balance,
  node: YamlNode | undefined,
  key: string,
  fallback: F,
): string | F {
  const text = taken.text(node, key);
  if (text === undefined || text === "0") return fallback;
  const parts = [...text.matchAll(/([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    taken.refuse(node, key, "a duration");
    return fallback;
  }
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNIT_MS[unit!]!, 0);
  if (ms === 0) return fallback;
  if (ms > LONGEST_MS) {
    log.report("BAL6108", valueAt(node, key)!, { key, what: "the longest is 24h here" });
  }
  return formatMs(Math.min(Math.ceil(ms), LONGEST_MS));
}

/** In the fewest parts: 90,000 is `1m30s`. */
function formatMs(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, size] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
  }
  return parts.join("");
}

/** A number within Balto's bounds; one that is not is told of. 0 and none are `fallback`, as in Balance. */
export function count<F extends number | undefined>(
  { taken, log }: Balance,
  node: YamlNode | undefined,
  key: string,
  fallback: F,
  most: number,
  least = 1,
): number | F {
  const number = taken.number(node, key);
  if (number === undefined || number === 0) return fallback;
  const within = Math.max(least, Math.min(most, number));
  if (within !== number) {
    const what = `it is from ${least} to ${most} here, and was made ${within}`;
    log.report("BAL6108", valueAt(node, key)!, { key, what });
  }
  return within;
}

/** So many bytes, in the largest unit that divides them. */
export function size(bytes: number): string {
  if (bytes % 1_048_576 === 0) return `${bytes / 1_048_576}MiB`;
  return bytes % 1024 === 0 ? `${bytes / 1024}KiB` : `${bytes}B`;
}

/** A name with what Balto's names may hold. */
export function cleanName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._/:@*-]/g, "-").slice(0, 180);
}

/**
 * True where a block says that it is enabled. Otherwise its other keys have no effect in Balance
 * either, which is told once.
 */
export function isEnabled(
  { taken, log }: Balance,
  block: YamlNode | undefined,
  path: string,
): boolean {
  if (block?.kind !== "map" || taken.flag(block, "enabled") === true) return block !== undefined;
  if ([...block.entries.keys()].some((key) => key !== "enabled")) {
    const reason = "it is not enabled, so it has no effect in Balance either";
    log.report("BAL6103", block.entries.values().next().value!.key, { key: path, reason });
  }
  taken.all(block);
  return false;
}

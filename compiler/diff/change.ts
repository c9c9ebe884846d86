/**
 * Changes: in what two outcomes of one request differ, and how much of a risk that is.
 */
import type { PoolTreatment, Rewrite, Treatment } from "./treatment.ts";

export type Risk = "high" | "medium" | "low";

export type Change =
  /** A backend answered; now the gateway refuses. */
  | { kind: "refused"; status: number }
  /** The gateway refused; now a backend answers. */
  | { kind: "new"; status: number }
  /** The gateway refused and refuses, with another status or Allow. */
  | { kind: "other-refusal"; before: number; after: number }
  | { kind: "rewrite"; what: string[] }
  | PoolChange;

export type PoolChange =
  /** No backend is the same. */
  | { kind: "pool"; removed: string[]; added: string[] }
  /** Some are. */
  | { kind: "backends"; removed: string[]; added: string[] }
  | { kind: "weights"; shares: { url: string; before: number; after: number }[] }
  | { kind: "policy"; settings: { key: string; before: string; after: string }[] };

/** The riskiest first. */
export const CHANGE_KINDS = [
  "refused",
  "pool",
  "rewrite",
  "backends",
  "weights",
  "policy",
  "other-refusal",
  "new",
] as const satisfies Change["kind"][];

const RISKS: Record<Change["kind"], Risk> = {
  refused: "high",
  pool: "high",
  rewrite: "high",
  backends: "medium",
  weights: "medium",
  policy: "medium",
  "other-refusal": "low",
  new: "low",
};

/** The risk of a list of changes: that of the riskiest. */
export function riskOf(changes: readonly Change[]): Risk {
  const risks = new Set(changes.map(({ kind }) => RISKS[kind]));
  return risks.has("high") ? "high" : risks.has("medium") ? "medium" : "low";
}

/** In what two treatments differ, the riskiest first. */
export function compareTreatments(before: Treatment, after: Treatment): Change[] {
  if (before.key === after.key) return [];
  return [
    ...comparePools(before, after),
    ...compareRewrites(before.rewrite, after.rewrite),
  ].toSorted((a, b) => CHANGE_KINDS.indexOf(a.kind) - CHANGE_KINDS.indexOf(b.kind));
}

/** In what two pools differ. */
export function comparePools(before: PoolTreatment, after: PoolTreatment): PoolChange[] {
  return [...compareBackends(before, after), ...comparePolicies(before, after)];
}

function compareBackends(
  { shares: before }: PoolTreatment,
  { shares: after }: PoolTreatment,
): PoolChange[] {
  const removed = [...before.keys()].filter((url) => !after.has(url)).toSorted();
  const added = [...after.keys()].filter((url) => !before.has(url)).toSorted();
  if (removed.length > 0 || added.length > 0) {
    const kind = removed.length === before.size ? "pool" : "backends";
    return [{ kind, removed, added }];
  }
  const shares = [...before].flatMap(([url, share]) => {
    const now = after.get(url)!;
    return now === share ? [] : [{ url, before: share, after: now }];
  });
  return shares.length === 0 ? [] : [{ kind: "weights", shares }];
}

function compareRewrites(before: Rewrite, after: Rewrite): Change[] {
  const what: string[] = [];
  if (before.strip !== after.strip) what.push("path");
  if (before.preserveHost !== after.preserveHost) what.push("Host");
  const [was, is] = [before, after].map(({ parameters }) => {
    return parameters.map(({ name, segment }) => `X-Param-${name} ${segment}`);
  }) as [string[], string[]];
  const moved = [
    ...was.filter((one) => !is.includes(one)),
    ...is.filter((one) => !was.includes(one)),
  ];
  for (const text of moved) what.push(text.split(" ")[0]!);
  if (was.join() !== is.join() && moved.length === 0) what.push("order of parameters");
  return what.length === 0 ? [] : [{ kind: "rewrite", what: [...new Set(what)] }];
}

/** Settings of backends that came or went are no change of their own. */
function comparePolicies(before: PoolTreatment, after: PoolTreatment): PoolChange[] {
  const keys = [...new Set([...before.policy.keys(), ...after.policy.keys()])];
  const settings = keys.flatMap((key) => {
    const [url] = key.split(" ") as [string];
    const isOfBackend = key.includes(" ");
    if (isOfBackend && !(before.shares.has(url) && after.shares.has(url))) return [];
    // Of a block that is turned off nothing else is to be said.
    if (after.policy.get(key.slice(0, key.lastIndexOf("."))) === "off") return [];
    const isTurnedOff = !before.policy.has(key) && after.policy.get(key) === "off";
    if (isTurnedOff) return [{ key, before: "on", after: "off" }];
    const [was, is] = [before.policy.get(key) ?? "off", after.policy.get(key) ?? "off"];
    return was === is ? [] : [{ key, before: was, after: is }];
  });
  return settings.length === 0 ? [] : [{ kind: "policy", settings }];
}

/**
 * The settings of a part of the model as a flat list of names and texts. The list is made of what the
 * model has, so that a new policy is shown, compared and explained without a line here.
 */
import type { Model, Pool, Service, Settings, Stream } from "../../artifact/model.ts";

/** One value of the model. */
export interface ModelSetting {
  /** As the configuration would have it: `timeouts.connect`. */
  key: string;
  /** As a person writes it: `5s`, `10MiB`, `no limit`. */
  text: string;
}

/** What of a service is not a setting: its identity, which requests it takes, and its pool. */
const SERVICE_PARTS = new Set<string>([
  "name",
  "domains",
  "pattern",
  "methods",
  "predicates",
  "priority",
  "pool",
  "origin",
] satisfies (keyof Service)[]);
/** `label` is another name of it, `table` follows from the backends. */
const POOL_PARTS = new Set(["key", "label", "backends", "origin", "table"]);

/** `sni` is said by the pools that it leads to. */
const STREAM_PARTS = new Set<string>(["name", "pool", "sni", "origin"] satisfies (keyof Stream)[]);

const BACKEND_PARTS = new Set(["name", "origin"]);

/** What a service does with its requests, as a text to compare by. */
export function serviceFingerprint(service: Service): string {
  return fingerprint(service, SERVICE_PARTS);
}

/** What a pool says of itself, as a text to compare by; the order of its backends does not matter. */
export function poolFingerprint(pool: Pool): string {
  const backends = pool.backends.map((backend) => fingerprint(backend, BACKEND_PARTS)).toSorted();
  return `${fingerprint(pool, POOL_PARTS)} ${backends.join(" ")}`;
}

/** What a service says of the requests it takes. */
export function serviceSettings(service: Service): ModelSetting[] {
  return flatten(without(service, SERVICE_PARTS));
}

/** What a pool says beside its backends. */
export function poolSettings(pool: Pool): ModelSetting[] {
  return flatten(without(pool, POOL_PARTS));
}

/** What a stream says beside its backends. */
export function streamSettings(stream: Stream): ModelSetting[] {
  return flatten(without(stream, STREAM_PARTS));
}

/** The settings of the whole gateway. */
export function gatewaySettings(settings: Settings): ModelSetting[] {
  return flatten(settings);
}

/** Everything that a backend says beside its URL, weight and place. */
export function backendSettings(
  backend: Model["pools"][number]["backends"][number],
): ModelSetting[] {
  return flatten(without(backend, new Set([...BACKEND_PARTS, "url", "weight"])));
}

function fingerprint(part: object, leftOut: ReadonlySet<string>): string {
  const values: unknown[] = [];
  for (const [name, value] of Object.entries(part)) if (!leftOut.has(name)) values.push(value);
  return JSON.stringify(values);
}

function without(part: object, keys: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(part).filter(([key]) => !keys.has(key)));
}

function flatten(value: object, above: readonly string[] = []): ModelSetting[] {
  return Object.entries(value).flatMap(([name, part]: [string, unknown]) => {
    const path = [...above, name];
    if (typeof part === "object" && part !== null && !Array.isArray(part))
      return flatten(part, path);
    return [{ key: keyOf(path), text: textOf(name, part) }];
  });
}

/** Where the configuration has another name. */
const KEYS = new Map([
  ["health", "health_check"],
  ["passive", "health_check.passive"],
  ["breaker", "circuit_breaker"],
  ["panicPercent", "panic_threshold"],
  ["waitersMax", "max"],
  ["initiallyUp", "initial"],
  ["hedgeAfterMs", "hedge.after"],
]);

/** `["timeouts", "connectMs"]` → `timeouts.connect`, `["bodyBytesMax"]` → `max_body`. */
function keyOf(path: readonly string[]): string {
  return path
    .filter((name) => name !== "policy")
    .map((name, index, names) => {
      const key = KEYS.get(name);
      if (key !== undefined) return key;
      const [, stem = name] = /^(.+?)(?:Ms|Bytes|Percent)$/.exec(name) ?? [];
      const bounded = /^(.+?)(?:Bytes)?(Max|Min)$/.exec(stem);
      const words =
        bounded === null
          ? stem
          : // Among limits, that it is the most goes without saying.
            names[index - 1] === "limits"
            ? bounded[1]!
            : `${bounded[2]!.toLowerCase()}_${bounded[1]!}`;
      return words
        .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
        .replaceAll("__", "_");
    })
    .join(".");
}

function textOf(name: string, value: unknown): string {
  if (value === undefined || value === null) return "off";
  if (typeof value === "number") return numberText(name, value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return value === "" ? '""' : value;
  if (!Array.isArray(value)) return JSON.stringify(value);
  if (value.length === 0) return "none";
  return value.map((item: unknown) => itemText(item)).join(", ");
}

/** Ranges of statuses are the only lists of mappings that have a short form. */
function itemText(item: unknown): string {
  if (typeof item === "string") return item;
  if (typeof item === "object" && item !== null && "first" in item && "last" in item) {
    const { first, last } = item;
    return first === last ? String(first) : `${String(first)}-${String(last)}`;
  }
  return JSON.stringify(item);
}

function numberText(name: string, value: number): string {
  if (name.endsWith("Ms")) return durationText(value);
  if (name.endsWith("Percent")) return `${value}%`;
  if (value === 0 && name.endsWith("Max")) return "no limit";
  return /Bytes(?:Max)?$/.test(name) ? sizeText(value) : String(value);
}

/** `90000` → `1m30s`. */
export function durationText(ms: number): string {
  if (ms === 0) return "0s";
  let left = ms;
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) text += `${count}${unit}`;
    left -= count * size;
  }
  return text;
}

const UNITS = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

function sizeText(bytes: number): string {
  for (const [unit, size] of SIZES)
    if (bytes >= size && bytes % size === 0) return bytes / size + unit;
  return `${bytes}B`;
}

const SIZES = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
] as const;

/**
 * Streams in a diff: which of them came, went, or treat their connections otherwise. A stream takes whatever
 * comes to its address, so the address is what shows a difference.
 */
import type { Model, Stream } from "../../artifact/model.ts";
import { streamSettings } from "../explain/model-settings.ts";
import { comparePools, type Risk } from "./change.ts";
import { percent } from "./percent.ts";
import { type PoolTreatment, poolTreatmentOf } from "./treatment.ts";

/** A stream whose connections fare otherwise. */
export interface StreamClass {
  risk: Risk;
  kind: "removed" | "changed" | "added";
  /** Its name, the new one where it has another. */
  stream: string;
  /** Where such connections come to: `tcp :6379`; the old address, unless the stream is new. */
  witness: string;
  /** What is another of one that has changed; `none` is what one side does not have. */
  settings: { key: string; before: string; after: string }[];
}

/** The streams of two models that differ, the riskiest first. */
export function compareStreams(before: Model, after: Model): StreamClass[] {
  const pairs = paired(before.streams, after.streams);
  const classes = pairs.flatMap(([was, is]): StreamClass[] => {
    if (was === undefined) return [{ risk: "low", kind: "added", ...named(is), settings: [] }];
    if (is === undefined) return [{ risk: "high", kind: "removed", ...named(was), settings: [] }];
    const own = compareTexts(textsOf(was), textsOf(is));
    const isMoved = own.some(({ key }) => key === "listen" || key === "protocol");
    const targets = compareTargets(targetsOf(was), targetsOf(is));
    const settings = [...own, ...targets.settings];
    if (settings.length === 0) return [];
    const risk = isMoved || targets.isOther ? "high" : "medium";
    return [{ risk, kind: "changed", stream: is.name, witness: addressOf(was), settings }];
  });
  return classes.toSorted((a, b) => RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk));
}

const NONE = "none";
const RISKS: readonly Risk[] = ["high", "medium", "low"];

/** By name; what has another name and the same address is the same stream all the same. */
function paired(
  before: readonly Stream[],
  after: readonly Stream[],
): ([was: Stream, is: Stream | undefined] | [was: undefined, is: Stream])[] {
  const byName = new Map(after.map((stream) => [stream.name, stream]));
  const known = new Set(before.map(({ name }) => name));
  const left = after.filter(({ name }) => !known.has(name));
  const pairs = before.map((was): [Stream, Stream | undefined] => {
    const same = byName.get(was.name);
    if (same !== undefined) return [was, same];
    const renamed = left.findIndex((is) => addressOf(is) === addressOf(was));
    return [was, renamed === -1 ? undefined : left.splice(renamed, 1)[0]];
  });
  return [...pairs, ...left.map((is): [undefined, Stream] => [undefined, is])];
}

function addressOf({ protocol, listen }: Stream): string {
  return `${protocol} ${listen}`;
}

function named(stream: Stream): Pick<StreamClass, "stream" | "witness"> {
  return { stream: stream.name, witness: addressOf(stream) };
}

type Settings = StreamClass["settings"];

function textsOf(stream: Stream): Map<string, string> {
  return new Map(streamSettings(stream).map(({ key, text }) => [key, text]));
}

function compareTexts(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Settings {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [was, is] = [before.get(key) ?? NONE, after.get(key) ?? NONE];
    return was === is ? [] : [{ key, before: was, after: is }];
  });
}

/** Where connections go by their server name; "" is where all others go. */
function targetsOf({ pool, sni }: Stream): Map<string, PoolTreatment> {
  const targets = sni.flatMap((route) => route.names.map((name) => [name, route.pool] as const));
  if (pool !== undefined) targets.unshift(["", pool]);
  return new Map(targets.map(([name, target]) => [name, poolTreatmentOf(target)]));
}

const NOWHERE: PoolTreatment = { shares: new Map(), policy: new Map() };

/** `isOther`: some connections go to no backend that they went to before. */
function compareTargets(
  before: ReadonlyMap<string, PoolTreatment>,
  after: ReadonlyMap<string, PoolTreatment>,
): { settings: Settings; isOther: boolean } {
  const settings: Settings = [];
  let isOther = false;
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name), after.get(name)];
    const of = name === "" ? "" : `${name} `;
    const [old, now] = [was ?? NOWHERE, is ?? NOWHERE].map(({ shares }) => {
      return new Map([...shares].map(([url, share]) => [`${of}backends ${url}`, percent(share)]));
    });
    settings.push(...compareTexts(old!, now!));
    if (old!.size > 0 && ![...old!.keys()].some((url) => now!.has(url))) isOther = true;
    // What a server name that came or went is treated by is no change of its own.
    if (was === undefined || is === undefined) continue;
    for (const change of comparePools(was, is)) {
      if (change.kind !== "policy") continue;
      for (const setting of change.settings) {
        settings.push({ ...setting, key: of + setting.key });
      }
    }
  }
  return { settings, isOther };
}

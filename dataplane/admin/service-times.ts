/**
 * Service times: when each service was first served, and when it was served otherwise than before. A
 * data plane learns of both when it loads an artifact; of what was there when it started it only knows
 * that.
 */
import { setImmediate as pause } from "node:timers/promises";

import { rowCount, type View } from "../../artifact/view.ts";
import { keyOf } from "../pool/state/identity.ts";
import { RowComparison } from "./row-comparison.ts";
import { RowContent } from "./row-content.ts";
import { keyText, ServiceReader } from "./services.ts";

/** RFC 3339. */
export interface Times {
  created_at: string;
  updated_at: string;
}

/** Services that are compared before other things are done: word by word, and those that are the same. */
const SLICE = 500;
const SAME_SLICE = 1_000;

export class ServiceTimes {
  readonly #start: Times;
  /** Of those that have come or changed since the start. */
  readonly #changed = new Map<string, Times>();
  /** What was compared last, and what is to be compared with it. */
  #before: View | undefined;
  #next: { view: View; time: string } | undefined;
  #comparing: Promise<void> | undefined;

  constructor(startedAt: Date) {
    const time = rfc3339(startedAt);
    this.#start = { created_at: time, updated_at: time };
  }

  of(key: string): Times {
    return this.#changed.get(key) ?? this.#start;
  }

  /** Another artifact is served. Where several follow each other closely, only the last is compared. */
  serve(before: View, after: View, at: Date): void {
    this.#before ??= before;
    this.#next = { view: after, time: rfc3339(at) };
    this.#comparing ??= this.#compareAll();
  }

  /** All artifacts that have been served are known here. */
  async settled(): Promise<void> {
    await this.#comparing;
  }

  async #compareAll(): Promise<void> {
    try {
      while (this.#next !== undefined) {
        const { view, time } = this.#next;
        this.#next = undefined;
        await this.#compare(this.#before!, view, time);
        this.#before = view;
      }
    } finally {
      // In one step with the last look at what is next. Whoever serves another has the one before it.
      this.#before = this.#comparing = undefined;
    }
  }

  async #compare(before: View, after: View, time: string): Promise<void> {
    const same = await sameEnds(before, after);
    const contents = new Map<string, number>();
    await eachService(before, same, (key, content) => void contents.set(key, content));
    await eachService(after, same, (key, content) => {
      const known = contents.get(key);
      contents.delete(key);
      if (known === content) return;
      const created_at = known === undefined ? time : this.of(key).created_at;
      this.#changed.set(key, { created_at, updated_at: time });
    });
    // What is left has gone; should it come back it will be new.
    for (const key of contents.keys()) this.#changed.delete(key);
  }
}

/** How many services are the same in both artifacts, at the beginning and at the end. */
async function sameEnds(before: View, after: View): Promise<{ first: number; last: number }> {
  const [were, are] = [rowCount(before, "services"), rowCount(after, "services")];
  const rows = new RowComparison(before, after);
  // Row n of the one section is row n of the other.
  const isSame = (was: number, is: number): boolean =>
    rows.isSame("services", was, is) && rows.isSame("routes", was, is);
  const shorter = Math.min(were, are);
  let first = 0;
  while (first < shorter && isSame(first, first)) if (++first % SAME_SLICE === 0) await pause();
  let last = 0;
  while (last < shorter - first && isSame(were - 1 - last, are - 1 - last)) {
    if (++last % SAME_SLICE === 0) await pause();
  }
  return { first, last };
}

/**
 * @param first how many services are left out at the beginning, and `last` at the end
 * @param visit is given a service's key and a digest of what it says
 */
async function eachService(
  view: View,
  { first, last }: { first: number; last: number },
  visit: (key: string, content: number) => void,
): Promise<void> {
  const reader = new ServiceReader(view);
  const content = new RowContent(view);
  for (let route = first; route < reader.count - last; route++) {
    if (route % SLICE === SLICE - 1) await pause();
    const { domain, pattern, methods } = reader.key(route);
    // Row n of the one section is row n of the other.
    const text = content.of("routes", route) + content.of("services", route);
    visit(keyText(domain, pattern, methods), digestOf(text));
  }
}

/** 53 bits: of a million services that changed one may seem not to have, in ten billion reloads. */
function digestOf(text: string): number {
  const { low, high } = keyOf(text);
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.[0-9]+Z$/, "Z");
}

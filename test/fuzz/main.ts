// `make fuzz`: mutates messages and keeps those that reach code no other one has reached, as V8's
// coverage says, until the time is over. FUZZ_SECONDS sets the time, BALTO_SEED repeats a run. An input
// that breaks an invariant is written to .vitest/fuzz/ and ends the run.

import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { corpusOf } from "./corpus.ts";
import { chunkedBody, mutated, requestStream, responseStream } from "./grammar.ts";
import { check, type Target } from "./invariants.ts";
import { Random } from "./random.ts";
import { clientHello, proxyHeader } from "./stream-grammar.ts";

/** Between two looks at the coverage, each of which costs as much as four inputs do. */
const BATCH = 8;
/** Inputs kept for a target; the oldest give way. */
const INPUTS_MAX = 5_000;

const FOUND = fileURLToPath(new URL("../../.vitest/fuzz", import.meta.url));
const GENERATORS = {
  request: requestStream,
  response: responseStream,
  body: chunkedBody,
  "proxy-header": proxyHeader,
  "client-hello": clientHello,
};

interface CoverageRange {
  startOffset: number;
  endOffset: number;
  count: number;
}

/** The blocks of the engine's code that have been reached so far. */
class Coverage {
  readonly #session = new Session();
  readonly #reached = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  get size(): number {
    return this.#reached.size;
  }

  /** True where a block was reached since the last call that never was before. */
  hasGrown(): boolean {
    const before = this.#reached.size;
    this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error !== null) throw error;
      for (const { url, functions } of taken.result) {
        if (!/\/dataplane\/(http|stream)\//.test(url)) continue;
        for (const { ranges } of functions) this.#add(url, ranges);
      }
    });
    return this.#reached.size > before;
  }

  #add(url: string, ranges: readonly CoverageRange[]): void {
    for (const { startOffset, endOffset, count } of ranges) {
      if (count === 0) continue;
      // How often, roughly, is a difference too: once, a few times, many times.
      const magnitude = Math.min(Math.floor(Math.log2(count) / 4), 3);
      this.#reached.add(`${url}:${startOffset}:${endOffset}:${magnitude}`);
    }
  }
}

/** One target's inputs so far. */
class Campaign {
  readonly target: Target;
  readonly inputs: Buffer[];
  readonly #random: Random;

  constructor(target: Target, random: Random) {
    this.target = target;
    this.#random = random;
    this.inputs = corpusOf(target).map(({ bytes }) => bytes);
    for (const input of this.inputs) this.try(input);
  }

  /** A new input from a kept one, or from nothing. */
  next(): Buffer {
    const random = this.#random;
    if (this.inputs.length === 0 || random.chance(0.2)) return GENERATORS[this.target](random);
    return mutated(random, random.pick(this.inputs), random.pick(this.inputs));
  }

  try(input: Buffer): void {
    try {
      check(this.target, input, this.#random);
    } catch (error) {
      mkdirSync(FOUND, { recursive: true });
      const file = join(FOUND, `${this.target}-${Date.now()}`);
      writeFileSync(file, input);
      throw new Error(`${file} breaks an invariant: ${JSON.stringify(input.toString("latin1"))}`, {
        cause: error,
      });
    }
  }

  /** Tries a batch; keeps it where one of its inputs reached something new. */
  run(coverage: Coverage): void {
    const batch = Array.from({ length: BATCH }, () => this.next());
    for (const input of batch) this.try(input);
    if (!coverage.hasGrown()) return;
    this.inputs.push(...batch);
    if (this.inputs.length > INPUTS_MAX) this.inputs.splice(0, BATCH);
  }
}

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 300);
const seed = Number(process.env["BALTO_SEED"] ?? randomInt(2 ** 31));
process.stdout.write(`fuzzing for ${seconds} s, BALTO_SEED=${seed}\n`);

const random = new Random(seed);
const coverage = new Coverage();
const targets = Object.keys(GENERATORS) as Target[];
const campaigns = targets.map((target) => new Campaign(target, random));
const end = performance.now() + seconds * 1000;
let tried = 0;
while (performance.now() < end) {
  for (const campaign of campaigns) campaign.run(coverage);
  tried += BATCH * campaigns.length;
}
process.stdout.write(`${tried} inputs, ${coverage.size} blocks reached, no invariant broken\n`);

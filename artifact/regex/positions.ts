/**
 * Positions (Glushkov's construction): every byte set of an expression is a position, and what may
 * follow what is all there is to know. No empty steps, so nothing can go round without reading.
 */
import type { RegexNode } from "./syntax.ts";

export interface NondeterministicAutomaton {
  /** The set of each position; the last position is the start and has none. */
  sets: Uint8Array[];
  /** The positions that may come after each one. */
  follow: Set<number>[];
  /** The start. */
  first: number;
  /** Where a value may end. */
  ends: Set<number>;
}

/** Sets after counts are written out; an expression with more is refused. */
const POSITIONS_MAX = 250;

interface Part {
  first: Set<number>;
  last: Set<number>;
  isEmptyTaken: boolean;
}

/** The positions of an expression, or undefined where there are too many. */
export function positionsOf(node: RegexNode): NondeterministicAutomaton | undefined {
  const building = new Building();
  const whole = building.part(node);
  if (whole === undefined) return undefined;
  const { sets, follow } = building;
  const start = sets.length;
  const ends = new Set(whole.last);
  if (whole.isEmptyTaken) ends.add(start);
  return { sets: [...sets, NOTHING], follow: [...follow, whole.first], first: start, ends };
}

const NOTHING = new Uint8Array(256);

class Building {
  readonly sets: Uint8Array[] = [];
  readonly follow: Set<number>[] = [];

  /** Undefined once there are too many positions. */
  part(node: RegexNode): Part | undefined {
    switch (node.kind) {
      case "set": {
        if (this.sets.length >= POSITIONS_MAX) return undefined;
        const position = this.sets.push(node.bytes) - 1;
        this.follow.push(new Set());
        return { first: new Set([position]), last: new Set([position]), isEmptyTaken: false };
      }
      case "sequence": {
        let all: Part | undefined = emptyPart();
        for (const part of node.parts) {
          all = this.#join(all, this.part(part));
          if (all === undefined) return undefined;
        }
        return all;
      }
      case "choice": {
        const all: Part = { first: new Set(), last: new Set(), isEmptyTaken: false };
        for (const part of node.parts) {
          const one = this.part(part);
          if (one === undefined) return undefined;
          for (const position of one.first) all.first.add(position);
          for (const position of one.last) all.last.add(position);
          all.isEmptyTaken ||= one.isEmptyTaken;
        }
        return all;
      }
      case "repeat":
        return this.#repeat(node.part, node.least, node.most);
    }
  }

  /** `{2,4}` is two, then one or none, then one or none; `{2,}` is two, the last as often as wanted. */
  #repeat(node: RegexNode, least: number, most: number): Part | undefined {
    let all: Part | undefined = emptyPart();
    const copies = most === Infinity ? Math.max(least, 1) : most;
    for (let copy = 1; copy <= copies; copy++) {
      const one = this.part(node);
      if (one === undefined) return undefined;
      if (most === Infinity && copy === copies) this.#link(one.last, one.first);
      const isOptional = copy > least;
      all = this.#join(all, { ...one, isEmptyTaken: one.isEmptyTaken || isOptional });
      if (all === undefined) return undefined;
    }
    return all;
  }

  #join(a: Part, b: Part | undefined): Part | undefined {
    if (b === undefined) return undefined;
    this.#link(a.last, b.first);
    return {
      first: a.isEmptyTaken ? new Set([...a.first, ...b.first]) : a.first,
      last: b.isEmptyTaken ? new Set([...a.last, ...b.last]) : b.last,
      isEmptyTaken: a.isEmptyTaken && b.isEmptyTaken,
    };
  }

  #link(from: ReadonlySet<number>, to: ReadonlySet<number>): void {
    for (const before of from) for (const after of to) this.follow[before]!.add(after);
  }
}

function emptyPart(): Part {
  return { first: new Set(), last: new Set(), isEmptyTaken: true };
}

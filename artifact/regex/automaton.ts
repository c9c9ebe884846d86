/**
 * Automata: a regular expression as a table from state and byte to state. One pass over a value, one
 * step a byte, whatever the expression was; how many states there may be is limited when it is made.
 *
 * The same expression gives the same table: states are numbered in the order in which they are met.
 */
import { AUTOMATON_STATES_MAX } from "../layout.ts";
import { type NondeterministicAutomaton, positionsOf } from "./positions.ts";
import { parseRegex, type RegexFault } from "./syntax.ts";

/** A deterministic automaton over bytes. */
export interface Automaton {
  /** Bytes that no state tells apart have one class. */
  classOf: Uint8Array;
  classes: number;
  states: number;
  start: number;
  /** States from this one on accept. State 0 is dead: nothing leads out of it. */
  accepting: number;
  /** `steps[state * classes + class]` is the next state. */
  steps: Uint32Array;
}

/** Before equal states are merged. */
const SUBSETS_MAX = 512;

/** The automaton that takes exactly the values that an expression matches as a whole. */
export function compileRegex(text: string): Automaton | RegexFault {
  const node = parseRegex(text);
  if ("reason" in node) return node;
  const positions = positionsOf(node);
  const subsets = positions && determinize(positions);
  const automaton = subsets && minimize(subsets);
  if (automaton?.start === 0) {
    return { offset: 0, reason: "matches no value at all", help: "look for a class that is empty" };
  }
  if (automaton === undefined || automaton.states > AUTOMATON_STATES_MAX) {
    const reason = `needs more than ${AUTOMATON_STATES_MAX} states`;
    return { offset: 0, reason, help: "use smaller counts, or fewer alternatives" };
  }
  return automaton;
}

/** True where an automaton takes all of `bytes[start..end)`. */
export function accepts(automaton: Automaton, bytes: Uint8Array): boolean {
  const { classOf, classes, steps, accepting } = automaton;
  let state = automaton.start;
  for (const byte of bytes) state = steps[state * classes + classOf[byte]!]!;
  return state >= accepting;
}

/** A table whose states are subsets of positions; subset 0 is the empty one. */
interface Subsets {
  classOf: Uint8Array;
  classes: number;
  steps: number[];
  accepts: boolean[];
}

function determinize({
  sets,
  follow,
  first,
  ends,
}: NondeterministicAutomaton): Subsets | undefined {
  const { classOf, members } = classesOf(sets);
  const classes = members.length;
  const numbers = new Map<string, number>();
  const subsets: number[][] = [];
  const accepts: boolean[] = [];
  const steps: number[] = [];
  const numberOf = (subset: number[]): number => {
    const key = subset.join(",");
    let number = numbers.get(key);
    if (number === undefined) {
      numbers.set(key, (number = subsets.length));
      subsets.push(subset);
      accepts.push(subset.some((position) => ends.has(position)));
    }
    return number;
  };
  numberOf([]);
  numberOf([first]);
  for (let at = 0; at < subsets.length; at++) {
    if (subsets.length > SUBSETS_MAX) return undefined;
    const after = new Set<number>();
    for (const position of subsets[at]!) for (const next of follow[position]!) after.add(next);
    const sorted = [...after].toSorted((a, b) => a - b);
    for (const byte of members) {
      steps.push(numberOf(sorted.filter((position) => sets[position]![byte] === 1)));
    }
  }
  return { classOf, classes, steps, accepts };
}

/** Bytes that are in the same sets; `members` holds one byte of each class. */
function classesOf(sets: readonly Uint8Array[]): { classOf: Uint8Array; members: number[] } {
  let classOf = new Uint8Array(256);
  let members = [0];
  for (const set of new Set(sets)) {
    const numbers = new Map<number, number>();
    const split = new Uint8Array(256);
    members = [];
    for (let byte = 0; byte < 256; byte++) {
      const key = classOf[byte]! * 2 + set[byte]!;
      let number = numbers.get(key);
      if (number === undefined) {
        numbers.set(key, (number = members.length));
        members.push(byte);
      }
      split[byte] = number;
    }
    classOf = split;
  }
  return { classOf, members };
}

/** Merges states that no value tells apart (Moore), and numbers them: dead, refusing, accepting. */
function minimize({ classOf, classes, steps, accepts }: Subsets): Automaton {
  const count = accepts.length;
  let blocks = accepts.map(Number);
  for (let size = 0; ;) {
    const numbers = new Map<string, number>();
    const next = blocks.map((block, state) => {
      const row = [block];
      for (let c = 0; c < classes; c++) row.push(blocks[steps[state * classes + c]!]!);
      const key = row.join(",");
      let number = numbers.get(key);
      if (number === undefined) numbers.set(key, (number = numbers.size));
      return number;
    });
    blocks = next;
    if (numbers.size === size) break;
    size = numbers.size;
  }
  // Subset 0 is the empty one, so its block is the dead state; all others in the order they are met.
  const members = new Map<number, number>();
  for (let state = 0; state < count; state++) {
    if (!members.has(blocks[state]!)) members.set(blocks[state]!, state);
  }
  const order = [...members].toSorted(([a, s], [b, t]) => {
    const rank = (block: number, state: number) =>
      block === blocks[0] ? 0 : accepts[state] === true ? 2 : 1;
    return rank(a, s) - rank(b, t) || s - t;
  });
  const numbers = new Map(order.map(([block], number) => [block, number]));
  const table = new Uint32Array(order.length * classes);
  order.forEach(([, state], number) => {
    for (let c = 0; c < classes; c++) {
      table[number * classes + c] = numbers.get(blocks[steps[state * classes + c]!]!)!;
    }
  });
  const accepting = order.findIndex(([, state]) => accepts[state] === true);
  return {
    classOf,
    classes,
    states: order.length,
    start: numbers.get(blocks[1]!)!,
    accepting: accepting === -1 ? order.length : accepting,
    steps: table,
  };
}

/**
 * Value atoms: the values of one header field or query parameter, divided into classes that a set of
 * predicates does not tell apart, each with a value that stands for it.
 *
 * The classes are found by walking all predicates at once: a trie of the texts that `exact` and
 * `prefix` name, beside the automaton of each `regex`. They are exact, up to the bounds below.
 */
import type { Predicate } from "../../artifact/model.ts";
import { type Automaton, accepts, compileRegex } from "../../artifact/regex/automaton.ts";

/** One class. */
export interface Atom {
  /** Undefined where the field or parameter is not sent. */
  value: string | undefined;
  /** Which of the predicates hold: their positions, in order. */
  holds: readonly number[];
}

/** Combined states that are walked; a handful of expressions has some hundred. */
const STATES_MAX = 100_000;
/** Longer values hardly fit a head. */
const VALUE_BYTES_MAX = 4_096;

export interface Atoms {
  atoms: Atom[];
  /** False where there were too many states to look at all of them. */
  isComplete: boolean;
}

/** The classes that predicates about one subject and name divide its values into. */
export function valueAtoms(predicates: readonly Predicate[]): Atoms {
  const isHeader = predicates[0]?.subject === "header";
  const automata = predicates.map(({ kind, value }) =>
    kind === "regex" ? compiled(value) : undefined,
  );
  const exact = new Map<string, number[]>();
  const others: number[] = [];
  for (const [index, { kind, value }] of predicates.entries()) {
    if (kind !== "exact") others.push(index);
    else if (exact.has(value)) exact.get(value)!.push(index);
    else exact.set(value, [index]);
  }
  const atoms = new Map<string, Atom>();
  const add = (value: string | undefined): void => {
    const holds = others.filter((index) => holdsFor(predicates[index]!, automata[index], value));
    if (value !== undefined) holds.push(...(exact.get(value) ?? []));
    const key = `${value === undefined ? "-" : ""}${holds.join()}`;
    if (!atoms.has(key)) atoms.set(key, { value, holds: holds.toSorted((a, b) => a - b) });
  };
  add(undefined);
  for (const value of exact.keys()) add(value);
  const found = samples(predicates, automata, isHeader);
  for (const value of found.values) add(value);
  return { atoms: [...atoms.values()], isComplete: found.isComplete };
}

/** True where a predicate other than `exact` holds for a value; undefined is one that is not sent. */
function holdsFor(
  { kind, value: wanted }: Predicate,
  automaton: Automaton | undefined,
  value: string | undefined,
): boolean {
  if (kind === "absent") return value === undefined;
  if (value === undefined) return false;
  if (kind === "present") return true;
  if (kind === "prefix") return value.startsWith(wanted);
  return automaton !== undefined && accepts(automaton, Buffer.from(value));
}

/** What one predicate compiled is asked for again and again. */
const regexes = new Map<string, Automaton>();
const REGEXES_MAX = 1_000;

function compiled(text: string): Automaton {
  const known = regexes.get(text);
  if (known !== undefined) return known;
  const automaton = compileRegex(text);
  if ("reason" in automaton) throw new Error(`the regex ${text} ${automaton.reason}`);
  if (regexes.size >= REGEXES_MAX) regexes.clear();
  regexes.set(text, automaton);
  return automaton;
}

interface TextNode {
  next: Map<number, TextNode>;
  id: number;
  /** Predicates whose text this is, and prefixes that have been passed on the way here. */
  exact: number[];
  prefixes: number[];
}

/** A combined state: where in the trie (or the last node before it was left), and in each automaton. */
interface Walk {
  node: TextNode;
  isInside: boolean;
  states: number[];
  /** The bytes that led here, the last one first. */
  byte: number;
  before: Walk | undefined;
  length: number;
}

/** A value for each combined state that can be reached. */
function samples(
  predicates: readonly Predicate[],
  automata: readonly (Automaton | undefined)[],
  isHeader: boolean,
): { values: string[]; isComplete: boolean } {
  const regex = automata.filter((automaton) => automaton !== undefined);
  const root = trieOf(predicates);
  const classes = byteClasses(regex, isHeader);
  if (regex.length === 0) {
    return { values: plainSamples(predicates, root, classes[0]!), isComplete: true };
  }
  const seen = new Set<string>();
  const told = new Set<string>();
  const queue: Walk[] = [];
  const values: string[] = [];
  let isComplete = true;
  const reach = (walk: Walk): void => {
    const { node, isInside, states } = walk;
    // A header's value does not end in white space: the same state may be reached by another byte.
    const isOpen = isHeader && isSpace(walk.byte) && walk.length > 0;
    const key = `${node.id}${isInside ? "+" : "-"}${isOpen ? " " : ""}${states.join()}`;
    if (seen.has(key)) return;
    if (seen.size >= STATES_MAX || walk.length > VALUE_BYTES_MAX) {
      isComplete = false;
      return;
    }
    seen.add(key);
    queue.push(walk);
    if (isOpen) return;
    const accepted = regex.map(({ accepting }, index) => Number(states[index]! >= accepting));
    const holds = `${isInside ? node.exact.join() : ""} ${node.prefixes.join()} ${accepted.join()}`;
    const text = told.has(holds) ? undefined : textOf(walk);
    if (text === undefined) return;
    told.add(holds);
    values.push(text);
  };
  const start = { byte: 0, before: undefined, length: 0 };
  reach({
    node: root,
    isInside: true,
    states: regex.map((automaton) => automaton.start),
    ...start,
  });
  for (let at = 0; at < queue.length; at++) {
    const before = queue[at]!;
    const { node, isInside, states } = before;
    const step = (byte: number, next: TextNode | undefined): void =>
      reach({
        node: next ?? node,
        isInside: next !== undefined,
        states: regex.map(({ steps, classes: count, classOf }, index) => {
          return steps[states[index]! * count + classOf[byte]!]!;
        }),
        byte,
        before,
        length: before.length + 1,
      });
    const inside = isInside ? node.next : NOWHERE;
    for (const [byte, next] of inside) step(byte, next);
    // What no automaton takes any more, and the trie does not either, is all the same from here on.
    if (!isInside && states.every((state) => state === 0)) continue;
    for (const members of classes) {
      const isAllowed = (byte: number): boolean =>
        !inside.has(byte) && !(isHeader && before.length === 0 && isSpace(byte));
      const byte = members.find(isAllowed);
      if (byte !== undefined) step(byte, undefined);
    }
  }
  return { values, isComplete };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** Without expressions: each prefix, something behind it that is no other, and something else. */
function plainSamples(
  predicates: readonly Predicate[],
  root: TextNode,
  bytes: readonly number[],
): string[] {
  const prefixes = predicates.filter(({ kind }) => kind === "prefix").map(({ value }) => value);
  return ["", ...prefixes].flatMap((prefix) => {
    let node = root;
    for (const byte of Buffer.from(prefix)) node = node.next.get(byte)!;
    const behind = bytes.find((byte) => !node.next.has(byte) && byte > 0x20 && byte < 0x7f);
    return behind === undefined ? [prefix] : [prefix, prefix + String.fromCharCode(behind)];
  });
}

const NOWHERE: ReadonlyMap<number, TextNode> = new Map();

function trieOf(predicates: readonly Predicate[]): TextNode {
  let count = 0;
  const node = (): TextNode => ({ next: new Map(), id: count++, exact: [], prefixes: [] });
  const root = node();
  const ends = new Map<number, TextNode>();
  for (const [index, { kind, value }] of predicates.entries()) {
    if (kind !== "exact" && kind !== "prefix") continue;
    let at = root;
    for (const byte of Buffer.from(value)) {
      let next = at.next.get(byte);
      if (next === undefined) at.next.set(byte, (next = node()));
      at = next;
    }
    if (kind === "exact") at.exact.push(index);
    else ends.set(index, at);
  }
  for (const [index, at] of ends) passDown(at, index);
  return root;
}

/** What is below a prefix has passed it. */
function passDown(node: TextNode, prefix: number): void {
  node.prefixes.push(prefix);
  for (const next of node.next.values()) passDown(next, prefix);
}

/** Bytes that no automaton tells apart, those that read well first. */
function byteClasses(automata: readonly Automaton[], isHeader: boolean): number[][] {
  const classes = new Map<string, number[]>();
  for (const byte of BYTES) {
    if (isHeader && byte !== 0x09 && (byte < 0x20 || byte === 0x7f)) continue;
    const key = automata.map(({ classOf }) => classOf[byte]!).join();
    const members = classes.get(key);
    if (members === undefined) classes.set(key, [byte]);
    else members.push(byte);
  }
  return [...classes.values()];
}

const READABLE = Buffer.from("xyzabcdefghijklmnopqrstuvw0123456789XYZABCDEFGHIJKLMNOPQRSTUVW-_.~");
const BYTES = [...new Set([...READABLE, ...Array.from({ length: 256 }, (_, byte) => byte)])];

/** The bytes of a walk as a text that stands for them, undefined where there is none. */
function textOf(walk: Walk): string | undefined {
  const buffer = Buffer.alloc(walk.length);
  for (let at: Walk | undefined = walk; at?.before !== undefined; at = at.before) {
    buffer[at.length - 1] = at.byte;
  }
  const text = buffer.toString("utf8");
  return Buffer.from(text).equals(buffer) ? text : undefined;
}

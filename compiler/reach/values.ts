/**
 * Values: a member of a value set, or the certainty that there is none.
 *
 * All regular expressions of a set, wanted and unwanted, are walked at once, and beside them a tree of
 * the unwanted texts: breadth first, so the member is the shortest, over one byte of each kind, so
 * that what can be told apart is tried and nothing else.
 */
import type { Predicate, PredicateSubject } from "../../artifact/model.ts";
import { accepts, type Automaton, compileRegex } from "../../artifact/regex/automaton.ts";
import type { Budget } from "./budget.ts";
import { bytesOf, linked, type ValueSet } from "./value-set.ts";

/** The value of a field or parameter that is not there. */
export const ABSENT: unique symbol = Symbol("absent");
export type Value = string | typeof ABSENT;

/** Looks for members; one a compilation, for it keeps the expressions. */
export class Values {
  readonly #automata = new Map<string, Automaton>();
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * A member of a set, or undefined where it is empty. Absence comes first, then the shortest value.
   *
   * @throws OverBudget
   */
  member(set: ValueSet, subject: PredicateSubject): Value | undefined {
    if (set.mayBeAbsent) return ABSENT;
    if (!set.mayBePresent) return undefined;
    if (set.exact === undefined) return this.#search(set, subject);
    const isMember =
      every(linked(set.yes), (one) => this.holds(one, set.exact!)) &&
      every(linked(set.no), (one) => !this.holds(one, set.exact!));
    return isMember ? set.exact : undefined;
  }

  /** True where a predicate holds for a value. */
  holds({ kind, value }: Predicate, have: Value): boolean {
    if (kind === "absent") return have === ABSENT;
    if (have === ABSENT) return false;
    switch (kind) {
      case "present":
        return true;
      case "exact":
        return have === bytesOf(value);
      case "prefix":
        return have.startsWith(bytesOf(value));
      case "regex":
        return accepts(this.#automaton(value), Buffer.from(have, "latin1"));
    }
  }

  #search(set: ValueSet, subject: PredicateSubject): string | undefined {
    let prefix = "";
    const wanted: Automaton[] = [];
    const unwanted: Automaton[] = [];
    const texts = new TextTree();
    for (const { kind, value } of linked(set.yes)) {
      if (kind === "regex") wanted.push(this.#automaton(value));
      else {
        const text = bytesOf(value);
        if (!text.startsWith(prefix) && !prefix.startsWith(text)) return undefined;
        if (text.length > prefix.length) prefix = text;
      }
    }
    for (const { kind, value } of linked(set.no)) {
      if (kind === "regex") unwanted.push(this.#automaton(value));
      else texts.add(bytesOf(value), kind === "prefix");
    }
    return new Search(wanted, unwanted, texts, subject, this.#budget).shortest(prefix);
  }

  #automaton(regex: string): Automaton {
    let automaton = this.#automata.get(regex);
    if (automaton === undefined) {
      const compiled = compileRegex(regex);
      if ("reason" in compiled) throw new Error(`${regex} was checked, and ${compiled.reason}`);
      this.#automata.set(regex, (automaton = compiled));
    }
    return automaton;
  }
}

/** Unwanted texts and prefixes as a tree of bytes. */
class TextTree {
  readonly root: TextNode = textNode(0);
  /** Bytes that stand anywhere in it: each is a kind of its own. */
  readonly bytes = new Set<number>();
  #count = 1;

  add(text: string, isPrefix: boolean): void {
    let node = this.root;
    for (let i = 0; i < text.length; i++) {
      const byte = text.charCodeAt(i);
      this.bytes.add(byte);
      let next = node.children.get(byte);
      if (next === undefined) node.children.set(byte, (next = textNode(this.#count++)));
      node = next;
    }
    if (isPrefix) node.isPrefix = true;
    else node.isText = true;
  }
}

interface TextNode {
  number: number;
  children: Map<number, TextNode>;
  isText: boolean;
  isPrefix: boolean;
}

function textNode(number: number): TextNode {
  return { number, children: new Map(), isText: false, isPrefix: false };
}

/** Where a walk stands: a state of each automaton, and where in the tree it still is. */
interface Place {
  states: number[];
  text: TextNode | undefined;
  value: string;
}

class Search {
  readonly #wanted: readonly Automaton[];
  readonly #automata: readonly Automaton[];
  readonly #texts: TextTree;
  readonly #isHeader: boolean;
  readonly #budget: Budget;

  constructor(
    wanted: readonly Automaton[],
    unwanted: readonly Automaton[],
    texts: TextTree,
    subject: PredicateSubject,
    budget: Budget,
  ) {
    this.#wanted = wanted;
    this.#automata = [...wanted, ...unwanted];
    this.#texts = texts;
    this.#isHeader = subject === "header";
    this.#budget = budget;
  }

  /** The shortest member that begins with `prefix`. */
  shortest(prefix: string): string | undefined {
    const start: Place = {
      states: this.#automata.map((automaton) => automaton.start),
      text: this.#texts.root,
      value: "",
    };
    let first = start;
    for (let i = 0; i < prefix.length && !this.#isDead(first); i++) {
      first = this.#step(first, prefix.charCodeAt(i));
    }
    if (this.#isDead(first)) return undefined;
    const bytes = this.#kinds();
    const seen = new Set([keyOf(first)]);
    const places = [first];
    for (const place of places) {
      this.#budget.spend(1);
      if (this.#isMember(place)) return place.value;
      for (const byte of bytes) {
        // White space around a field is no part of its value.
        if (this.#isHeader && place.value === "" && isWhite(byte)) continue;
        const next = this.#step(place, byte);
        if (this.#isDead(next)) continue;
        const key = keyOf(next);
        if (seen.has(key)) continue;
        seen.add(key);
        places.push(next);
      }
    }
    return undefined;
  }

  #step({ states, text, value }: Place, byte: number): Place {
    const next = this.#automata.map(
      ({ steps, classes, classOf }, i) => steps[states[i]! * classes + classOf[byte]!]!,
    );
    return {
      states: next,
      text: text?.children.get(byte),
      value: value + String.fromCharCode(byte),
    };
  }

  /** Nothing that begins so is a member. */
  #isDead({ states, text }: Place): boolean {
    return text?.isPrefix === true || this.#wanted.some((_, i) => states[i] === 0);
  }

  #isMember({ states, text, value }: Place): boolean {
    if (text?.isText === true) return false;
    if (this.#isHeader && value !== "" && isWhite(value.charCodeAt(value.length - 1))) return false;
    return this.#automata.every(
      ({ accepting }, i) => states[i]! >= accepting === i < this.#wanted.length,
    );
  }

  /** One byte of each kind that anything here tells apart, the most readable one. */
  #kinds(): number[] {
    const kinds = new Map<string, number>();
    for (const byte of READABLE_FIRST) {
      if (this.#isHeader && (byte < 0x20 ? byte !== TAB : byte === 0x7f)) continue;
      const own = this.#texts.bytes.has(byte) ? byte : isWhite(byte) ? "white" : "";
      const key = `${own} ${this.#automata.map(({ classOf }) => classOf[byte]).join(" ")}`;
      if (!kinds.has(key)) kinds.set(key, byte);
    }
    return [...kinds.values()];
  }
}

/** What a value ends in matters for fields, so it is part of where a walk stands. */
function keyOf({ states, text, value }: Place): string {
  const isOpen = value !== "" && isWhite(value.charCodeAt(value.length - 1));
  return `${states.join(" ")} ${text?.number ?? "-"} ${isOpen} ${value === ""}`;
}

function isWhite(byte: number): boolean {
  return byte === 0x20 || byte === TAB;
}

const TAB = 0x09;
/** Letters, digits, other ASCII, the rest. */
const READABLE_FIRST: readonly number[] = [
  ...range(0x61, 0x7b),
  ...range(0x30, 0x3a),
  ...range(0x41, 0x5b),
  ...range(0x21, 0x30),
  ...range(0x3a, 0x41),
  ...range(0x5b, 0x61),
  ...range(0x7b, 0x7f),
  0x20,
  ...range(0x80, 0x100),
  ...range(0, 0x20),
  0x7f,
];

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function every<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  for (const item of items) if (!holds(item)) return false;
  return true;
}

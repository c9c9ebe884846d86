/**
 * The regular expressions of route predicates: a subset without anything that needs backtracking.
 *
 * They are about bytes and match a whole value, so `^` at the beginning and `$` at the end say what is
 * so anyway. What is left out (references, lookaround, lazy quantifiers, words' borders) is refused by
 * name: an expression that compiles here runs in one pass over the value, whatever the value is.
 */

/** A parsed expression. A set holds a 1 for each byte that it takes. */
export type RegexNode =
  | { kind: "set"; bytes: Uint8Array }
  | { kind: "sequence"; parts: RegexNode[] }
  | { kind: "choice"; parts: RegexNode[] }
  | { kind: "repeat"; part: RegexNode; least: number; most: number };

/** Why a text is no such expression; `offset` counts UTF-16 units from its start. */
export interface RegexFault {
  offset: number;
  reason: string;
  help: string;
}

/** Longer expressions are refused. UTF-16 units. */
const REGEX_LENGTH_MAX = 512;
/** Groups in groups; it bounds the recursion of whoever walks an expression. */
const DEPTH_MAX = 20;
/** The largest count in `{m,n}`. */
const COUNT_MAX = 100;

/** Parses an expression. */
export function parseRegex(text: string): RegexNode | RegexFault {
  if (text.length > REGEX_LENGTH_MAX) {
    return {
      offset: 0,
      reason: `is longer than ${REGEX_LENGTH_MAX} characters`,
      help: "shorten it",
    };
  }
  try {
    return new Reading(text).whole();
  } catch (error) {
    if (error instanceof Fault) return error.fault;
    throw error;
  }
}

/** Carries a fault out of the recursion; never leaves this file. */
class Fault extends Error {
  readonly fault: RegexFault;

  constructor(fault: RegexFault) {
    super(fault.reason);
    this.fault = fault;
  }
}

class Reading {
  readonly #text: string;
  readonly #end: number;
  #at = 0;
  #depth = 0;
  #foldsCase = false;

  constructor(text: string) {
    this.#text = text;
    let end = text.length;
    if (text.startsWith("(?i)")) {
      this.#foldsCase = true;
      this.#at = 4;
    }
    if (text[this.#at] === "^") this.#at++;
    if (end > this.#at && text[end - 1] === "$" && !isEscaped(text, end - 1)) end--;
    this.#end = end;
  }

  whole(): RegexNode {
    const node = this.#choice();
    if (this.#at < this.#end) this.#refuse("has a ) without its (", "remove it, or write \\)");
    return node;
  }

  #choice(): RegexNode {
    const parts = [this.#sequence()];
    while (this.#peek() === "|") {
      this.#at++;
      parts.push(this.#sequence());
    }
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    for (let next = this.#peek(); next !== ""; next = this.#peek()) {
      if (next === "|" || next === ")") break;
      parts.push(this.#quantified(this.#atom()));
    }
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  }

  #quantified(part: RegexNode): RegexNode {
    const range = this.#quantifier();
    if (range === undefined) return part;
    const next = this.#peek();
    if (next === "?") {
      this.#refuse("has a lazy quantifier", "leave the ? out: a whole value is matched either way");
    }
    if (next === "*" || next === "+" || next === "{") {
      this.#refuse("has a quantifier after a quantifier", "put the first in a group: (?:…)");
    }
    return { kind: "repeat", part, ...range };
  }

  #quantifier(): { least: number; most: number } | undefined {
    const next = this.#peek();
    const simple = { "*": [0, Infinity], "+": [1, Infinity], "?": [0, 1] }[next];
    if (simple !== undefined) {
      this.#at++;
      return { least: simple[0]!, most: simple[1]! };
    }
    if (next !== "{") return undefined;
    const counts = /^\{([0-9]{1,5})(,([0-9]{0,5}))?\}/.exec(this.#text.slice(this.#at, this.#end));
    if (counts === null) this.#refuse("has a { that begins no count", "write {2}, {2,5} or \\{");
    const [all, first, more, last] = counts;
    const least = Number(first);
    const most = more === undefined ? least : last === "" ? Infinity : Number(last);
    if (least > COUNT_MAX || (most !== Infinity && most > COUNT_MAX)) {
      this.#refuse(`has a count above ${COUNT_MAX}`, "use a smaller one, or * or +");
    }
    if (most < least) this.#refuse("has a count whose end is before its beginning", "swap them");
    this.#at += all.length;
    return { least, most };
  }

  #atom(): RegexNode {
    const next = this.#peek();
    switch (next) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "set", bytes: this.#fold(this.#class()) };
      case ".":
        this.#at++;
        return { kind: "set", bytes: ANY };
      case "\\":
        return { kind: "set", bytes: this.#fold(this.#escape()) };
      case "*":
      case "+":
      case "?":
      case "{":
        return this.#refuse(
          `has a ${next} with nothing before it`,
          `write \\${next} if it is meant`,
        );
      case "^":
      case "$":
        return this.#refuse(
          `has a ${next} inside`,
          `a whole value is matched, so leave it out; write \\${next} if it is meant`,
        );
      default:
        return this.#literal();
    }
  }

  /** A character as it stands; one beyond ASCII is the bytes of its UTF-8. */
  #literal(): RegexNode {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    this.#at += character.length;
    const bytes = [...Buffer.from(character)];
    const sets = bytes.map((byte): RegexNode => ({ kind: "set", bytes: this.#fold(one(byte)) }));
    return sets.length === 1 ? sets[0]! : { kind: "sequence", parts: sets };
  }

  #group(): RegexNode {
    const open = this.#at++;
    if (this.#peek() === "?") {
      const kind = GROUP_KINDS.find(([mark]) => this.#text.startsWith(mark, this.#at));
      const [mark, reason, help] = kind ?? ["", "has a group of an unknown kind", "write (?:…)"];
      if (mark !== "?:") {
        this.#at = open;
        this.#refuse(reason, help);
      }
      this.#at += mark.length;
    }
    if (++this.#depth > DEPTH_MAX) {
      this.#at = open;
      this.#refuse(`has groups nested more than ${DEPTH_MAX} deep`, "take some of them out");
    }
    const node = this.#choice();
    if (this.#peek() !== ")") {
      this.#at = open;
      this.#refuse("has a ( without its )", "add the ), or write \\(");
    }
    this.#at++;
    this.#depth--;
    return node;
  }

  #class(): Uint8Array {
    const open = this.#at++;
    const negated = this.#peek() === "^";
    if (negated) this.#at++;
    const set = new Uint8Array(256);
    for (let first = true; this.#peek() !== "]" || first; first = false) {
      if (this.#at >= this.#end) {
        this.#at = open;
        this.#refuse("has a [ without its ]", "add the ], or write \\[");
      }
      if (this.#text.startsWith("[:", this.#at)) {
        this.#refuse("has a named class", "write its range, such as a-z, or \\d, \\w, \\s");
      }
      if (first && this.#peek() === "]")
        this.#refuse("has an empty class", "write \\] if it is meant");
      this.#classItem(set);
    }
    this.#at++;
    return negated ? set.map((bit) => 1 - bit) : set;
  }

  /** One member of a class: a character, a range of two, or an escape for several. */
  #classItem(set: Uint8Array): void {
    const from = this.#at;
    const low = this.#classCharacter();
    const isRange =
      this.#peek() === "-" && this.#at + 1 < this.#end && this.#text[this.#at + 1] !== "]";
    if (!isRange) {
      for (let byte = 0; byte < 256; byte++) set[byte] = set[byte]! | low[byte]!;
      return;
    }
    this.#at++;
    const high = this.#classCharacter();
    const first = low.indexOf(1);
    const last = high.indexOf(1);
    const isSingle = low.lastIndexOf(1) === first && high.lastIndexOf(1) === last;
    if (!isSingle || last < first) {
      this.#at = from;
      this.#refuse("has a range that is none", "write the lower character first, as in a-z");
    }
    set.fill(1, first, last + 1);
  }

  #classCharacter(): Uint8Array {
    if (this.#peek() === "\\") return this.#escape();
    const code = this.#text.codePointAt(this.#at)!;
    if (code > 0x7f) {
      this.#refuse(
        `has the character ${JSON.stringify(String.fromCodePoint(code))} in a class`,
        "classes are about single bytes: write (?:a|é)",
      );
    }
    this.#at++;
    return one(code);
  }

  #escape(): Uint8Array {
    const letter = this.#at + 1 < this.#end ? this.#text[this.#at + 1]! : "";
    const set = ESCAPES[letter];
    if (set === undefined && (letter === "" || /[A-Za-z0-9\u0080-\uffff]/.test(letter))) {
      if (/[1-9k]/.test(letter)) this.#refuse("has a back-reference", "write out what is meant");
      this.#refuse(
        letter === "" ? "ends in a \\" : `has the escape \\${letter}`,
        "known are \\d \\w \\s \\D \\W \\S \\t, and \\ before a character that is no letter or digit",
      );
    }
    this.#at += 2;
    return set ?? one(letter.charCodeAt(0));
  }

  #fold(set: Uint8Array): Uint8Array {
    if (!this.#foldsCase) return set;
    const folded = set.slice();
    for (let upper = 0x41; upper <= 0x5a; upper++) {
      folded[upper] = folded[upper | 0x20] = set[upper]! | set[upper | 0x20]!;
    }
    return folded;
  }

  /** The character at hand, "" at the end. */
  #peek(): string {
    return this.#at < this.#end ? this.#text[this.#at]! : "";
  }

  #refuse(reason: string, help: string): never {
    throw new Fault({ offset: Math.min(this.#at, this.#text.length), reason, help });
  }
}

/** What stands behind `(` in a group that is more than a group. The first is fine. */
const GROUP_KINDS: readonly (readonly [mark: string, reason: string, help: string])[] = [
  ["?:", "", ""],
  ["?=", "looks ahead", "write what the value is, not what it is not"],
  ["?!", "looks ahead", "write what the value is, not what it is not"],
  ["?<=", "looks behind", "write what the value is, not what it is not"],
  ["?<!", "looks behind", "write what the value is, not what it is not"],
  ["?>", "has an atomic group", "write (?:…)"],
  ["?<", "has a group with a name", "write (?:…)"],
  ["?P", "has a group with a name", "write (?:…)"],
  ["?i)", "has (?i) inside", "write it at the beginning: it holds for all of it"],
];

const ANY: Uint8Array = new Uint8Array(256).fill(1);
const DIGITS = setOf(/[0-9]/);
const WORD = setOf(/[A-Za-z0-9_]/);
const SPACE = setOf(/[ \t]/);
const ESCAPES: Record<string, Uint8Array | undefined> = {
  d: DIGITS,
  w: WORD,
  s: SPACE,
  D: DIGITS.map((bit) => 1 - bit),
  W: WORD.map((bit) => 1 - bit),
  S: SPACE.map((bit) => 1 - bit),
  t: one(0x09),
};

function setOf(holds: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    Number(holds.test(String.fromCharCode(byte))),
  );
}

function one(byte: number): Uint8Array {
  const set = new Uint8Array(256);
  set[byte] = 1;
  return set;
}

/** True where an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let count = 0;
  while (text[at - 1 - count] === "\\") count++;
  return count % 2 === 1;
}

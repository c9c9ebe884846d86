/**
 * Request values: what predicates ask for, found in a request's bytes where they stand.
 *
 * A header field's value is what RFC 9110 §5.3 makes of its lines: their values in order, joined by
 * ", ", those that are empty left out where there are several. So one predicate has one value to look
 * at, and a field sent twice never slips past an `exact`. Names are compared in any case; "_" is not
 * "-". A query parameter's value is that of its first occurrence, behind the first "="; "" where there
 * is no "=". Pairs are separated by "&" alone; name and value are percent-decoded, and a "%" that
 * begins no octet and a "+" stand for themselves.
 *
 * Nothing is copied unless a value has to be put together; then into one buffer that is kept.
 */
import { NONE, offsetsOf, strideOf } from "./layout.ts";
import { PREDICATE_KINDS, PREDICATE_SUBJECTS } from "./model.ts";
import type { View } from "./view.ts";

/** The header fields of a request as offsets; what stands before `count` counts. */
export interface FieldSpans {
  readonly count: number;
  readonly nameStart: Int32Array;
  readonly nameEnd: Int32Array;
  /** Without the white space around it. */
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
}

/** What of a request predicates look at. All offsets are into one array of bytes. */
export interface PredicateInput {
  readonly fields: FieldSpans;
  /** The query without its "?"; empty where there is none. */
  readonly queryStart: number;
  readonly queryEnd: number;
}

const PREDICATE = offsetsOf("predicates");
const PREDICATE_STRIDE = strideOf("predicates");
const AUTOMATON = offsetsOf("automata");
const AUTOMATON_STRIDE = strideOf("automata");

const HEADER = PREDICATE_SUBJECTS.indexOf("header");
const PREFIX = PREDICATE_KINDS.indexOf("prefix");
const REGEX = PREDICATE_KINDS.indexOf("regex");
const PRESENT = PREDICATE_KINDS.indexOf("present");

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const COMMA = 0x2c;
const SPACE = 0x20;

/** One a thread, as the matcher that owns it. */
export class RequestValues {
  readonly #strings: Uint8Array;
  readonly #stringEnds: Uint32Array;
  readonly #predicates: Uint32Array;
  readonly #automata: Uint32Array;
  readonly #byteClasses: Uint32Array;
  readonly #steps: Uint32Array;
  #bytes: Uint8Array = NO_BYTES;
  #input: PredicateInput = NO_INPUT;
  /** The last value that was asked for: the routes of one terminal mostly ask for the same. */
  #subject: number = NONE;
  #name = 0;
  #isPresent = false;
  #value: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;
  #scratch: Uint8Array = NO_BYTES;

  constructor(view: View) {
    this.#strings = view.strings;
    this.#stringEnds = view.stringEnds;
    this.#predicates = view.predicates;
    this.#automata = view.automata;
    this.#byteClasses = view.byteClasses;
    this.#steps = view.steps;
  }

  /** Takes up a request. It is looked at only when a predicate asks. */
  begin(bytes: Uint8Array, input: PredicateInput): void {
    this.#bytes = bytes;
    this.#input = input;
    this.#subject = NONE;
  }

  /** True where every predicate of the list that begins at row `first` holds. */
  hold(first: number): boolean {
    const rows = this.#predicates;
    for (let at = first * PREDICATE_STRIDE; ; at += PREDICATE_STRIDE) {
      if (!this.#holds(at)) return false;
      if (rows[at + PREDICATE.more] === 0) return true;
    }
  }

  /** True where the predicate of row `row` alone holds. */
  holds(row: number): boolean {
    return this.#holds(row * PREDICATE_STRIDE);
  }

  #holds(at: number): boolean {
    const rows = this.#predicates;
    const subject = rows[at + PREDICATE.subject]!;
    const name = rows[at + PREDICATE.name]!;
    if (subject !== this.#subject || name !== this.#name) {
      this.#subject = subject;
      this.#name = name;
      if (subject === HEADER) this.#findField(name);
      else this.#findParameter(name);
    }
    const kind = rows[at + PREDICATE.kind]!;
    if (kind > REGEX) return this.#isPresent === (kind === PRESENT);
    if (!this.#isPresent) return false;
    if (kind === REGEX) return this.#matches(rows[at + PREDICATE.automaton]!);
    return this.#beginsWith(rows[at + PREDICATE.value]!, kind);
  }

  /** The value begins with a text; for `exact` it also ends there. */
  #beginsWith(text: number, kind: number): boolean {
    const strings = this.#strings;
    const from = text === 0 ? 0 : this.#stringEnds[text - 1]!;
    const length = this.#stringEnds[text]! - from;
    const have = this.#end - this.#start;
    if (kind === PREFIX ? have < length : have !== length) return false;
    const value = this.#value;
    for (let i = this.#start, j = from; j < from + length; i++, j++) {
      if (value[i] !== strings[j]) return false;
    }
    return true;
  }

  #matches(automaton: number): boolean {
    const at = automaton * AUTOMATON_STRIDE;
    const row = this.#automata;
    const classes = row[at + AUTOMATON.classes]!;
    const classOf = row[at + AUTOMATON.classOf]!;
    const first = row[at + AUTOMATON.steps]!;
    const byteClasses = this.#byteClasses;
    const steps = this.#steps;
    const value = this.#value;
    let state = row[at + AUTOMATON.start]!;
    for (let i = this.#start; i < this.#end; i++) {
      const byte = value[i]!;
      const four = byteClasses[classOf + (byte >>> 2)]!;
      state = steps[first + state * classes + ((four >>> ((byte & 3) << 3)) & 0xff)]!;
      if (state === 0) return false;
    }
    return state >= row[at + AUTOMATON.accepting]!;
  }

  #findField(name: number): void {
    const { fields } = this.#input;
    let lines = 0;
    let last = 0;
    let filled = 0;
    for (let i = 0; i < fields.count; i++) {
      if (!this.#isNamed(name, fields.nameStart[i]!, fields.nameEnd[i]!)) continue;
      lines++;
      if (fields.valueEnd[i] === fields.valueStart[i]) continue;
      filled++;
      last = i;
    }
    this.#isPresent = lines > 0;
    if (filled > 1) return this.#joinLines(name);
    this.#value = this.#bytes;
    this.#start = filled === 0 ? 0 : fields.valueStart[last]!;
    this.#end = filled === 0 ? 0 : fields.valueEnd[last]!;
    return undefined;
  }

  #joinLines(name: number): void {
    const { fields } = this.#input;
    const bytes = this.#bytes;
    let length = 0;
    for (let i = 0; i < fields.count; i++) {
      const start = fields.valueStart[i]!;
      const end = fields.valueEnd[i]!;
      if (start === end || !this.#isNamed(name, fields.nameStart[i]!, fields.nameEnd[i]!)) continue;
      this.#reserve(length + 2 + end - start);
      const scratch = this.#scratch;
      if (length > 0) {
        scratch[length++] = COMMA;
        scratch[length++] = SPACE;
      }
      for (let k = start; k < end; k++) scratch[length++] = bytes[k]!;
    }
    this.#value = this.#scratch;
    this.#start = 0;
    this.#end = length;
  }

  /** A field's name is `text`, which is in lower case. */
  #isNamed(text: number, start: number, end: number): boolean {
    const from = text === 0 ? 0 : this.#stringEnds[text - 1]!;
    if (this.#stringEnds[text]! - from !== end - start) return false;
    const strings = this.#strings;
    const bytes = this.#bytes;
    for (let i = start, j = from; i < end; i++, j++) {
      const byte = bytes[i]!;
      if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== strings[j]) return false;
    }
    return true;
  }

  #findParameter(name: number): void {
    const { queryStart, queryEnd } = this.#input;
    const bytes = this.#bytes;
    this.#isPresent = false;
    for (let at = queryStart; at < queryEnd; at++) {
      const start = at;
      let equals = -1;
      for (; at < queryEnd && bytes[at] !== AMPERSAND; at++) {
        if (equals === -1 && bytes[at] === EQUALS) equals = at;
      }
      // "&&" holds no pair.
      if (at === start || !this.#isDecoded(name, start, equals === -1 ? at : equals)) continue;
      this.#isPresent = true;
      this.#setDecoded(equals === -1 ? at : equals + 1, at);
      return;
    }
  }

  /** A parameter's name, decoded, is `text`. */
  #isDecoded(text: number, start: number, end: number): boolean {
    const from = text === 0 ? 0 : this.#stringEnds[text - 1]!;
    const to = this.#stringEnds[text]!;
    const strings = this.#strings;
    const bytes = this.#bytes;
    let j = from;
    for (let i = start; i < end; i++, j++) {
      if (j === to) return false;
      let byte = bytes[i]!;
      if (byte === PERCENT) {
        const octet = octetAt(bytes, i, end);
        if (octet >= 0) {
          byte = octet;
          i += 2;
        }
      }
      if (byte !== strings[j]) return false;
    }
    return j === to;
  }

  #setDecoded(start: number, end: number): void {
    const bytes = this.#bytes;
    let first = start;
    while (first < end && bytes[first] !== PERCENT) first++;
    if (first === end) {
      this.#value = bytes;
      this.#start = start;
      this.#end = end;
      return;
    }
    this.#reserve(end - start);
    const scratch = this.#scratch;
    let length = 0;
    for (let i = start; i < end; i++) {
      const octet = bytes[i] === PERCENT ? octetAt(bytes, i, end) : -1;
      scratch[length++] = octet < 0 ? bytes[i]! : octet;
      if (octet >= 0) i += 2;
    }
    this.#value = scratch;
    this.#start = 0;
    this.#end = length;
  }

  /** Heads are limited, and so is this. */
  #reserve(length: number): void {
    if (length <= this.#scratch.length) return;
    const larger = new Uint8Array(Math.max(256, length * 2));
    larger.set(this.#scratch);
    this.#scratch = larger;
  }
}

/** The octet of a `%xx` at `at`, or a negative number. */
function octetAt(bytes: Uint8Array, at: number, end: number): number {
  return at + 2 < end ? (hexValue(bytes[at + 1]!) << 4) | hexValue(bytes[at + 2]!) : -1;
}

/** Value of a hex digit, or a negative number that makes any sum with it negative. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -0x1000;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_OFFSETS = new Int32Array(0);
/** A request without header fields and query. */
export const NO_INPUT: PredicateInput = {
  fields: {
    count: 0,
    nameStart: NO_OFFSETS,
    nameEnd: NO_OFFSETS,
    valueStart: NO_OFFSETS,
    valueEnd: NO_OFFSETS,
  },
  queryStart: 0,
  queryEnd: 0,
};

/**
 * View: an artifact as typed arrays over its own bytes. Making one verifies everything once, so that
 * the matcher and the data plane may trust every row number they read.
 */
import { ArtifactError, type Container, openContainer } from "./container.ts";
import {
  type ROWS,
  type RowSection,
  SECTIONS,
  type Tables,
  offsetsOf,
  strideOf,
} from "./layout.ts";
import { requireTrust, type TrustedKey } from "./signature.ts";
import type { Signature } from "./trailer.ts";
import { verify } from "./verify.ts";

/** A verified artifact. Nothing in it is ever written. */
export interface View extends Tables {
  digest: string;
  revision: string;
  /** None of them has been checked, unless `openArtifact` was given keys to trust. */
  signatures: readonly Signature[];
  /** All bytes of all texts; text `id` is `strings[stringEnds[id - 1] ?? 0 .. stringEnds[id]]`. */
  strings: Uint8Array;
  stringEnds: Uint32Array;
}

/**
 * Verifies `file` (magic, version, digests, every bound and offset) and views it. The bytes may lie in
 * a SharedArrayBuffer; they are not copied.
 *
 * @param trusted keys of which one must have signed it, which is looked at before the sections are;
 * none at all is to trust every file
 * @throws ArtifactError naming what is wrong
 */
export function openArtifact(file: Uint8Array, trusted: readonly TrustedKey[] = []): View {
  const container = openContainer(file);
  if (trusted.length > 0) requireTrust(container, trusted);
  const view = viewOf(container);
  verify(view);
  return view;
}

/** Views bytes that `openArtifact` has verified before, in this process; another thread's view of them. */
export function viewVerified(file: Uint8Array): View {
  return viewOf(openContainer(file, true));
}

/** The sections as typed arrays. */
function viewOf(container: Container): View {
  if (container.sections.length !== SECTIONS.length) {
    throw new ArtifactError(
      `it has ${container.sections.length} sections, ${SECTIONS.length} are due`,
    );
  }
  const { digest, revision, signatures } = container;
  const view: Record<string, unknown> = { digest, revision, signatures };
  SECTIONS.forEach((name, index) => {
    const { bytes, rowBytes } = container.sections[index]!;
    const due = name === "strings" ? 1 : name === "stringEnds" ? 4 : strideOf(name) * 4;
    if (rowBytes !== due)
      throw new ArtifactError(`its section ${name} has rows of ${rowBytes} bytes, not ${due}`);
    view[name] =
      name === "strings"
        ? bytes
        : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  });
  return view as unknown as View;
}

/** How many rows a section has. */
export function rowCount(view: Tables, section: RowSection): number {
  return view[section].length / STRIDES[section];
}

/** A text by number. */
export function textOf(view: View, id: number): string {
  const start = id === 0 ? 0 : view.stringEnds[id - 1]!;
  const bytes = view.strings;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, view.stringEnds[id]! - start).toString(
    "utf8",
  );
}

/**
 * Rows of a section by field name: numbers, texts, lists of words, runs as `{ first, count }`. For
 * reading single rows, off the hot path.
 */
export class RowReader<S extends RowSection> {
  #view: View;
  #table: Uint32Array;
  #stride: number;
  #at: Record<string, number>;

  constructor(view: View, section: S) {
    this.#view = view;
    this.#table = view[section];
    this.#stride = STRIDES[section];
    this.#at = OFFSETS[section];
  }

  get count(): number {
    return this.#table.length / this.#stride;
  }

  number(row: number, field: keyof (typeof ROWS)[S] & string): number {
    return this.#table[row * this.#stride + this.#at[field]!]!;
  }

  text(row: number, field: keyof (typeof ROWS)[S] & string): string {
    return textOf(this.#view, this.number(row, field));
  }

  run(row: number, field: keyof (typeof ROWS)[S] & string): { first: number; count: number } {
    const at = row * this.#stride + this.#at[field]!;
    return { first: this.#table[at]!, count: this.#table[at + 1]! };
  }

  /** The texts of a list of words. */
  words(row: number, field: keyof (typeof ROWS)[S] & string): string[] {
    const texts: string[] = [];
    const { words } = this.#view;
    let at = this.number(row, field) * WORD_STRIDE;
    // "None" lies beyond the section, so the empty list ends here at once.
    for (let more = at < words.length ? 1 : 0; more === 1; at += WORD_STRIDE) {
      texts.push(textOf(this.#view, words[at + WORD.text]!));
      more = words[at + WORD.more]!;
    }
    return texts;
  }
}

const WORD = offsetsOf("words");
const WORD_STRIDE = strideOf("words");
const ROW_SECTIONS = SECTIONS.slice(2) as RowSection[];
const STRIDES = Object.fromEntries(ROW_SECTIONS.map((name) => [name, strideOf(name)])) as Record<
  RowSection,
  number
>;
const OFFSETS = Object.fromEntries(ROW_SECTIONS.map((name) => [name, offsetsOf(name)])) as Record<
  RowSection,
  Record<string, number>
>;

/**
 * Edits one service of a YAML file and gives the file's new text. What the text then says is read
 * again and held against what it should say, so that no layout, anchor or alias can make an edit mean
 * more than was asked for.
 */
import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isSeq, type ParsedNode, parseDocument } from "yaml";

import { mergeLines } from "./merge-lines.ts";
import { type Plain, reshape } from "./reshape.ts";

/** Where a service stands in a file: an item of its `services`, or the file as a whole. */
export type Slot = { index: number } | "whole";

/** Why an edit cannot be made by a program; the text is for people. */
export class EditError extends Error {
  override name = "EditError";
}

/** A file as the yaml package reads it, and its value with all aliases resolved. */
export interface YamlFile {
  document: Document.Parsed;
  value: Plain;
}

/** @returns undefined where it is no YAML, or not one document */
export function readYaml(text: string): YamlFile | undefined {
  const document = parseDocument(text, READING);
  if (document.errors.length > 0) return undefined;
  try {
    // The compiler counts what aliases stand for; here there is no second limit.
    return { document, value: document.toJS({ maxAliasCount: -1 }) as Plain };
  } catch {
    return undefined;
  }
}

/** As the compiler reads it. */
const READING = {
  version: "1.2",
  schema: "core",
  merge: false,
  prettyErrors: false,
  // Warnings are nothing to us; "silent" would hide that there is a second document.
  logLevel: "error",
} as const;

/**
 * The text with one service changed, or taken out of its list.
 *
 * @param value undefined takes it out; the service of a whole file is taken out with the file, not here
 * @param order the usual order of a service's keys
 * @throws EditError
 */
export function editService(
  text: string,
  slot: Slot,
  value: { [key: string]: Plain } | undefined,
  order: readonly string[],
): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const original = text.replaceAll("\r\n", "\n");
  const file = readYaml(original);
  if (file === undefined) throw new EditError("the file is not one sound YAML document");
  const wanted = wantedValue(file.value, slot, value);
  const layout = layoutOf(file.document, original);
  const base = print(file.document, layout);
  change(file.document, slot, value, order);
  const edited = print(file.document, layout);
  // The nearest to what stands there first; in the last one all is the package's layout.
  const [a, b, c] = [base.split("\n"), edited.split("\n"), original.split("\n")] as const;
  const candidates = [
    () => mergeLines(a, b, c, withoutSpace).join("\n"),
    () => mergeLines(a, b, c).join("\n"),
    () => edited,
    () => print(file.document, { ...layout, space: "all" }),
  ];
  for (const candidate of candidates) {
    const result = candidate();
    if (!isDeepStrictEqual(readYaml(result)?.value, wanted)) continue;
    return end === "\n" ? result : result.replaceAll("\n", end);
  }
  throw new EditError("the change would reach beyond this service: it shares an anchor (&name)");
}

function withoutSpace(line: string): string {
  return line.replaceAll(/[ \t]+/g, "");
}

/** What the whole file must say afterwards. */
function wantedValue(file: Plain, slot: Slot, value: Plain | undefined): Plain {
  if (slot === "whole") return value ?? null;
  const { services, ...rest } = file as { services: Plain[] };
  const changed = services.toSpliced(slot.index, 1, ...(value === undefined ? [] : [value]));
  return { ...rest, services: changed };
}

function change(
  document: Document.Parsed,
  slot: Slot,
  value: Plain | undefined,
  order: readonly string[],
): void {
  if (slot === "whole") {
    const contents = reshape(document, document.contents, value ?? null, order);
    document.contents = contents as ParsedNode;
    return;
  }
  const list: unknown = document.get("services", true);
  if (!isMap(document.contents) || !isSeq(list)) {
    throw new EditError("its services are no list that stands in the file");
  }
  if (value === undefined) list.items.splice(slot.index, 1);
  else list.items[slot.index] = reshape(document, list.items[slot.index], value, order);
}

interface Layout {
  indent: number;
  indentSeq: boolean;
  /** Space inside of brackets: `[a]` and `{a: 1}`, `[a]` and `{ a: 1 }`, `[ a ]` and `{ a: 1 }`. */
  space: "none" | "braces" | "all";
}

/** How files are written, the most usual first. */
const LAYOUTS: readonly Layout[] = [2, 4].flatMap((indent) =>
  [true, false].flatMap((indentSeq) =>
    (["braces", "none", "all"] as const).map((space) => ({ indent, indentSeq, space })),
  ),
);

/** Of a long file its beginning says how it is written. UTF-16 units. */
const SAMPLE_LENGTH = 16_000;

/** The layout that comes nearest to the author's: the most lines are as they stand in the file. */
function layoutOf(whole: Document.Parsed, text: string): Layout {
  const beginning = readYaml(text.slice(0, text.lastIndexOf("\n", SAMPLE_LENGTH) + 1));
  const document = text.length > SAMPLE_LENGTH && beginning ? beginning.document : whole;
  const lines = new Set(text.split("\n").map(withoutAlignment));
  let best: { layout: Layout; others: number } | undefined;
  for (const layout of LAYOUTS) {
    const printed = print(document, layout).split("\n").map(withoutAlignment);
    const others = printed.filter((line) => !lines.has(line)).length;
    if (best === undefined || others < best.others) best = { layout, others };
    if (others === 0) break;
  }
  return best?.layout ?? { indent: 2, indentSeq: true, space: "braces" };
}

/** Columns of remarks and values are no part of a layout that the package could follow. */
function withoutAlignment(line: string): string {
  return line.replaceAll(/(\S) {2,}/g, "$1 ");
}

/** @throws EditError */
function print(document: Document.Parsed, { indent, indentSeq, space }: Layout): string {
  const flowCollectionPadding = space !== "none";
  try {
    const text = document.toString({ indent, indentSeq, flowCollectionPadding, lineWidth: 0 });
    // A text that holds "[ " is spoilt by this: what the result says is looked at in any case.
    return space === "braces"
      ? text.replaceAll(/\[ (?=\S)|(?<=\S) \]/g, (part) => part.trim())
      : text;
  } catch {
    // An alias whose anchor has gone.
    throw new EditError("an anchor (&name) in it is used elsewhere");
  }
}

/**
 * The one form of a config file: two spaces a level, one blank line at most, comments where they were,
 * keys in the order in which they were written. What a file says is never changed by it.
 */
import { type Document, isMap, isScalar, isSeq, parseAllDocuments, type Scalar, visit } from "yaml";

/** A file in its form; or why it has none, with the offset of the fault in UTF-16 units. */
export type Formatted = { text: string } | { reason: string; offset: number };

/** Longer lines are broken where that can be done. */
const LINE_COLUMNS = 100;
/** Comments in odd places may need a second time to come to rest. */
const ROUNDS_MAX = 4;

/** Formats the text of a YAML file. Formatting the result again changes nothing. */
export function formatYaml(text: string): Formatted {
  try {
    return settled(text);
  } catch (error) {
    // The package goes down a call for each level.
    if (error instanceof RangeError) return { reason: "it is nested too deeply", offset: 0 };
    throw error;
  }
}

function settled(text: string): Formatted {
  let before = text;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const after = once(before);
    if ("reason" in after) return round === 0 ? after : unstable();
    if (after.text === before) break;
    if (round === ROUNDS_MAX - 1) return unstable();
    before = after.text;
  }
  return isSame(text, before) ? { text: before } : unstable();
}

/** Left as it is rather than risked. */
function unstable(): Formatted {
  return { reason: "it holds something that cannot be formatted without changing it", offset: 0 };
}

function once(text: string): Formatted {
  const documents = documentsOf(text);
  for (const { errors } of documents) {
    const [error] = errors;
    if (error !== undefined)
      return { reason: error.message.split("\n", 1)[0]!, offset: error.pos[0] };
  }
  if (documents.length > 1) {
    return { reason: "it holds several documents", offset: documents[1]!.range[0] };
  }
  const [document] = documents;
  if (document === undefined) return { text: text.trim() === "" ? "" : withPlainEnds(text) };
  visit(document, {
    Node: (_key, node) => tidyComments(node),
    Pair: (_key, { key }) => tidyComments(key),
  });
  return { text: closeLists(withPlainEnds(document.toString({ lineWidth: LINE_COLUMNS }))) };
}

/** One blank line at most between comments. */
function tidyComments(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  for (const key of ["commentBefore", "comment"] as const) {
    const found = (node as Record<typeof key, unknown>)[key];
    if (typeof found !== "string") continue;
    (node as Record<typeof key, string>)[key] = found
      .replaceAll(/\n{3,}/g, "\n\n")
      // The last line end is the package's own.
      .replace(/\n+$/, "\n");
  }
}

/** `[ a, b ]` → `[a, b]`, while `{ a: b }` stays: the package pads both or none. */
function closeLists(text: string): string {
  const [document] = documentsOf(text);
  const cuts: number[] = [];
  if (document !== undefined) {
    visit(document, {
      Seq: (_key, { flow, range }) => {
        if (flow !== true || range === null || range === undefined) return;
        const [start, end] = range;
        if (/^\[ \S/.test(text.slice(start, start + 3))) cuts.push(start + 1);
        if (/\S \]$/.test(text.slice(end - 3, end))) cuts.push(end - 2);
      },
    });
  }
  let closed = "";
  let from = 0;
  for (const cut of cuts.toSorted((a, b) => a - b)) {
    closed += text.slice(from, cut);
    from = cut + 1;
  }
  return closed + text.slice(from);
}

function documentsOf(text: string): Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    // Numbers and the like stay as they are written: `1.10` is for the compiler to complain about.
    customTags: (tags) =>
      tags.map((tag) => {
        if (typeof tag !== "object" || tag.collection !== undefined || tag.tag === STRING)
          return tag;
        return { ...tag, stringify: (item: Scalar) => item.source ?? String(item.value) };
      }),
    prettyErrors: false,
    logLevel: "silent",
  });
  return "empty" in documents ? [] : documents;
}

const STRING = "tag:yaml.org,2002:str";

/** Plain line ends, and one at the end. */
function withPlainEnds(text: string): string {
  return `${text.replaceAll("\r\n", "\n").replace(/\s*$/, "")}\n`;
}

/** True where two texts say the same and have the same comments. */
function isSame(a: string, b: string): boolean {
  return JSON.stringify(meaningOf(a)) === JSON.stringify(meaningOf(b));
}

function meaningOf(text: string): unknown {
  const said: unknown[] = [];
  for (const document of documentsOf(text)) {
    visit(document, {
      Alias: (_key, node) => void said.push(["alias", node.source]),
      Node: (_key, node) => {
        if (isMap(node)) said.push(["map", node.items.length, node.anchor, node.tag]);
        else if (isSeq(node)) said.push(["list", node.items.length, node.anchor, node.tag]);
        else if (isScalar(node)) said.push([node.value, node.anchor, node.tag]);
      },
    });
  }
  return [said, commentsOf(text)];
}

/** What stands behind each "#". */
function commentsOf(text: string): string[] {
  const comments: string[] = [];
  for (const document of documentsOf(text)) {
    const add = (comment: unknown): void => {
      for (const line of typeof comment === "string" ? comment.split("\n") : []) {
        if (line.trim() !== "") comments.push(line.trim());
      }
    };
    add(document.commentBefore);
    visit(document, (_key, node) => {
      if (typeof node !== "object" || node === null || !("commentBefore" in node)) return;
      add(node.commentBefore);
      if ("comment" in node) add(node.comment);
    });
    add(document.comment);
  }
  return comments.toSorted();
}

/**
 * What diff says of two trees, as text and as Markdown. A file of test/golden/diff/ holds both trees, below
 * before/ and after/. `UPDATE=1` rewrites what is said; review the diff.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { env } from "node:process";
import { expect, it } from "vitest";
import { openArtifact, type View } from "../../artifact/view.ts";
import { compile } from "../../compiler/compile.ts";
import { compare } from "../../compiler/diff/diff.ts";
import { diffMarkdown } from "../../compiler/diff/diff-markdown.ts";
import { diffText } from "../../compiler/diff/diff-text.ts";
import type { SourceFile } from "../../compiler/source-tree.ts";
import { formatDiagnostics, parseGolden } from "./golden-file.ts";

const folder = new URL("diff/", import.meta.url);

for (const name of readdirSync(folder)) {
  it(`says what diff/${name} expects`, () => {
    const path = new URL(name, folder);
    const whole = readFileSync(path, "utf8");
    const input = whole.split(/^-- (?:text|markdown) --$/m, 1)[0]!;
    const { files } = parseGolden(input);
    const [before, after] = [opened(files, "before/"), opened(files, "after/")];
    const { diff } = compare(before, after);
    const prefixes = { before: "main:configs", after: "configs" };
    const text = diffText(diff, { colour: false, prefixes });
    const expected = `${input}-- text --\n${text}-- markdown --\n${diffMarkdown(diff)}`;
    if (env["UPDATE"] === "1") writeFileSync(path, expected);
    else expect(whole).toBe(expected);
    // The other way round the same requests differ.
    expect(compare(after, before).diff.classes).toHaveLength(diff.classes.length);
    expect(compare(after, before).diff.streams).toHaveLength(diff.streams.length);
    expect(compare(after, after).diff).toMatchObject({ classes: [], streams: [], gateway: [] });
  });
}

function opened(files: readonly SourceFile[], prefix: string): View {
  const own = files.filter(({ path }) => path.startsWith(prefix));
  const tree = own.map(({ path, content }) => ({ path: path.slice(prefix.length), content }));
  const { artifact, diagnostics } = compile({ files: tree });
  if (artifact === undefined) throw new Error(formatDiagnostics(diagnostics));
  return openArtifact(artifact);
}

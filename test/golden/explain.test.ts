/**
 * What explain says of requests, as text. A file of test/golden/explain/ holds a tree, requests, and a
 * section for each with what is said. `UPDATE=1` rewrites them; review the diff.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { env } from "node:process";
import { expect, it } from "vitest";
import { openArtifact } from "../../artifact/view.ts";
import { compile } from "../../compiler/compile.ts";
import { explanationText } from "../../compiler/explain/explanation-text.ts";
import { Explainer } from "../../compiler/explain/explanation.ts";
import { readField, readUrl, type Request } from "../../compiler/explain/request.ts";
import { formatDiagnostics, parseGolden } from "./golden-file.ts";

const folder = new URL("explain/", import.meta.url);
const REQUESTS = /^-- requests --\n([^]*?)(?=^-- |(?![^]))/m;

for (const name of readdirSync(folder)) {
  it(`says what explain/${name} expects`, () => {
    const path = new URL(name, folder);
    const whole = readFileSync(path, "utf8");
    const input = whole.split(/^-- \$ /m, 1)[0]!;
    const tree = parseGolden(input.replace(REQUESTS, ""));
    const { artifact, diagnostics } = compile({ files: tree.files });
    if (artifact === undefined) throw new Error(formatDiagnostics(diagnostics));
    const explainer = new Explainer(openArtifact(artifact), { files: tree.files });
    const lines = REQUESTS.exec(input)![1]!.trimEnd().split("\n");
    const said = lines.map((line) => {
      const text = explanationText(explainer.explain(requestOf(line)), {
        colour: false,
        columns: 100,
        prefix: "configs",
      });
      return `-- $ ${line} --\n${text}`;
    });
    const expected = input + said.join("");
    if (env["UPDATE"] === "1") writeFileSync(path, expected);
    else expect(whole).toBe(expected);
  });
}

function requestOf(line: string): Request {
  const [method = "", url = "", ...flags] = line.split(" ");
  const place = readUrl(url);
  if (typeof place === "string") throw new Error(place);
  const value = (flag: string) =>
    flags.flatMap((word, index) => (word === flag ? [flags[index + 1]!] : []));
  const fields = value("-H").map((text) => {
    const field = readField(text);
    if (typeof field === "string") throw new Error(field);
    return field;
  });
  return { method, ...place, fields, peer: value("--from")[0] ?? "127.0.0.1" };
}

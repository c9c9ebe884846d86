/**
 * Every golden case says what the compiler says, or what the import of its balance.yaml says. `UPDATE=1`
 * rewrites them; review the diff.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { env } from "node:process";
import { expect, it } from "vitest";
import { compile, type CompileResult } from "../../compiler/compile.ts";
import { importBalance } from "../../compiler/import/balance.ts";
import { readRouteTests } from "../../compiler/route-test/route-test.ts";
import type { SourceFile } from "../../compiler/source-tree.ts";
import { formatDiagnostics, formatGolden, parseGolden } from "./golden-file.ts";

const folder = new URL(".", import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith(".golden"))) {
  it(`says what ${name} expects`, () => {
    const path = new URL(name, folder);
    const { files, input, expected } = parseGolden(readFileSync(path, "utf8"));
    const result = resultOf(files);
    // As `balto check` has it: what is wrong with route tests keeps no tree from being served.
    const { diagnostics } = readRouteTests({ files }, result.model);
    const said = [...result.diagnostics, ...diagnostics];
    if (env["UPDATE"] === "1") {
      writeFileSync(path, formatGolden(input, said));
      return;
    }
    expect(formatDiagnostics(said)).toBe(expected);
    const hasError = result.diagnostics.some(({ severity }) => severity === "error");
    expect(result.artifact === undefined).toBe(hasError);
  });
}

function resultOf(files: SourceFile[]): Omit<CompileResult, "api"> {
  const [first] = files;
  if (first?.path !== "balance.yaml" || !(first.content instanceof Uint8Array)) {
    const isCertificate = ({ path }: SourceFile): boolean => path.endsWith(".pem");
    const certificates = new Map(
      files.filter(isCertificate).map(({ path, content }) => [path, String(content)]),
    );
    const tree = { files: files.filter((file) => !isCertificate(file)) };
    return compile(tree, { readCertificate: (path) => certificates.get(path) });
  }
  const { files: written, diagnostics } = importBalance(first.path, first.content);
  return { diagnostics, ...(written.length > 0 && { artifact: new Uint8Array() }) };
}

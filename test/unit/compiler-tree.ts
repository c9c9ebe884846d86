// Trees for the tests of the compiler, written as texts.

import { compile, type CompileResult } from "../../compiler/compile.ts";
import type { SourceTree } from "../../compiler/source-tree.ts";
import { formatDiagnostics } from "../golden/golden-file.ts";

/** A tree of these files. */
export function tree(files: Record<string, string | Uint8Array>): SourceTree {
  return {
    files: Object.entries(files).map(([path, content]) => ({
      path,
      content: typeof content === "string" ? Buffer.from(content) : content,
    })),
  };
}

/** Compiles one service file. */
export function compileService(text: string): CompileResult {
  return compile(tree({ "services/api.yaml": text }));
}

/** The codes that were reported, in order. */
export function codesOf({ diagnostics }: CompileResult): string[] {
  return diagnostics.map(({ code }) => code);
}

/** A result that must have no diagnostics, with its parts. */
export function clean(result: CompileResult): Required<Omit<CompileResult, "diagnostics" | "api">> {
  const { diagnostics, model, artifact } = result;
  if (diagnostics.length > 0 || model === undefined || artifact === undefined) {
    throw new Error(`not clean:\n${formatDiagnostics(diagnostics)}`);
  }
  return { model, artifact };
}

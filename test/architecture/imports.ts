// Every way a TypeScript file can name another module, read from its syntax tree.

import { parseSync, Visitor } from "oxc-parser";

export interface ImportRecord {
  /** The module as written; absent when it is computed. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/** Static, dynamic and type imports, `export … from`, `import x = require()` and `require()` of one file. */
export function readImports(file: string, source: string): ImportRecord[] {
  const parsed = parseSync(file, source);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${file} does not parse: ${error.message}`);

  const records: ImportRecord[] = [];
  const record = (node: Positioned | null): void => {
    if (node === null) return;
    const literal = node.type === "Literal" && typeof node.value === "string";
    const specifier = literal ? (node.value as string) : undefined;
    records.push({ specifier, line: source.slice(0, node.start).split("\n").length });
  };

  new Visitor({
    ImportDeclaration: (node) => record(node.source),
    ExportNamedDeclaration: (node) => record(node.source),
    ExportAllDeclaration: (node) => record(node.source),
    ImportExpression: (node) => record(node.source),
    TSImportType: (node) => record(node.source),
    TSExternalModuleReference: (node) => record(node.expression),
    CallExpression: (node) => {
      const [argument] = node.arguments;
      if (argument !== undefined && loaders.has(source.slice(node.callee.start, node.callee.end))) {
        record(argument);
      }
    },
  }).visit(parsed.program);
  return records;
}

const loaders: ReadonlySet<string> = new Set([
  "require",
  "require.resolve",
  "import.meta.resolve",
  "process.getBuiltinModule",
]);

interface Positioned {
  readonly type: string;
  readonly start: number;
  readonly value?: unknown;
}

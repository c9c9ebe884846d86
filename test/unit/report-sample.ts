// One tree and its diagnostics, for the tests of the reports: two files, a note elsewhere, a note
// without a place, a warning, a place in a file that could not be read.

import type { Diagnostic, Location } from "../../compiler/diagnostic.ts";
import type { ReportInput } from "../../compiler/report/index.ts";

export const files = {
  "balto.config.yaml": "server:\n  port: 0x1F\n",
  "services/a b,c.yaml": "- domian: x.example.com\n  path_prefix: /*\n",
};

export const diagnostics: Diagnostic[] = [
  {
    code: "BAL5002",
    name: "no-services",
    severity: "warning",
    message: "the tree has no service",
    location: at("balto.config.yaml", 1, 1, 1, 1),
    notes: [],
    help: "add a service under services/",
  },
  {
    code: "BAL2001",
    name: "unknown-key",
    severity: "error",
    message: 'unknown key "domian": 100% sure',
    location: at("services/a b,c.yaml", 1, 3, 1, 9),
    notes: [
      { message: "the port is here", location: at("balto.config.yaml", 2, 9, 2, 13) },
      { message: "keys are snake_case" },
    ],
    help: 'did you mean "domain"?',
  },
  {
    code: "BAL1004",
    name: "unreadable",
    severity: "error",
    message: "cannot be read: permission denied",
    location: at("services/locked.yaml", 1, 1, 1, 1),
    notes: [],
    help: "check the permissions",
  },
];

export const input: ReportInput = {
  diagnostics,
  tree: {
    files: [
      ...Object.entries(files).map(([path, text]) => ({
        path,
        content: new TextEncoder().encode(text),
      })),
      { path: "services/locked.yaml", content: { fault: "unreadable", detail: "locked" } },
    ],
  },
  prefix: "configs",
  version: "1.2.3",
};

export function at(
  file: string,
  line: number,
  column: number,
  endLine: number,
  endColumn: number,
): Location {
  return { file, start: { line, column }, end: { line: endLine, column: endColumn } };
}

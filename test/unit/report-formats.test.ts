// The four report formats on one set of diagnostics.

import { stripVTControlCharacters } from "node:util";

import { expect, it } from "vitest";

import { formatters } from "../../compiler/report/index.ts";
import type { ReportFormat } from "../../compiler/report/index.ts";
import { diagnostics, input } from "./report-sample.ts";
import { sarifFaults } from "./sarif-schema.ts";

const plain = { colour: false, columns: 80 };

it("text shows places, frames, notes, help and a summary", () => {
  expect(formatters.text(input, plain)).toBe(
    `configs/balto.config.yaml:1:1 warning BAL5002 no-services: the tree has no service
    |
  1 | server:
    | ^
  help: add a service under services/

configs/services/a b,c.yaml:1:3 error BAL2001 unknown-key: unknown key "domian": 100% sure
    |
  1 | - domian: x.example.com
    |   ^^^^^^
  note: configs/balto.config.yaml:2:9 the port is here
    |
  2 |   port: 0x1F
    |         ^^^^
  note: keys are snake_case
  help: did you mean "domain"?

configs/services/locked.yaml:1:1 error BAL1004 unreadable: cannot be read: permission denied
  help: check the permissions

2 errors, 1 warning in 3 files
`,
  );
});

it("text has colours only when they are asked for", () => {
  expect(formatters.text(input, plain)).not.toContain("\u001b");
  const coloured = formatters.text(input, { ...plain, colour: true });
  expect(coloured).toContain("\u001b[1;31merror BAL2001\u001b[0m");
  expect(stripVTControlCharacters(coloured)).toBe(formatters.text(input, plain));
});

it("json holds every diagnostic and a format version", () => {
  const report = JSON.parse(formatters.json(input, plain)) as Record<string, unknown>;
  expect(report).toMatchObject({
    format_version: "1.0",
    summary: { errors: 2, warnings: 1, files: 3 },
    diagnostics: [
      { code: "BAL5002", severity: "warning" },
      {
        code: "BAL2001",
        name: "unknown-key",
        severity: "error",
        message: 'unknown key "domian": 100% sure',
        file: "configs/services/a b,c.yaml",
        start: { line: 1, column: 3 },
        end: { line: 1, column: 9 },
        notes: [
          { message: "the port is here", file: "configs/balto.config.yaml" },
          { message: "keys are snake_case" },
        ],
        help: 'did you mean "domain"?',
      },
      { code: "BAL1004" },
    ],
  });
});

it("github escapes what would end a property or a command", () => {
  const lines = formatters.github(input, plain).split("\n");
  expect(lines).toHaveLength(diagnostics.length + 1);
  expect(lines[0]).toMatch(/^::warning file=configs\/balto.config.yaml,line=1,col=1,/);
  expect(lines[1]).toBe(
    "::error file=configs/services/a b%2Cc.yaml,line=1,col=3,endLine=1,endColumn=9," +
      'title=BAL2001 unknown-key::unknown key "domian": 100%25 sure' +
      "%0Anote: configs/balto.config.yaml:2:9 the port is here%0Anote: keys are snake_case" +
      '%0Ahelp: did you mean "domain"?',
  );
});

it("github lets no message begin a command of its own", () => {
  const [first] = diagnostics;
  if (first === undefined) throw new Error("no sample");
  const evil = { ...first, message: "x\r\n::stop-commands::y", help: "" };
  const text = formatters.github({ ...input, diagnostics: [evil], prefix: "a:b" }, plain);
  expect(text.match(/\n/g)).toHaveLength(1);
  expect(text).toContain("file=a%3Ab/balto.config.yaml");
  expect(text).toContain("x%0D%0A::stop-commands::y");
});

it("sarif validates against the schema of SARIF 2.1.0", () => {
  const log = JSON.parse(formatters.sarif(input, plain)) as object;
  expect(sarifFaults(log)).toEqual([]);
  expect(log).toMatchObject({
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "balto", semanticVersion: "1.2.3" } },
        results: [
          { ruleId: "BAL5002", ruleIndex: 0, level: "warning" },
          {
            ruleId: "BAL2001",
            ruleIndex: 1,
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "configs/services/a%20b%2Cc.yaml" },
                  region: { startLine: 1, startColumn: 3, endLine: 1, endColumn: 9 },
                },
              },
            ],
            relatedLocations: [{ message: { text: "the port is here" } }],
          },
          { ruleId: "BAL1004", ruleIndex: 2 },
        ],
      },
    ],
  });
});

it("sarif has a rule with help for every code that occurs, once", () => {
  const twice = { ...input, diagnostics: [...diagnostics, ...diagnostics] };
  const log = JSON.parse(formatters.sarif(twice, plain)) as {
    runs: { tool: { driver: { rules: { id: string; help: { text: string } }[] } } }[];
  };
  const rules = log.runs[0]?.tool.driver.rules ?? [];
  expect(rules.map((rule) => rule.id)).toEqual(["BAL5002", "BAL2001", "BAL1004"]);
  for (const rule of rules) expect(rule.help.text).toContain(rule.id);
});

it("sarif names absolute paths as file URIs", () => {
  const text = formatters.sarif({ ...input, prefix: "/srv/tree" }, plain);
  expect(text).toContain('"uri": "file:///srv/tree/balto.config.yaml"');
  expect(sarifFaults(JSON.parse(text))).toEqual([]);
});

it("without diagnostics text and github are empty, json and sarif are whole", () => {
  const none = { ...input, diagnostics: [] };
  const lengths = (["text", "github", "json", "sarif"] satisfies ReportFormat[]).map(
    (format) => formatters[format](none, plain).length > 0,
  );
  expect(lengths).toEqual([false, false, true, true]);
  expect(sarifFaults(JSON.parse(formatters.sarif(none, plain)))).toEqual([]);
});

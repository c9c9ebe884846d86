/**
 * SARIF 2.1.0, what code scanning services read. Paths stay relative to where the command ran
 * (`SRCROOT`), so that a report made in one checkout fits another.
 */
import type { Diagnostic, Location, Note } from "../diagnostic.ts";
import type { ReportInput } from "./formatter.ts";
import { printedPath } from "./printed-path.ts";

interface SarifLog {
  $schema: string;
  version: "2.1.0";
  runs: SarifRun[];
}

interface SarifRun {
  tool: { driver: { name: string; semanticVersion: string; rules: SarifRule[] } };
  columnKind: "utf16CodeUnits";
  originalUriBaseIds: Record<string, { description: SarifMessage }>;
  results: SarifResult[];
}

interface SarifRule {
  id: string;
  name: string;
  shortDescription: SarifMessage;
  help: SarifMessage & { markdown: string };
  defaultConfiguration: { level: "error" | "warning" };
}

interface SarifResult {
  ruleId: string;
  ruleIndex: number;
  level: "error" | "warning";
  message: SarifMessage;
  locations: SarifLocation[];
  relatedLocations?: SarifLocation[];
}

interface SarifLocation {
  id?: number;
  message?: SarifMessage;
  physicalLocation: {
    artifactLocation: { uri: string; uriBaseId?: string };
    region: { startLine: number; startColumn: number; endLine: number; endColumn: number };
  };
}

interface SarifMessage {
  text: string;
}

const SCHEMA =
  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ROOT = "SRCROOT";

export function sarif({ diagnostics, prefix, version }: ReportInput): string {
  const rules = new Map<string, SarifRule>();
  for (const diagnostic of diagnostics) {
    if (!rules.has(diagnostic.code)) rules.set(diagnostic.code, rule(diagnostic));
  }
  const codes = [...rules.keys()];
  const log: SarifLog = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "balto", semanticVersion: version, rules: [...rules.values()] },
        },
        columnKind: "utf16CodeUnits",
        originalUriBaseIds: { [ROOT]: { description: { text: "Where balto was started." } } },
        results: diagnostics.map((each) => result(each, codes.indexOf(each.code), prefix)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function rule({ code, name, severity }: Diagnostic): SarifRule {
  const page = `docs/diagnostics.md, under ${code}`;
  return {
    id: code,
    name: name.replaceAll(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
    shortDescription: { text: name.replaceAll("-", " ") },
    help: { text: page, markdown: page },
    defaultConfiguration: { level: severity },
  };
}

function result(diagnostic: Diagnostic, ruleIndex: number, prefix: string): SarifResult {
  const { code, severity, message, location, notes, help } = diagnostic;
  const placeless = notes.filter((note) => note.location === undefined);
  const lines = [message, ...placeless.map((note) => `note: ${note.message}`)];
  if (help !== "") lines.push(`help: ${help}`);
  const related = notes.flatMap((note, index) => relatedLocation(note, index, prefix));
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: lines.join("\n") },
    locations: [place(location, prefix)],
    ...(related.length > 0 ? { relatedLocations: related } : {}),
  };
}

function relatedLocation({ message, location }: Note, id: number, prefix: string): SarifLocation[] {
  if (location === undefined) return [];
  return [{ id, message: { text: message }, ...place(location, prefix) }];
}

function place({ file, start, end }: Location, prefix: string): SarifLocation {
  const path = printedPath(prefix, file);
  const uri = path.split("/").map(encodeURIComponent).join("/");
  return {
    physicalLocation: {
      artifactLocation: path.startsWith("/") ? { uri: `file://${uri}` } : { uri, uriBaseId: ROOT },
      region: {
        startLine: start.line,
        startColumn: start.column,
        endLine: end.line,
        endColumn: end.column,
      },
    },
  };
}

/**
 * Import of a Balance file: the YAML of the Go load balancer Balance becomes a Balto tree that does
 * what the file says. Every key lands in the tree or in a warning with its line.
 *
 * The tree is plain objects and texts; whoever calls writes it.
 */
import { stringify } from "yaml";

import type { SchemaName } from "../../schema/schemas.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { parse } from "../parse/parse.ts";
import { headOf, valueAt, type YamlNode } from "../parse/yaml-node.ts";
import { SourceText } from "../source-text.ts";
import { balancePool } from "./balance-pool.ts";
import { balanceProcess, listenOf } from "./balance-process.ts";
import { balanceServices } from "./balance-services.ts";
import { balanceStream } from "./balance-stream.ts";
import { BALANCE_DROPPED } from "./balance-dropped.ts";
import type { Balance, Part } from "./conversion.ts";
import { ForeignLog } from "./foreign-log.ts";
import { Taken } from "./taken.ts";

/** A file of the new tree. */
export interface ImportedFile {
  path: string;
  text: string;
}

export interface Import {
  /** None after an error. */
  files: ImportedFile[];
  diagnostics: Diagnostic[];
}

/**
 * Converts the bytes of a Balance file.
 *
 * @param path what diagnostics call it
 */
export function importBalance(path: string, bytes: Uint8Array): Import {
  const log = new ForeignLog();
  const root = parse({ path, role: "config", bytes }, log)?.root;
  const files = root !== undefined && isBalance(root) ? convert(root, log) : undefined;
  if (files === undefined && !log.hasErrors) {
    log.report("BAL6101", root === undefined ? new SourceText(path, "").top : headOf(root), {});
  }
  return { files: log.hasErrors ? [] : (files ?? []), diagnostics: log.sorted() };
}

/** True where the bytes are YAML and a Balance file. */
export function looksLikeBalance(path: string, bytes: Uint8Array): boolean {
  const root = parse({ path, role: "config", bytes }, new ForeignLog())?.root;
  return root !== undefined && isBalance(root);
}

/** No Balto file has these keys at its root together, and a Balance file has no name. */
function isBalance(root: YamlNode): boolean {
  if (root.kind !== "map") return false;
  const has = (key: string): boolean => root.entries.has(key);
  return has("backends") && !has("name") && (has("mode") || has("listen") || has("load_balancer"));
}

function convert(root: YamlNode, log: DiagnosticLog): ImportedFile[] | undefined {
  const taken = new Taken(log);
  const mode = taken.text(root, "mode") || "tcp";
  if (mode !== "tcp" && mode !== "http") {
    log.report("BAL6102", headOf(valueAt(root, "mode")!), { mode });
    return undefined;
  }
  const balance: Balance = { root, mode, taken, log };
  const pool = balancePool(balance);
  const listen = listenOf(balance);
  const served =
    mode === "http"
      ? file("services/balance.yaml", "service", balanceServices(balance, pool))
      : file("streams/balance.yaml", "stream", balanceStream(balance, pool, listen));
  const config = file("balto.config.yaml", "config", balanceProcess(balance, listen));
  reportLeft(balance);
  return [config, served];
}

/** Names every key that nobody took. */
function reportLeft({ root, mode, taken, log }: Balance): void {
  for (const { path, node } of taken.left(root)) {
    const known = BALANCE_DROPPED.find(
      (dropped) => matches(path, dropped.key) && (dropped.mode ?? mode) === mode,
    );
    if (known === undefined) log.report("BAL6104", headOf(node), { key: path });
    else log.report("BAL6103", headOf(node), { key: path, reason: known.reason });
  }
}

/** `backends[0].x` is of the key `backends[].x`, and everything below a key is of that key. */
function matches(path: string, key: string): boolean {
  const plain = path.replaceAll(/\[\d+\]/g, "[]");
  return plain === key || plain.startsWith(`${key}.`) || plain.startsWith(`${key}[]`);
}

function file(path: string, schema: SchemaName, part: Part): ImportedFile {
  const up = "../".repeat(path.split("/").length - 1);
  const head = `# yaml-language-server: $schema=${up}schema/${schema}.schema.json\n# Imported from a Balance file.\n\n`;
  const content = pruned(part) as Part;
  const isEmptyFile = Object.keys(content).length === 0;
  return { path, text: head + (isEmptyFile ? "" : stringify(content, { lineWidth: 0 })) };
}

/** Without what is undefined, and without mappings that have nothing left. */
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, one]) => [key, pruned(one)] as const)
    .filter(([, one]) => one !== undefined && !isEmpty(one));
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

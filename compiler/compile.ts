/**
 * The life of a config: parse → validate → resolve → link → check → plan → encode.
 *
 * Pure: no file is read, nothing is printed, and whatever a user wrote gives diagnostics, never an
 * exception. Every stage goes on past errors as far as it can, so that one run finds all of them.
 */
import { encode } from "../artifact/encode.ts";
import type { Model } from "../artifact/model.ts";
import { check } from "./check/check.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { DiagnosticLog } from "./diagnostic-log.ts";
import { link } from "./link/link.ts";
import { collectFiles, type ConfigFile } from "./parse/collect-files.ts";
import { parse } from "./parse/parse.ts";
import { plan } from "./plan.ts";
import { gather, type ResolvedFile, Resolver } from "./resolve/resolve.ts";
import type { SourceTree } from "./source-tree.ts";
import { validate } from "./validate/validate.ts";

export interface CompileOptions {
  /** Stamped into the artifact's trailer, outside the digest. Default: nothing is. */
  revision?: string;
  /** false leaves out the artifact, for callers that only want to know. Default: true. */
  encode?: boolean;
}

/** What a compilation gives. `model` and `artifact` are there where no diagnostic is an error. */
export interface CompileResult {
  /** Sorted by file, line, column and code. */
  diagnostics: Diagnostic[];
  model?: Model;
  artifact?: Uint8Array;
}

/** Compiles a tree. The same tree gives the same bytes, whatever the order of files and keys. */
export function compile(tree: SourceTree, options: CompileOptions = {}): CompileResult {
  const log = new DiagnosticLog();
  const files = collectFiles(tree, log);
  // File by file, so that only one file's nodes are in memory at a time.
  const resolver = new Resolver(log);
  const resolved = gather(files.flatMap((file) => readFile(file, resolver, log)));
  link(resolved, log);
  check(resolved, files, log);
  const diagnostics = log.sorted();
  if (log.hasErrors) return { diagnostics };
  const model = plan(resolved);
  if (options.encode === false) return { diagnostics, model };
  return { diagnostics, model, artifact: encode(model, options.revision) };
}

/** What one file says; nothing where its YAML is broken. */
function readFile(file: ConfigFile, resolver: Resolver, log: DiagnosticLog): ResolvedFile[] {
  const parsed = parse(file, log);
  if (parsed === undefined) return [];
  validate(parsed, log);
  return [resolver.resolve(parsed)];
}

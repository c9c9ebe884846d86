/**
 * The life of a config: parse → validate → resolve → link → reach → check → plan → encode.
 *
 * Pure: no file is read (but for a certificate, by whom the caller names), nothing is printed, and whatever a user wrote gives diagnostics, never an
 * exception. Every stage goes on past errors as far as it can, so that one run finds all of them.
 */
import type { Model } from "../artifact/model.ts";
import type { ReadCertificate } from "./check/certificate.ts";
import { check } from "./check/check.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { DiagnosticLog } from "./diagnostic-log.ts";
import { applyIgnores } from "./ignores.ts";
import { link } from "./link/link.ts";
import { CompileMemory } from "./memory.ts";
import { collectFiles } from "./parse/collect-files.ts";
import { modelOf, plan } from "./plan/plan.ts";
import { reach } from "./reach/reach.ts";
import type { ApiSettings } from "./resolve/api.ts";
import { gather } from "./resolve/resolve.ts";
import type { SourceTree } from "./source-tree.ts";

export interface CompileOptions {
  /** Stamped into the artifact's trailer, outside the digest. Default: nothing is. */
  revision?: string;
  /** false leaves out the artifact, for callers that only want to know. Default: true. */
  encode?: boolean;
  /** Of the compilation before, of nearly the same tree: what did not change costs little. */
  memory?: CompileMemory;
  /** An earlier artifact that nobody reads any more: its memory is used for the next. */
  spare?: Uint8Array;
  /** Reads `global.tls.cert_file`, for the warning about hosts that it is not for. Default: it is not read. */
  readCertificate?: ReadCertificate;
}

/** What a compilation gives. `model` and `artifact` are there where no diagnostic is an error. */
export interface CompileResult {
  /** Sorted by file, line, column and code. */
  diagnostics: Diagnostic[];
  /** What the tree says to its writer: no part of the artifact. As far as it could be read. */
  api: ApiSettings;
  model?: Model;
  artifact?: Uint8Array;
}

/** Compiles a tree. The same tree gives the same bytes, whatever the order of files and keys. */
export function compile(tree: SourceTree, options: CompileOptions = {}): CompileResult {
  const log = new DiagnosticLog();
  const files = collectFiles(tree, log);
  // File by file, so that only one file's nodes are in memory at a time.
  const { memory = new CompileMemory() } = options;
  const read = memory.readFiles(files, log);
  const resolved = gather(read);
  const changes = memory.changes(resolved);
  link(resolved, changes, memory.hasNameTwice(changes), log);
  // What is broken may seem to be in the way of what is not.
  const found = log.hasErrors ? new Set<string>() : reach(changes, log);
  const { readCertificate = () => undefined } = options;
  const pageless = check(resolved, changes, files, readCertificate, log);
  applyIgnores(
    read.flatMap(({ ignores }) => ignores),
    log,
  );
  const diagnostics = log.sorted();
  const { api } = resolved;
  if (log.hasErrors) return { diagnostics, api };
  const planned = plan(resolved, changes, memory.plan);
  memory.settle(changes, resolved, found, pageless, planned, log);
  const model = modelOf(resolved.settings, planned);
  if (options.encode === false) return { diagnostics, api, model };
  const artifact = memory.encoder.encode(model, options.revision, options.spare);
  return { diagnostics, api, model, artifact };
}

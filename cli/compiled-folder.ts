/** A config folder put through the compiler, timed, and the report of it. */
import { readFileSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";

import type { Model } from "../artifact/model.ts";
import { openContainer } from "../artifact/container.ts";
import { compile } from "../compiler/compile.ts";
import type { Diagnostic } from "../compiler/diagnostic.ts";
import { CompileMemory } from "../compiler/memory.ts";
import { TreeReader } from "../compiler/read-tree.ts";
import { formatters } from "../compiler/report/index.ts";
import type { ReportFormat } from "../compiler/report/index.ts";
import type { SourceTree } from "../compiler/source-tree.ts";
import { Failure, reason } from "./failure.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

export interface CompiledFolder {
  /** As it should be printed. */
  folder: string;
  tree: SourceTree;
  diagnostics: readonly Diagnostic[];
  /** Undefined when there are errors. */
  result: CompileResult | undefined;
  /** Reading included. */
  elapsedMs: number;
}

export interface CompileResult {
  model: Model;
  artifact: Uint8Array;
  /** SHA-256 of the content, 64 hex digits. */
  digest: string;
}

/** @throws Failure when the folder itself cannot be read */
export function compileFolder(folder: string): CompiledFolder {
  return new FolderCompiler(folder).compile();
}

/** Compiles one folder again and again: what has not changed since costs little. */
export class FolderCompiler {
  readonly folder: string;
  readonly #revision: string;
  readonly #reader: TreeReader;
  readonly #memory = new CompileMemory();
  #spare: Uint8Array = new Uint8Array(0);

  /** @param revision stamped into each artifact; "" stamps nothing */
  constructor(folder: string, revision = "") {
    this.folder = folder;
    this.#revision = revision;
    this.#reader = new TreeReader(folder);
  }

  /**
   * The artifact lasts until the next call, which uses its memory again.
   *
   * @throws Failure when the folder itself cannot be read
   */
  compile(): CompiledFolder {
    const start = performance.now();
    const tree = this.#read();
    const options = {
      revision: this.#revision,
      memory: this.#memory,
      spare: this.#spare,
      readCertificate,
    };
    const { diagnostics, model, artifact } = compile(tree, options);
    let result: CompileResult | undefined;
    if (model !== undefined && artifact !== undefined) {
      this.#spare = artifact;
      result = { model, artifact, digest: openContainer(artifact, true).digest };
    }
    const { folder } = this;
    return { folder, tree, diagnostics, result, elapsedMs: performance.now() - start };
  }

  /** Whether what is compiled may be another tree than it was last. */
  hasChanged(): boolean {
    return this.#reader.hasChanged();
  }

  #read(): SourceTree {
    try {
      return this.#reader.read();
    } catch (error) {
      throw new Failure(`${this.folder} cannot be read: ${reason(error)}`);
    }
  }
}

/** Certificates are small; the data plane says it of one that is not. */
const CERTIFICATE_BYTES_MAX = 64 * 1024;

/** A certificate as the data plane would find it; undefined for whatever is not a plain, small file. */
function readCertificate(path: string): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > CERTIFICATE_BYTES_MAX) return undefined;
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The report in a format, with paths that can be used from here. */
export function reportText(
  compiled: CompiledFolder,
  format: ReportFormat,
  { env, colour, columns }: Terminal,
): string {
  const prefix = format === "github" ? workspacePath(compiled.folder, env) : compiled.folder;
  const input = {
    diagnostics: compiled.diagnostics,
    tree: compiled.tree,
    prefix,
    version: version(),
  };
  return formatters[format](input, { colour, columns });
}

/** The short form of a digest that people compare by eye. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

/** GitHub reads paths from the root of the checkout, wherever in it the command ran. */
function workspacePath(folder: string, env: Terminal["env"]): string {
  const workspace = env["GITHUB_WORKSPACE"];
  if (workspace === undefined || workspace === "") return folder;
  const path = relative(workspace, resolve(folder));
  return path.startsWith("..") ? folder : path;
}

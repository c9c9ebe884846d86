/**
 * The tree as it was last seen without errors: what is being served, as far as the files say it.
 */
import { realpathSync } from "node:fs";

import { compile } from "../compiler/compile.ts";
import type { Diagnostic } from "../compiler/diagnostic.ts";
import { CompileMemory } from "../compiler/memory.ts";
import { CONFIG_FILE } from "../compiler/parse/collect-files.ts";
import { TreeReader } from "../compiler/read-tree.ts";
import { type ApiSettings, DEFAULT_API } from "../compiler/resolve/api.ts";
import { isSameBytes, type SourceTree } from "../compiler/source-tree.ts";
import { FRESH_MS } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import { type Catalog, CatalogReader } from "./service/catalog.ts";

export interface Snapshot {
  tree: SourceTree;
  catalog: Catalog;
  api: ApiSettings;
}

export class TreeState {
  readonly folder: string;
  /** Of every compilation of this tree, also as it would be: what has not changed since costs little. */
  readonly memory = new CompileMemory();
  readonly #files: TreeReader;
  #reader = new CatalogReader();
  #good: Snapshot | undefined;
  /** The last tree looked at, and what is wrong with it. */
  #seen: SourceTree | undefined;
  #errors: readonly Diagnostic[] = [];
  #lookedAt = -Infinity;
  #config: { bytes: Uint8Array | undefined; api: ApiSettings } | undefined;

  constructor(folder: string) {
    this.folder = realpathSync.native(folder);
    this.#files = new TreeReader(this.folder);
  }

  /**
   * The last tree without errors.
   *
   * @param mayLook false while a change is being made: what lies in the files is not decided yet
   * @throws Refusal 503 where there has been none
   */
  current(mayLook: boolean): Snapshot {
    if (mayLook && performance.now() - this.#lookedAt > FRESH_MS) this.look();
    if (this.#good !== undefined) return this.#good;
    throw new Refusal(503, "the tree does not compile, and has not since the start", {
      diagnostics: this.#errors,
      fields: { "Retry-After": "1" },
    });
  }

  /** The tree as it is on the disk now, good or bad. */
  fresh(): Snapshot {
    const tree = this.#files.read();
    return { tree, catalog: this.#reader.read(tree), api: this.#apiOf(tree) };
  }

  /** A change has been made: this is the tree now. */
  became(tree: SourceTree): void {
    this.#seen = tree;
    this.#errors = [];
    this.#good = { tree, catalog: this.#reader.read(tree), api: this.#apiOf(tree) };
    this.#lookedAt = performance.now();
  }

  /** Reads the tree; one with errors changes nothing. */
  look(): void {
    const tree = this.#files.read();
    this.#lookedAt = performance.now();
    if (this.#seen !== undefined && isSameTree(tree, this.#seen)) return;
    const { model, diagnostics } = compile(tree, { encode: false, memory: this.memory });
    if (model !== undefined) return this.became(tree);
    this.#seen = tree;
    this.#errors = diagnostics;
    return undefined;
  }

  /** The `api` block depends on one file only. */
  #apiOf(tree: SourceTree): ApiSettings {
    const file = tree.files.find(({ path }) => path === CONFIG_FILE);
    const bytes = file?.content instanceof Uint8Array ? file.content : undefined;
    if (this.#config !== undefined && isSame(bytes, this.#config.bytes)) return this.#config.api;
    const api =
      file === undefined ? DEFAULT_API : compile({ files: [file] }, { encode: false }).api;
    this.#config = { bytes, api };
    return api;
  }
}

function isSameTree(a: SourceTree, b: SourceTree): boolean {
  if (a.files.length !== b.files.length) return false;
  const others = new Map(b.files.map(({ path, content }) => [path, content]));
  return a.files.every(({ path, content }) => {
    const other = others.get(path);
    if (content instanceof Uint8Array)
      return other instanceof Uint8Array && isSameBytes(content, other);
    return !(other instanceof Uint8Array) && other?.detail === content.detail;
  });
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSameBytes(a, b);
}

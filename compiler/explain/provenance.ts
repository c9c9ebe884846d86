/**
 * Provenance: where each setting of a route comes from: the service, the `global` block, or a default.
 *
 * Nothing of it is in an artifact. With a tree, the compiler itself says what a default is and what the
 * root file changes (by compiling a service that says nothing), and the place of a value is looked up
 * among the keys that are written. So a setting that is new needs no line here.
 */
import type { Model, Origin, Pool, Service } from "../../artifact/model.ts";
import { compile } from "../compile.ts";
import { DiagnosticLog } from "../diagnostic-log.ts";
import { collectFiles, CONFIG_FILE } from "../parse/collect-files.ts";
import { parse } from "../parse/parse.ts";
import { headOf, valueAt, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import type { SourceTree } from "../source-tree.ts";
import {
  gatewaySettings,
  type ModelSetting,
  poolSettings,
  serviceSettings,
} from "./model-settings.ts";
import { placeText } from "./route-ref.ts";

/** Who gave a value; `pool` is a named one. `tree` is all that an artifact knows of what is no default. */
export type Source = "service" | "pool" | "global" | "default" | "tree";

export interface Setting {
  key: string;
  value: string;
  from: Source;
  /** `file:line:column` of the value, where it is known. */
  place?: string;
}

/** The settings that a route has, its pool's included, and those of the whole gateway. */
export interface RouteSettings {
  route: Setting[];
  pool: Setting[];
  gateway: Setting[];
}

/** The mapping that may say more than the defaults. */
interface Writer {
  node: YamlNode | undefined;
  from: Source;
}

/** A service that says nothing: what it has is what all have. */
const BARE_NAME = "balto-bare";
const BARE_SERVICE = `name: ${BARE_NAME}\ndomain: bare.invalid\npath_prefix: /\nports: [1]\n`;

/** Settings with their sources. `tree` is what the model was compiled from, if that is at hand. */
export class Provenance {
  readonly #defaults: Model;
  readonly #globals: Model | undefined;
  readonly #tree: SourceTree | undefined;
  readonly #roots = new Map<string, YamlNode | undefined>();

  constructor(tree?: SourceTree) {
    this.#tree = tree;
    this.#defaults = compileBare([]);
    const config = tree?.files.filter(({ path }) => path === CONFIG_FILE);
    this.#globals = config && compileBare(config);
  }

  /** The settings of one service of a model. */
  of(model: Model, service: Service): RouteSettings {
    const { pool } = service;
    const written = this.#nodeAt(service.origin);
    const named = this.#nodeAt(pool.origin);
    const ofService: Writer = { node: written, from: "service" };
    const ofPool: Writer =
      named === undefined || named === written ? ofService : { node: named, from: "pool" };
    const ofGateway: Writer = { node: undefined, from: "global" };
    return {
      route: this.#settings(serviceSettings, service, bareService, ofService),
      pool: this.#settings(poolSettings, pool, barePool, ofPool),
      gateway: this.#settings(gatewaySettings, model.settings, (bare) => bare.settings, ofGateway),
    };
  }

  #settings<Part extends Service | Pool | Model["settings"]>(
    list: (part: Part) => ModelSetting[],
    part: Part,
    of: (model: Model) => Part,
    { node, from }: Writer,
  ): Setting[] {
    const defaults = textsOf(list(of(this.#defaults)));
    const globals = this.#globals && textsOf(list(of(this.#globals)));
    return list(part).map(({ key, text }): Setting => {
      const isDefault = defaults.get(key) === text;
      if (this.#tree === undefined)
        return { key, value: text, from: isDefault ? "default" : "tree" };
      const own = node && findKey(node, key);
      if (own !== undefined) return { key, value: text, from, place: spanText(own) };
      // What a block has that nobody else turned on, and what no bare service has, is its default.
      const isOfBlock = text !== "off" && !defaults.has(key);
      if (globals?.get(key) !== text && !(isOfBlock && !globals?.has(key))) {
        return { key, value: text, from };
      }
      const at = globals?.get(key) === defaults.get(key) ? undefined : this.#globalPlace(key);
      if (at !== undefined) return { key, value: text, from: "global", place: spanText(at) };
      return { key, value: text, from: isDefault || isOfBlock ? "default" : "global" };
    });
  }

  #globalPlace(key: string): Span | undefined {
    const root = this.#root(CONFIG_FILE);
    for (const block of ["global", "server"]) {
      const node = valueAt(root, block);
      const at = node && findKey(node, key);
      if (at !== undefined) return at;
    }
    return undefined;
  }

  /** The mapping that is written at a place. */
  #nodeAt({ file, line, column }: Origin): YamlNode | undefined {
    const root = this.#root(file);
    if (root === undefined) return undefined;
    const found = (node: YamlNode): YamlNode | undefined => {
      if (node.kind === "scalar") return undefined;
      if (node.kind === "map") {
        const { source, start } = headOf(node);
        const at = source.position(start);
        if (at.line === line && at.column === column) return node;
      }
      const below =
        node.kind === "list" ? node.items : [...node.entries.values()].map(({ value }) => value);
      for (const child of below) {
        const match = found(child);
        if (match !== undefined) return match;
      }
      return undefined;
    };
    return found(root);
  }

  #root(path: string): YamlNode | undefined {
    if (this.#roots.has(path)) return this.#roots.get(path);
    const log = new DiagnosticLog();
    const files = this.#tree?.files.filter((file) => file.path === path) ?? [];
    const [file] = collectFiles({ files }, log);
    const root = file && parse(file, log)?.root;
    this.#roots.set(path, root);
    return root;
  }
}

function compileBare(files: SourceTree["files"]): Model {
  const bare = { path: "services/bare.yaml", content: Buffer.from(BARE_SERVICE) };
  // Where the root file does not stand without the rest of its tree, the defaults are what is known.
  const whole = compile({ files: [...files.map(withoutServices), bare] }, { encode: false }).model;
  return whole ?? compile({ files: [bare] }, { encode: false }).model!;
}

function bareService({ services }: Model): Service {
  return services.find(({ name }) => name === BARE_NAME)!;
}

function barePool(model: Model): Pool {
  return bareService(model).pool;
}

/** The root file without services of its own, which need the rest of the tree. */
function withoutServices(file: SourceTree["files"][number]): SourceTree["files"][number] {
  const [config] = collectFiles({ files: [file] }, new DiagnosticLog());
  const services = config && valueAt(parse(config, new DiagnosticLog())?.root, "services");
  if (services === undefined) return file;
  const { text } = services.source;
  const rest = `${text.slice(0, services.start)}[]\n${text.slice(services.end)}`;
  return { path: file.path, content: Buffer.from(rest) };
}

function textsOf(settings: readonly ModelSetting[]): Map<string, string> {
  return new Map(settings.map(({ key, text }) => [key, text]));
}

function spanText({ source, start }: Span): string {
  return placeText({ file: source.path, ...source.position(start) });
}

/**
 * The value below a mapping under the names of a setting's key, in their order. What stands above the
 * first may be passed over: `algorithm` is found as `load_balancing.algorithm`.
 */
function findKey(node: YamlNode, key: string): Span | undefined {
  const names = key.split(".").map(wordsOf);
  const direct = descend(node, names);
  if (direct !== undefined || node.kind !== "map") return direct;
  for (const { value } of node.entries.values()) {
    const below = descend(value, names);
    if (below !== undefined) return below;
  }
  return undefined;
}

function descend(node: YamlNode, names: readonly string[][]): Span | undefined {
  const [first, ...rest] = names;
  if (node.kind !== "map" || first === undefined) return undefined;
  const [closest] = [...node.entries]
    .filter(([key]) => isName(first, wordsOf(key)))
    .toSorted(([a], [b]) => wordsOf(a).length - wordsOf(b).length);
  if (closest === undefined) return undefined;
  const [, { value }] = closest;
  // A short form says all of a block; a block that is off says so itself.
  if (value.kind !== "map") return value;
  return descend(value, rest.length > 0 ? rest : [["enabled"]]);
}

/** `max_body` → `max`, `body`. */
function wordsOf(name: string): string[] {
  return name.split("_").filter((word) => word !== "time");
}

/** A key has all the words of the model's name, in any order, and one more at most. */
function isName(name: readonly string[], key: readonly string[]): boolean {
  return (
    key.length >= name.length &&
    key.length <= name.length + 1 &&
    name.every((word) => key.some((other) => other.startsWith(word)))
  );
}

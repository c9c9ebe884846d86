/**
 * Resolve: what is written becomes what it means: texts are parsed, short forms written out,
 * defaults filled in. References stay as they are; the data plane resolves them.
 */
import type { Settings } from "../../artifact/model.ts";
import type { Config, PoolList, ServiceList } from "../../schema/types.gen.ts";
import { DiagnosticLog } from "../diagnostic-log.ts";
import type { ParsedFile } from "../parse/parse.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { type ApiSettings, DEFAULT_API, readApi } from "./api.ts";
import { field } from "./field.ts";
import { Globals } from "./globals.ts";
import { type OwnerDraft, readOwners } from "./owners.ts";
import { type NamedPoolDraft, readPool } from "./pool.ts";
import { readService, type ServiceDraft } from "./service.ts";
import { DEFAULT_SETTINGS, readSettings } from "./settings.ts";
import { checkTexts } from "./text.ts";

/** What one file says; `pools` and `services` in order of lines. */
export interface ResolvedFile {
  /** Only balto.config.yaml has them. */
  settings: Settings | undefined;
  /** Likewise. */
  owners: OwnerDraft[];
  /** What the writer of the tree is told; likewise. */
  api: ApiSettings | undefined;
  pools: NamedPoolDraft[];
  services: ServiceDraft[];
}

/** What all files say, still unlinked, in order of files and lines. */
export interface ResolvedTree {
  settings: Settings;
  owners: OwnerDraft[];
  api: ApiSettings;
  pools: NamedPoolDraft[];
  services: ServiceDraft[];
}

/** Resolves the files of a tree, of which balto.config.yaml comes first: it says what holds for all. */
export class Resolver {
  #globals = new Globals(undefined, new DiagnosticLog());

  resolve({ role, root }: ParsedFile, log: DiagnosticLog): ResolvedFile {
    checkTexts(root, log);
    if (role === "config") this.#globals = new Globals(root, log);
    const nodes = nodesOf(role, root);
    return {
      settings: role === "config" ? readSettings(root, log) : undefined,
      owners: role === "config" ? readOwners(root, log) : [],
      api: role === "config" ? readApi(field<Config>(root, "api"), log) : undefined,
      pools: nodes.pools.map((node) => readPool(node, this.#globals, log)),
      services: nodes.services.map((node) => readService(node, this.#globals, log)),
    };
  }
}

/** Puts the files together; without balto.config.yaml every default holds. */
export function gather(files: readonly ResolvedFile[]): ResolvedTree {
  return {
    settings: files.find(({ settings }) => settings !== undefined)?.settings ?? DEFAULT_SETTINGS,
    owners: files.flatMap(({ owners }) => owners),
    api: files.find(({ api }) => api !== undefined)?.api ?? DEFAULT_API,
    pools: files.flatMap(({ pools }) => pools),
    services: files.flatMap(({ services }) => services),
  };
}

/** The mappings of pools and services in a file. */
function nodesOf(
  role: ParsedFile["role"],
  root: YamlNode,
): { pools: readonly YamlNode[]; services: readonly YamlNode[] } {
  const pools = field<Config & PoolList>(root, "pools");
  const services = field<Config & ServiceList>(root, "services");
  switch (role) {
    case "config":
      return { pools: mappingsOf(pools), services: mappingsOf(services) };
    case "pool":
      return { pools: pools === undefined ? mapping(root) : mappingsOf(pools), services: [] };
    case "service":
      return {
        pools: [],
        services: services === undefined ? mapping(root) : mappingsOf(services),
      };
    case "tests":
      return { pools: [], services: [] };
  }
}

function mappingsOf(list: YamlNode | undefined): readonly YamlNode[] {
  return itemsOf(list).flatMap(mapping);
}

function mapping(node: YamlNode): YamlNode[] {
  return node.kind === "map" ? [node] : [];
}

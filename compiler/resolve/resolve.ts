/**
 * Resolve: what is written becomes what it means: texts are parsed, short forms written out,
 * defaults filled in. References stay as they are; the data plane resolves them.
 */
import type { Settings } from "../../artifact/model.ts";
import type { Config, PoolList, ServiceList, StreamList } from "../../schema/types.gen.ts";
import { DiagnosticLog } from "../diagnostic-log.ts";
import type { ParsedFile } from "../parse/parse.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { type ApiSettings, DEFAULT_API, readApi } from "./api.ts";
import { field } from "./field.ts";
import { Globals } from "./globals.ts";
import { type OwnerDraft, readOwners } from "./owners.ts";
import { type NamedPoolDraft, readPool } from "./pool.ts";
import { readService, type ServiceDraft } from "./service.ts";
import { type SettingPlaces, settingPlaces } from "./setting-places.ts";
import { DEFAULT_SETTINGS, readSettings } from "./settings.ts";
import { type ServiceSums, sumsOf } from "./sums.ts";
import { readStream, type StreamDraft } from "./stream.ts";
import { checkTexts } from "./text.ts";

/** What one file says; its lists in order of lines. */
export interface ResolvedFile {
  /** Only balto.config.yaml has them. */
  settings: Settings | undefined;
  /** Where it says them. */
  places: SettingPlaces;
  /** Likewise. */
  owners: OwnerDraft[];
  /** What the writer of the tree is told; likewise. */
  api: ApiSettings | undefined;
  pools: NamedPoolDraft[];
  services: ServiceDraft[];
  sums: ServiceSums;
  streams: StreamDraft[];
}

/** What all files say, still unlinked, in order of files and lines. */
export interface ResolvedTree {
  settings: Settings;
  places: SettingPlaces;
  owners: OwnerDraft[];
  api: ApiSettings;
  pools: NamedPoolDraft[];
  /** All of them, put together anew: hardly ever asked for where little has changed. */
  services: () => ServiceDraft[];
  /** Of each file. */
  sums: ServiceSums[];
  streams: StreamDraft[];
}

/** Resolves the files of a tree, of which balto.config.yaml comes first: it says what holds for all. */
export class Resolver {
  #globals = new Globals(undefined, new DiagnosticLog());

  resolve({ role, root }: ParsedFile, log: DiagnosticLog): ResolvedFile {
    checkTexts(root, log);
    if (role === "config") this.#globals = new Globals(root, log);
    const nodes = nodesOf(role, root);
    const isConfig = role === "config";
    const services = nodes.services.map((node) => readService(node, this.#globals, log));
    return {
      settings: isConfig ? readSettings(root, log) : undefined,
      places: isConfig ? settingPlaces(root) : {},
      owners: isConfig ? readOwners(root, log) : [],
      api: isConfig ? readApi(field<Config>(root, "api"), log) : undefined,
      pools: nodes.pools.map((node) => readPool(node, this.#globals, log)),
      services,
      sums: sumsOf(services),
      streams: nodes.streams.map((node) => readStream(node, this.#globals, log)),
    };
  }
}

/** Puts the files together; without balto.config.yaml every default holds. */
export function gather(files: readonly ResolvedFile[]): ResolvedTree {
  return {
    settings: files.find(({ settings }) => settings !== undefined)?.settings ?? DEFAULT_SETTINGS,
    places: files.find(({ settings }) => settings !== undefined)?.places ?? {},
    owners: files.flatMap(({ owners }) => owners),
    api: files.find(({ api }) => api !== undefined)?.api ?? DEFAULT_API,
    pools: files.flatMap(({ pools }) => pools),
    services: () => files.flatMap(({ services }) => services),
    sums: files.map(({ sums }) => sums),
    streams: files.flatMap(({ streams }) => streams),
  };
}

interface Nodes {
  pools: readonly YamlNode[];
  services: readonly YamlNode[];
  streams: readonly YamlNode[];
}

/** The mappings of pools, services and streams in a file. */
function nodesOf(role: ParsedFile["role"], root: YamlNode): Nodes {
  const pools = field<Config & PoolList>(root, "pools");
  const services = field<Config & ServiceList>(root, "services");
  const streams = field<Config & StreamList>(root, "streams");
  const none = { pools: [], services: [], streams: [] };
  const listOr = (list: YamlNode | undefined): readonly YamlNode[] =>
    list === undefined ? mapping(root) : mappingsOf(list);
  switch (role) {
    case "config":
      return {
        pools: mappingsOf(pools),
        services: mappingsOf(services),
        streams: mappingsOf(streams),
      };
    case "pool":
      return { ...none, pools: listOr(pools) };
    case "service":
      return { ...none, services: listOr(services) };
    case "stream":
      return { ...none, streams: listOr(streams) };
    case "tests":
      return none;
  }
}

function mappingsOf(list: YamlNode | undefined): readonly YamlNode[] {
  return itemsOf(list).flatMap(mapping);
}

function mapping(node: YamlNode): YamlNode[] {
  return node.kind === "map" ? [node] : [];
}

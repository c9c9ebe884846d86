/**
 * Resolve: what is written becomes what it means: texts are parsed, short forms written out,
 * defaults filled in. References stay as they are; the data plane resolves them.
 */
import type { Config, ServiceList } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ParsedFile } from "../parse/parse.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { field } from "./field.ts";
import { readService, type ServiceDraft } from "./service.ts";
import { DEFAULT_SETTINGS, readSettings, type ResolvedSettings } from "./settings.ts";
import { checkTexts } from "./text.ts";

/** What one file says. */
export interface ResolvedFile {
  /** Only balto.config.yaml has them. */
  settings: ResolvedSettings | undefined;
  /** In order of lines. */
  services: ServiceDraft[];
}

/** What all files say, still unlinked. Services are in order of files and lines. */
export interface ResolvedTree extends ResolvedSettings {
  services: ServiceDraft[];
}

/** Resolves a file. */
export function resolve({ role, root }: ParsedFile, log: DiagnosticLog): ResolvedFile {
  checkTexts(root, log);
  return {
    settings: role === "config" ? readSettings(root, log) : undefined,
    services: serviceNodes(role, root).map((node) => readService(node, log)),
  };
}

/** Puts the files together; without balto.config.yaml every default holds. */
export function gather(files: readonly ResolvedFile[]): ResolvedTree {
  const settings = files.find((file) => file.settings !== undefined)?.settings;
  return {
    ...(settings ?? DEFAULT_SETTINGS),
    services: files.flatMap(({ services }) => services),
  };
}

/** The mappings of services in a file. */
function serviceNodes(role: ParsedFile["role"], root: YamlNode): readonly YamlNode[] {
  const list = field<Config & ServiceList>(root, "services");
  const nodes = role === "config" || list !== undefined ? itemsOf(list) : [root];
  return nodes.filter(({ kind }) => kind === "map");
}

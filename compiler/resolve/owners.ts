/**
 * Owners: which hosts and paths belong to the services of a folder, as `owners` of balto.config.yaml
 * says it. Whether they keep to it is link/owners.ts's to find.
 */
import { formatDomain, parseDomain } from "../../artifact/domain.ts";
import { parsePattern } from "../../artifact/pattern.ts";
import type { Config, Owner } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import type { Given } from "./block.ts";
import { field } from "./field.ts";
import { plainText, spanInside } from "./text.ts";

export interface OwnerDraft {
  /** A folder or a file of the tree, without a slash at its end. */
  folder: string;
  at: Span;
  /** Canonical domains; empty is every host. */
  hosts: Given<string>[];
  /** Literal segments, each behind a slash; empty is every path. */
  prefixes: Given<string>[];
}

/** Reads `owners` in the root of balto.config.yaml. */
export function readOwners(root: YamlNode, log: DiagnosticLog): OwnerDraft[] {
  const node = field<Config>(root, "owners");
  if (node?.kind !== "map") return [];
  const owners = new Map<string, OwnerDraft>();
  for (const [key, { key: at, value }] of node.entries) {
    if (value.kind !== "map") continue;
    const folder = key.replace(/\/$/, "");
    const before = log.size;
    const fault = owners.has(folder) ? "is there twice" : folderFault(folder);
    if (fault !== undefined) log.report("BAL3023", at, { text: key, reason: fault });
    const hosts = readHosts(itemsOf(field<Owner>(value, "hosts")), log);
    const prefixes = readPrefixes(itemsOf(field<Owner>(value, "path_prefixes")), log);
    if (value.entries.size === 0) {
      log.report("BAL2003", headOf(value), { keys: ["hosts", "path_prefixes"] });
    }
    // A host that could not be read must not leave every host.
    const isEmpty = hosts.length + prefixes.length === 0;
    if (!isEmpty && log.size === before) owners.set(folder, { folder, at, hosts, prefixes });
  }
  return [...owners.values()];
}

function folderFault(folder: string): string | undefined {
  const parts = folder.split("/");
  if (folder.startsWith("/")) return "begins with a slash; folders are relative to the tree";
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    return 'has a part that is empty, "." or ".."';
  }
  if (parts[0] === "services") return undefined;
  return "is not below services/, where services are";
}

function readHosts(nodes: readonly YamlNode[], log: DiagnosticLog): Given<string>[] {
  return nodes.flatMap((node) => {
    const text = plainText(node);
    if (text === undefined) return [];
    const domain = parseDomain(text);
    if (typeof domain !== "string") return [{ value: formatDomain(domain), at: node }];
    log.report("BAL3004", node, { domain: text, reason: domain });
    return [];
  });
}

/** `/a`, `/a/*` and `/a/` all mean what is at `/a` and below. */
function readPrefixes(nodes: readonly YamlNode[], log: DiagnosticLog): Given<string>[] {
  return nodes.flatMap((node) => {
    const text = plainText(node);
    if (text === undefined) return [];
    const parsed = parsePattern(text.replace(/(?<=.)\/$/, ""));
    if ("reason" in parsed) {
      const { reason, help, offset } = parsed;
      log.report("BAL3005", spanInside(node, text, offset), { pattern: text, reason, help });
      return [];
    }
    const parameter = parsed.segments.find(({ kind }) => kind === "parameter");
    if (parameter !== undefined) {
      const reason = "has a parameter, and what belongs to somebody has a name";
      log.report("BAL3005", node, { pattern: text, reason, help: "write literal segments" });
      return [];
    }
    return [{ value: parsed.segments.map((segment) => `/${segment.text}`).join(""), at: node }];
  });
}

/**
 * Backends: the short form `ports` and the full form `backends` become the same thing.
 */
import { type BackendScheme, formatBackendUrl, parseBackendUrl } from "../../artifact/address.ts";
import { hasReference } from "../../artifact/reference.ts";
import { BACKEND_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Backend, Pool } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import { field } from "./field.ts";
import { readName } from "./name.ts";
import { readFlag, readNumber } from "./scalar.ts";
import { referringText, sampleOf } from "./text.ts";

/** A backend as far as it could be read. */
export interface BackendDraft {
  at: Span;
  /** Canonical where it holds no reference; undefined after an error. */
  url: string | undefined;
  /** Undefined where a reference hides it. */
  scheme: BackendScheme | undefined;
  /** False takes it out of traffic. */
  enabled: boolean;
  weight: number;
  /** True where the file gives a weight. */
  weighted: boolean;
  name: string;
  priority: number;
  connectionsMax: number;
  /** Where a port stands that has no meaning: the name gives ports of its own. */
  unusedPort: Span | undefined;
}

/**
 * The backends below a mapping, in the order of the file.
 *
 * @param scheme of a text that has none; backends in full form have one, except those of streams
 */
export function readBackends(
  owner: YamlNode,
  scheme: "http" | "tcp" | "udp",
  log: DiagnosticLog,
): BackendDraft[] {
  const ports = itemsOf(field<Pool>(owner, "ports")).map((item) => ({
    ...PLAIN,
    at: item,
    ...withScheme(readPort(item, scheme, log)),
    unusedPort: unusedPort(item),
  }));
  const backends = itemsOf(field<Pool>(owner, "backends")).map((item) => {
    const count = (key: "weight" | "priority" | "max_connections"): number =>
      readCount(field<Backend>(item, key), BACKEND_DEFAULTS[key]);
    const url = field<Backend>(item, "url");
    return {
      at: headOf(item),
      ...withScheme(scheme === "http" ? readUrl(url, log) : readAddress(url, scheme, log)),
      enabled: readFlag(field<Backend>(item, "enabled"), BACKEND_DEFAULTS.enabled),
      weight: count("weight"),
      weighted: field<Backend>(item, "weight") !== undefined,
      name: readName(field<Backend>(item, "name"), log) ?? "",
      priority: count("priority"),
      connectionsMax: count("max_connections"),
      unusedPort: url && unusedPort(url),
    };
  });
  return [...ports, ...backends];
}

function withScheme(url: string | undefined): Pick<BackendDraft, "url" | "scheme"> {
  const scheme = url === undefined ? undefined : /^[a-z]+(?=:\/\/)/i.exec(url)?.[0].toLowerCase();
  return { url, scheme: scheme as BackendScheme | undefined };
}

const PLAIN = {
  enabled: BACKEND_DEFAULTS.enabled,
  weight: BACKEND_DEFAULTS.weight,
  weighted: false,
  name: "",
  priority: BACKEND_DEFAULTS.priority,
  connectionsMax: BACKEND_DEFAULTS.max_connections,
};

/** The most that any of these takes. The defaults are the least. */
const COUNT_MAX = 1_000_000;

/** The range is the schema's business; a wrong number must only not be taken for one here. */
function readCount(node: YamlNode | undefined, fallback: number): number {
  const value = node && readNumber(node);
  const isIn = value !== undefined && value >= fallback && value <= COUNT_MAX;
  return isIn ? value : fallback;
}

/** DNS names of services (RFC 2782) have ports of their own: one that is written beside has no use. */
function unusedPort(node: YamlNode): Span | undefined {
  if (node.kind !== "scalar" || typeof node.value !== "string") return undefined;
  return /^(?:[a-z]+:\/\/)?_[^./:]+\._(?:tcp|udp)\.[^/:]+:[0-9]+/i.test(node.value)
    ? node
    : undefined;
}

/** `8080`, `"8080"`, `host:port` or a URL. */
function readPort(node: YamlNode, scheme: string, log: DiagnosticLog): string | undefined {
  if (node.kind !== "scalar" || node.changed) return undefined;
  const { value } = node;
  if (typeof value === "number" || (typeof value === "string" && /^[0-9]+$/.test(value))) {
    const port = Number(value);
    if (!Number.isInteger(port)) return undefined;
    if (port >= 1 && port <= 65535)
      return `${scheme}://\${env:BALTO_UPSTREAM_HOST:-localhost}:${port}`;
    log.report("BAL3002", node, { reason: `${value} is not a port (1 to 65535)` });
    return undefined;
  }
  return typeof value === "string" ? readAddress(node, scheme, log) : undefined;
}

/** `host:port` or a URL. */
function readAddress(
  node: YamlNode | undefined,
  scheme: string,
  log: DiagnosticLog,
): string | undefined {
  if (node?.kind !== "scalar" || typeof node.value !== "string") return undefined;
  const { value } = node;
  if (value.includes("://")) return readUrl(node, log);
  const hasPort = /:[0-9]+$/.test(value) || (scheme !== "http" && SERVICE_NAME.test(value));
  if (!hasReference(value) && !hasPort) {
    log.report("BAL3002", node, { reason: `"${value}" has no port` });
    return undefined;
  }
  const fault = (reason: string): void => log.report("BAL3002", node, { reason });
  return checkUrl(node, `${scheme}://`, log, fault);
}

/** A name of RFC 2782, by which DNS gives ports, too. */
const SERVICE_NAME = /^_[^./:]+\._(?:tcp|udp)\.[^/:]+$/i;

function readUrl(node: YamlNode | undefined, log: DiagnosticLog): string | undefined {
  if (node === undefined) return undefined;
  return checkUrl(node, "", log, (reason) => log.report("BAL3003", node, { reason }));
}

function checkUrl(
  node: YamlNode,
  scheme: string,
  log: DiagnosticLog,
  fault: (reason: string) => void,
): string | undefined {
  const read = referringText(node, log);
  if (read === undefined) return undefined;
  const text = scheme + read.text;
  if (/^[^/]*\/\/[^/?#]*@/.test(text)) {
    const hint = "take it out of the URL; send credentials by a header of the client";
    log.report("BAL3011", node, { what: "a user name or password", hint });
    return undefined;
  }
  const onlyText = !hasReference(read.text);
  // A URL whose very beginning is only known at load is checked then.
  const [first] = read.parts;
  const unknownScheme = scheme === "" && first !== undefined && first.kind !== "text";
  if (unknownScheme && (first.kind === "file" || first.fallback === undefined)) return text;
  const sample = scheme + sampleOf(read.parts, (before) => (before.endsWith(":") ? "1" : "a"));
  const address = parseBackendUrl(sample);
  if (typeof address === "string") {
    fault(address);
    return undefined;
  }
  return onlyText ? formatBackendUrl(address) : text;
}

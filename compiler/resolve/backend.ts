/**
 * Backends: the short form `ports` and the full form `backends` become the same thing.
 */
import { formatBackendUrl, parseBackendUrl } from "../../artifact/address.ts";
import { hasReference } from "../../artifact/reference.ts";
import { BACKEND_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Backend, Service } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import { field } from "./field.ts";
import { readName } from "./name.ts";
import { referringText, sampleOf } from "./text.ts";

/** A backend as far as it could be read. */
export interface BackendDraft {
  at: Span;
  /** Canonical where it holds no reference; undefined after an error. */
  url: string | undefined;
  weight: number;
  /** True where the file gives a weight. */
  weighted: boolean;
  name: string;
}

const WEIGHT_MAX = 1_000_000;

/** The backends of a service's mapping, in the order of the file. */
export function readBackends(service: YamlNode, log: DiagnosticLog): BackendDraft[] {
  const ports = itemsOf(field<Service>(service, "ports")).map((item) => ({
    at: item,
    url: readPort(item, log),
    weight: BACKEND_DEFAULTS.weight,
    weighted: false,
    name: "",
  }));
  const backends = itemsOf(field<Service>(service, "backends")).map((item) => {
    const weight = field<Backend>(item, "weight");
    return {
      at: headOf(item),
      url: readUrl(field<Backend>(item, "url"), log),
      weight: readWeight(weight),
      weighted: weight !== undefined,
      name: readName(field<Backend>(item, "name"), log) ?? "",
    };
  });
  return [...ports, ...backends];
}

/** The range is the schema's business; a wrong weight must only not be taken for one here. */
function readWeight(node: YamlNode | undefined): number {
  const value = node?.kind === "scalar" ? node.value : undefined;
  return typeof value === "number" && value >= 1 && value <= WEIGHT_MAX
    ? value
    : BACKEND_DEFAULTS.weight;
}

/** `8080`, `"8080"`, `host:port` or a URL. */
function readPort(node: YamlNode, log: DiagnosticLog): string | undefined {
  if (node.kind !== "scalar" || node.changed) return undefined;
  const { value } = node;
  if (typeof value === "number" || (typeof value === "string" && /^[0-9]+$/.test(value))) {
    const port = Number(value);
    if (!Number.isInteger(port)) return undefined;
    if (port >= 1 && port <= 65535) return `http://\${env:BALTO_UPSTREAM_HOST:-localhost}:${port}`;
    log.report("BAL3002", node, { reason: `${value} is not a port (1 to 65535)` });
    return undefined;
  }
  if (typeof value !== "string") return undefined;
  if (value.includes("://")) return readUrl(node, log);
  if (!hasReference(value) && !/:[0-9]+$/.test(value)) {
    log.report("BAL3002", node, { reason: `"${value}" has no port` });
    return undefined;
  }
  const fault = (reason: string): void => log.report("BAL3002", node, { reason });
  return checkUrl(node, "http://", log, fault);
}

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

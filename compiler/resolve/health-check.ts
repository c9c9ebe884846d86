/**
 * Health check: the `health_check` block of a service, a pool or `global`: probes and passive checks.
 */
import type { HealthPolicy, PassivePolicy } from "../../artifact/model.ts";
import { hasReference } from "../../artifact/reference.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { HealthCheck } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { Block, type Draft } from "./block.ts";
import { field } from "./field.ts";
import {
  controlFault,
  hostFault,
  httpTextReader,
  targetFault,
  tokenFault,
  valueFault,
} from "./http-text.ts";
import { PASSIVE_CHECK, type PassiveDraft } from "./passive-check.ts";
import { durationKey, readNumber, readTruth, wordReader } from "./scalar.ts";
import { parseStatus, readStatuses } from "./status.ts";
import { referringText } from "./text.ts";

export interface HealthDraft {
  probes: Draft<ProbeSettings>;
  passive: PassiveDraft | undefined;
}

export interface ProbeSettings extends Omit<HealthPolicy, "type" | "initiallyUp"> {
  enabled: boolean;
  type: HealthPolicy["type"] | "none";
  initial: "up" | "down";
}

const DEFAULTS = POOL_DEFAULTS.health_check;

const BLOCK = new Block<HealthCheck, ProbeSettings>({
  enabled: { key: "enabled", read: readTruth, fallback: DEFAULTS.enabled },
  type: {
    key: "type",
    read: wordReader(["http", "https", "tcp", "none"]),
    fallback: DEFAULTS.type,
  },
  path: {
    key: "path",
    read: httpTextReader("path of the probe", targetFault),
    fallback: DEFAULTS.path,
  },
  method: {
    key: "method",
    read: httpTextReader("method of the probe", methodFault),
    fallback: DEFAULTS.method,
  },
  headers: { key: "headers", read: readHeaders, fallback: [] },
  host: {
    key: "host",
    read: httpTextReader("host of the probe", hostFault),
    fallback: DEFAULTS.host,
  },
  port: { key: "port", read: readNumber, fallback: DEFAULTS.port },
  expectedStatus: {
    key: "expected_status",
    read: readStatuses,
    fallback: DEFAULTS.expected_status.map((text) => parseStatus(text)!),
  },
  expectedBody: {
    key: "expected_body",
    read: httpTextReader("expected body", controlFault),
    fallback: DEFAULTS.expected_body,
  },
  intervalMs: durationKey("interval", DEFAULTS.interval, 1, 24),
  jitterMs: durationKey("jitter", DEFAULTS.jitter, 0, 24),
  timeoutMs: durationKey("timeout", DEFAULTS.timeout, 1, 24),
  unhealthyThreshold: {
    key: "unhealthy_threshold",
    read: readNumber,
    fallback: DEFAULTS.unhealthy_threshold,
  },
  healthyThreshold: {
    key: "healthy_threshold",
    read: readNumber,
    fallback: DEFAULTS.healthy_threshold,
  },
  initial: { key: "initial", read: wordReader(["up", "down"]), fallback: DEFAULTS.initial },
});

/** Reads a block of health checks. */
export function readHealth(
  node: YamlNode | undefined,
  log: DiagnosticLog,
): HealthDraft | undefined {
  const probes = BLOCK.read(node, log);
  if (probes === undefined) return undefined;
  return { probes, passive: PASSIVE_CHECK.read(field<HealthCheck>(node, "passive"), log) };
}

/**
 * What holds; each is undefined where it is off, both where no block is there. Backends of streams
 * mostly do not speak HTTP: they are asked over TCP unless their own block says otherwise.
 */
export function completeHealth(
  own: HealthDraft | undefined,
  global: HealthDraft | undefined,
  isOfStreams: boolean,
): { health: HealthPolicy | undefined; passive: PassivePolicy | undefined } {
  const off = { health: undefined, passive: undefined };
  if (own === undefined && global === undefined) return off;
  const { enabled, type: asked, initial, ...probes } = BLOCK.complete(own?.probes, global?.probes);
  if (!enabled) return off;
  const isOwn = own?.probes.given.type !== undefined;
  const type = isOfStreams && !isOwn && asked !== "none" ? "tcp" : asked;
  const { enabled: isPassive, ...passive } = PASSIVE_CHECK.complete(own?.passive, global?.passive);
  return {
    health: type === "none" ? undefined : { ...probes, type, initiallyUp: initial === "up" },
    passive: isPassive ? passive : undefined,
  };
}

/** A probe has no body, and asks for an answer that can be one. */
function methodFault(text: string): string | undefined {
  return tokenFault(text) ?? (text === "CONNECT" ? "is not for probes" : undefined);
}

/** Fields that the probe writes itself, or that would change its framing. */
const OWN_FIELDS = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "expect",
]);
/** What stands in these is a secret. */
const SECRET_FIELDS = new Set(["authorization", "proxy-authorization", "cookie", "x-api-key"]);

function readHeaders(node: YamlNode, log: DiagnosticLog): HealthPolicy["headers"] | undefined {
  if (node.kind !== "map") return undefined;
  const names = new Set<string>();
  const headers: HealthPolicy["headers"] = [];
  for (const [name, { key, value: at }] of node.entries) {
    const folded = name.toLowerCase();
    const reason =
      tokenFault(name) ??
      (OWN_FIELDS.has(folded) ? "is the probe's own" : undefined) ??
      (names.has(folded) ? "is there twice" : undefined);
    if (reason !== undefined) {
      log.report("BAL3020", key, { what: "header", text: name.slice(0, 100), reason });
      continue;
    }
    names.add(folded);
    const value = readValue(at, folded, log);
    if (value !== undefined) headers.push({ name, value });
  }
  return headers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function readValue(node: YamlNode, name: string, log: DiagnosticLog): string | undefined {
  const read = referringText(node, log);
  if (read === undefined) return undefined;
  const literal = read.parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
  // Beside a reference a space may stand between two parts.
  const reason =
    valueFault(hasReference(read.text) ? literal.trim() : literal) ?? controlFault(read.text);
  if (reason !== undefined) {
    log.report("BAL3020", node, { what: `value of ${name}`, text: literal.slice(0, 100), reason });
    return undefined;
  }
  if (SECRET_FIELDS.has(name) && !hasReference(read.text)) {
    const hint = "write ${env:NAME} or ${file:/path} in its place, and change this one now";
    log.report("BAL3011", node, { what: `the value of ${name}`, hint });
    return undefined;
  }
  return read.text;
}

/**
 * What is seen of the traffic: `global.access_log`, `global.tracing` and `global.request_id`, with
 * every default filled in.
 */
import { ACCESS_LOG_FORMATS, type Settings } from "../../artifact/model.ts";
import { CONFIG_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { AccessLog, Global, RequestId, Tracing } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { readEndpoint } from "./endpoint.ts";
import { field } from "./field.ts";
import { readName } from "./name.ts";
import { readPath } from "./path.ts";
import { readFlag } from "./scalar.ts";
import { plainText } from "./text.ts";

type Observation = Pick<Settings, "accessLog" | "tracing" | "requestId">;

/** Reads the blocks. `global` is the mapping that they stand in. */
export function readObservation(global: YamlNode | undefined, log: DiagnosticLog): Observation {
  const requestId = field<RequestId>(field<Global>(global, "request_id"), "enabled");
  return {
    accessLog: readAccessLog(field<Global>(global, "access_log"), log),
    tracing: readTracing(field<Global>(global, "tracing"), log),
    requestId: { enabled: readFlag(requestId, CONFIG_DEFAULTS.global.request_id.enabled) },
  };
}

function readAccessLog(node: YamlNode | undefined, log: DiagnosticLog): Settings["accessLog"] {
  const defaults = CONFIG_DEFAULTS.global.access_log;
  const format = plainText(field<AccessLog>(node, "format")) ?? defaults.format;
  return {
    enabled: readFlag(field<AccessLog>(node, "enabled"), defaults.enabled),
    format: ACCESS_LOG_FORMATS.find((name) => name === format) ?? defaults.format,
    path: readPath(field<AccessLog>(node, "path"), log) ?? defaults.path,
    sampleMillionths: readRate(field<AccessLog>(node, "sample_rate"), defaults.sample_rate),
    query: readFlag(field<AccessLog>(node, "query"), defaults.query),
  };
}

function readTracing(node: YamlNode | undefined, log: DiagnosticLog): Settings["tracing"] {
  const defaults = CONFIG_DEFAULTS.global.tracing;
  return {
    endpoint: readEndpoint(field<Tracing>(node, "endpoint"), log) ?? defaults.endpoint,
    serviceName: readName(field<Tracing>(node, "service_name"), log) ?? defaults.service_name,
    sampleMillionths: readRate(field<Tracing>(node, "sample_rate"), defaults.sample_rate),
  };
}

/** A share as millionths; its range is the schema's, and the least that is not 0 is one of them. */
function readRate(node: YamlNode | undefined, fallback: number): number {
  const rate = node?.kind === "scalar" && typeof node.value === "number" ? node.value : fallback;
  if (rate > 0 && rate < 1e-6) return 1;
  return Math.round(Math.min(Math.max(rate, 0), 1) * 1e6);
}

/**
 * Limits: the `server.limits` block with every default filled in.
 */
import type { Limits } from "../../artifact/model.ts";
import { CONFIG_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Limits as LimitsBlock } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { readDuration } from "./duration.ts";
import { field } from "./field.ts";
import { parseSize, readSize, type SizeRange } from "./size.ts";

/**
 * Below, no browser's request would pass; above, a head with all that Balto adds to it would not fit
 * the data plane's output buffer.
 */
const HEAD: SizeRange = { least: "1KiB", most: "64KiB" };
const TARGET: SizeRange = { least: "64B", most: "64KiB" };

/** Reads the limits on what clients may ask. */
export function readLimits(node: YamlNode | undefined, log: DiagnosticLog): Limits {
  const defaults = CONFIG_DEFAULTS.server.limits;
  const size = (key: "head" | "target", range: SizeRange): number =>
    readSize(field<LimitsBlock>(node, key), range, log) ?? parseSize(defaults[key])!;
  const count = (key: keyof typeof defaults & keyof LimitsBlock, fallback: number): number =>
    readCount(field<LimitsBlock>(node, key), fallback);
  const headerTimeout = field<LimitsBlock>(node, "header_timeout");
  return {
    headBytesMax: size("head", HEAD),
    fieldsMax: count("fields", defaults.fields),
    targetBytesMax: size("target", TARGET),
    headerTimeoutMs: readDuration(headerTimeout, defaults.header_timeout, 1, log),
    connectionsMax: count("connections", defaults.connections),
    clientConnectionsMax: count("connections_per_client", defaults.connections_per_client),
    connectionRequestsMax: count("requests_per_connection", defaults.requests_per_connection),
    viaHopsMax: count("via_hops", defaults.via_hops),
  };
}

/** The number of a node, or the default where the key is left out; its range is the schema's. */
function readCount(node: YamlNode | undefined, fallback: number): number {
  return node?.kind === "scalar" && typeof node.value === "number" ? node.value : fallback;
}

/**
 * Settings: the `global` and `server` blocks with every default filled in.
 */
import { parseListenAddress } from "../../artifact/address.ts";
import { LOG_LEVELS, type LogLevel, type Settings } from "../../artifact/model.ts";
import { CONFIG_DEFAULTS } from "../../schema/defaults.gen.ts";
import type {
  Config,
  Cors,
  Drain,
  Global,
  GlobalTimeouts,
  Logging,
  Metrics,
  Server,
  Tls,
} from "../../schema/types.gen.ts";
import { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, type YamlNode } from "../parse/yaml-node.ts";
import { readDuration } from "./duration.ts";
import { field } from "./field.ts";
import { readLimits } from "./limits.ts";
import { readAdmin } from "./admin.ts";
import { readObservation } from "./observation.ts";
import { readNetworks } from "./networks.ts";
import { readOrigins } from "./origins.ts";
import { readPath } from "./path.ts";
import { readFlag } from "./scalar.ts";
import { readSet } from "./set.ts";
import { plainText, referringText, sampleOf } from "./text.ts";

/** Reads the settings of balto.config.yaml. */
export function readSettings(root: YamlNode | undefined, log: DiagnosticLog): Settings {
  const global = field<Config>(root, "global");
  const server = field<Config>(root, "server");
  const logging = field<Global>(global, "logging");
  const timeouts = field<Global>(global, "timeouts");
  const drain = field<Server>(server, "drain");
  const { global: defaults, server: serverDefaults } = CONFIG_DEFAULTS;
  const limit = (key: "read" | "write" | "idle"): number =>
    readDuration(field<GlobalTimeouts>(timeouts, key), defaults.timeouts[key], 1, log);
  const metrics = field<Metrics>(field<Global>(global, "metrics"), "enabled");
  return {
    listen: readListen(field<Server>(server, "port"), log),
    trustedProxies: readNetworks(field<Server>(server, "trusted_proxies"), log),
    readTimeoutMs: limit("read"),
    writeTimeoutMs: limit("write"),
    idleTimeoutMs: limit("idle"),
    drainDelayMs: readDuration(field<Drain>(drain, "delay"), serverDefaults.drain.delay, 0, log),
    drainTimeoutMs: readDuration(
      field<Drain>(drain, "timeout"),
      serverDefaults.drain.timeout,
      0,
      log,
    ),
    logLevels: readLevels(field<Logging>(logging, "level"), log),
    logPath: readPath(field<Logging>(logging, "path"), log) ?? defaults.logging.path,
    metricsEnabled: readFlag(metrics, defaults.metrics.enabled),
    limits: readLimits(field<Server>(server, "limits"), log),
    tls: readTls(field<Global>(global, "tls"), log),
    cors: readCors(field<Global>(global, "cors"), log),
    ...readObservation(global, log),
    admin: readAdmin(field<Config>(root, "admin"), log),
  };
}

/** Of a tree without balto.config.yaml. */
export const DEFAULT_SETTINGS: Settings = readSettings(undefined, new DiagnosticLog());

function readListen(node: YamlNode | undefined, log: DiagnosticLog): string {
  const fallback = CONFIG_DEFAULTS.server.port;
  if (node?.kind !== "scalar" || node.changed) return fallback;
  const number = typeof node.value === "number" ? `:${node.value}` : undefined;
  if (number !== undefined && !Number.isInteger(node.value)) return fallback;
  const read =
    number === undefined
      ? referringText(node, log)
      : { text: number, parts: [{ kind: "text" as const, text: number }] };
  if (read === undefined) return fallback;
  // A reference may stand for the port, the host or both: one that could be right is let through.
  const sample = sampleOf(read.parts, () => "1");
  const address = parseListenAddress(sample.replace(/^1:/, "a:"));
  if (typeof address === "string") {
    log.report("BAL3008", node, { reason: address });
    return fallback;
  }
  return /^[0-9]+$/.test(read.text) ? `:${read.text}` : read.text;
}

/** A list is the exact set; a word is that level and all more severe. */
function readLevels(node: YamlNode | undefined, log: DiagnosticLog): LogLevel[] {
  const word = LOG_LEVELS.findIndex((level) => level === plainText(node));
  if (word !== -1) return LOG_LEVELS.slice(word);
  if (node?.kind !== "list") return [...CONFIG_DEFAULTS.global.logging.level];
  const given = readSet(node, log, (_item, text) => text);
  return LOG_LEVELS.filter((level) => given.includes(level));
}

function readTls(node: YamlNode | undefined, log: DiagnosticLog): Settings["tls"] {
  const defaults = CONFIG_DEFAULTS.global.tls;
  const files = {
    cert_file: field<Tls>(node, "cert_file"),
    key_file: field<Tls>(node, "key_file"),
  };
  const tls = {
    enabled: readFlag(field<Tls>(node, "enabled"), defaults.enabled),
    certFile: readPath(files.cert_file, log) ?? defaults.cert_file,
    keyFile: readPath(files.key_file, log) ?? defaults.key_file,
  };
  const missing = Object.entries(files).flatMap(([key, file]) =>
    file === undefined || plainText(file) === "" ? [key] : [],
  );
  if (node !== undefined && tls.enabled && missing.length > 0) {
    log.report("BAL3014", field<Tls>(node, "enabled") ?? headOf(node), { keys: missing });
  }
  return tls;
}

function readCors(node: YamlNode | undefined, log: DiagnosticLog): Settings["cors"] {
  return {
    enabled: readFlag(field<Cors>(node, "enabled"), CONFIG_DEFAULTS.global.cors.enabled),
    allowedOrigins: readOrigins(field<Cors>(node, "allowed_origins"), log),
  };
}

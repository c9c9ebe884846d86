/**
 * Settings: the `global` and `server` blocks with every default filled in.
 */
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
import { readListen } from "./listen.ts";
import { readMessageRules } from "./message-rules.ts";
import { readNetworks } from "./networks.ts";
import { readObservation } from "./observation.ts";
import { readOrigins } from "./origins.ts";
import { readPath } from "./path.ts";
import { readAcceptance } from "./proxy-protocol.ts";
import { readFlag } from "./scalar.ts";
import { readSet } from "./set.ts";
import { plainText } from "./text.ts";

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
    listen: readListen(field<Server>(server, "port"), log) ?? serverDefaults.port,
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
    proxyProtocol: readAcceptance(field<Server>(server, "proxy_protocol"), log),
    tls: readTls(field<Global>(global, "tls"), log),
    cors: readCors(field<Global>(global, "cors"), log),
    ...readObservation(global, log),
    admin: readAdmin(field<Config>(root, "admin"), log),
    ...readMessageRules(server, log),
  };
}

/** Of a tree without balto.config.yaml. */
export const DEFAULT_SETTINGS: Settings = readSettings(undefined, new DiagnosticLog());

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

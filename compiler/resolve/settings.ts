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
import { headOf, itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { readDuration } from "./duration.ts";
import { field } from "./field.ts";
import { readLimits } from "./limits.ts";
import { parseNetwork } from "./network.ts";
import { readFlag } from "./scalar.ts";
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

function readNetworks(list: YamlNode | undefined, log: DiagnosticLog): string[] {
  return readSet(list, log, (item, text) => {
    const network = parseNetwork(text);
    if (typeof network === "string") return network;
    return log.report("BAL3007", item, { text, ...network });
  }).toSorted();
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

function readPath(node: YamlNode | undefined, log: DiagnosticLog): string | undefined {
  const read = referringText(node, log);
  if (node === undefined || read === undefined) return undefined;
  const { text } = read;
  // DER in base64 begins so; a path hardly does, and is never so long without a dot.
  if (/^MI[A-Za-z0-9+/=\s]{62,}$/.test(text)) {
    const hint = "write the path of the file that holds it; if it was a private key, change it now";
    log.report("BAL3011", node, { what: "key material", hint });
    return undefined;
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    log.report("BAL3015", node, { reason: "it holds a control character" });
    return undefined;
  }
  return text;
}

function readCors(node: YamlNode | undefined, log: DiagnosticLog): Settings["cors"] {
  const allowedOrigins = readSet(field<Cors>(node, "allowed_origins"), log, (item, text) => {
    const origin = text.toLowerCase();
    const reason = originFault(origin);
    if (reason === undefined) return origin;
    return log.report("BAL3013", item, { origin: text, reason });
  });
  return {
    enabled: readFlag(field<Cors>(node, "enabled"), CONFIG_DEFAULTS.global.cors.enabled),
    allowedOrigins: allowedOrigins.toSorted(),
  };
}

/** Origins are compared byte by byte with the field of a browser, so only its form can match. */
function originFault(origin: string): string | undefined {
  if (origin === "*") return undefined;
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/.exec(origin);
  if (match === null) return "has no scheme";
  if (match[2] !== "") return "has something after its host: an origin has no path";
  return URL.canParse(origin) && /^[a-z0-9.\-_[\]:]+$/.test(match[1]!)
    ? undefined
    : "has no valid host";
}

/** The texts of a list as `read` gives them, each once; a repeated one is reported. */
function readSet(
  list: YamlNode | undefined,
  log: DiagnosticLog,
  read: (item: YamlNode, text: string) => string | void,
): string[] {
  const values = new Set<string>();
  for (const item of itemsOf(list)) {
    const text = plainText(item);
    const value = text === undefined ? undefined : read(item, text);
    if (value === undefined) continue;
    if (values.has(value)) log.report("BAL2008", item, { value });
    values.add(value);
  }
  return [...values];
}

/**
 * What a Balance file says of the process: where it listens, TLS, logs, metrics, tracing, limits.
 */
import { parseListenAddress } from "../../artifact/address.ts";
import { type YamlNode, valueAt } from "../parse/yaml-node.ts";
import type { Balance, Part } from "./conversion.ts";
import { count, duration, isEnabled, size } from "./balance-values.ts";

/** Balto's largest and smallest head, and its default port. */
const HEAD_BYTES_MAX = 65_536;
const HEAD_BYTES_MIN = 1_024;
const HTTP_PORT = 5500;

/** Where Balance listens. */
export function listenOf({ root, taken }: Balance): string {
  const listen = taken.text(root, "listen") || ":8080";
  if (!listen.includes(":") || typeof parseListenAddress(listen) === "string") {
    taken.refuse(root, "listen", "host:port or :port");
  }
  return listen;
}

/** The file `balto.config.yaml`. In TCP mode the HTTP listener is left to its default. */
export function balanceProcess(balance: Balance, listen: string): Part {
  const { root, taken, mode } = balance;
  const isHttp = mode === "http";
  const timeouts = taken.map(root, "timeouts");
  const logging = taken.map(root, "logging");
  return {
    server: {
      port: isHttp ? listen : portBeside(listen),
      limits: isHttp ? limitsOf(balance) : undefined,
    },
    global: {
      tls: isHttp ? tlsOf(balance) : undefined,
      logging: { level: levelOf(balance, logging) },
      access_log: taken.flag(logging, "access_log") === true ? { enabled: true } : undefined,
      metrics: { enabled: taken.flag(taken.map(root, "metrics"), "enabled") },
      tracing: isHttp ? tracingOf(balance) : undefined,
      timeouts: isHttp
        ? {
            read: duration(balance, timeouts, "read", "30s"),
            write: duration(balance, timeouts, "write", "30s"),
            idle: duration(balance, timeouts, "idle", "1m"),
          }
        : undefined,
    },
  };
}

/** The HTTP listener goes out of the way of a stream on its port. */
function portBeside(listen: string): string | undefined {
  const address = parseListenAddress(listen);
  const isTaken = typeof address !== "string" && address.port === HTTP_PORT;
  return isTaken ? `:${HTTP_PORT + 1}` : undefined;
}

function limitsOf(balance: Balance): Part {
  const { root, taken } = balance;
  const security = taken.map(root, "security");
  const node = taken.map(security, "connection_protection");
  const head = count(balance, node, "max_header_size", undefined, HEAD_BYTES_MAX, HEAD_BYTES_MIN);
  return {
    head: head === undefined ? undefined : size(head),
    connections_per_client: count(balance, node, "max_connections_per_ip", undefined, 10_000_000),
    header_timeout: duration(balance, node, "read_timeout", undefined),
  };
}

function tlsOf(balance: Balance): Part | undefined {
  const { root, taken } = balance;
  const node = taken.map(root, "tls");
  if (!isEnabled(balance, node, "tls")) return undefined;
  const certificate = certificateOf(balance, node);
  const file = (key: "cert_file" | "key_file"): string | undefined => {
    const own = certificate === undefined ? undefined : taken.text(certificate, key);
    return own ?? taken.text(node, key);
  };
  return { enabled: true, cert_file: file("cert_file"), key_file: file("key_file") };
}

/** Balto has one certificate: the default one of the list, else the first. The others are left, and named. */
function certificateOf({ taken }: Balance, tls: YamlNode | undefined): YamlNode | undefined {
  const list = valueAt(tls, "certificates");
  if (list?.kind !== "list" || list.items.length === 0) return undefined;
  const isDefault = (item: YamlNode): boolean => {
    const flag = valueAt(item, "default");
    return flag?.kind === "scalar" && flag.value === true;
  };
  const chosen = list.items.find(isDefault) ?? list.items[0]!;
  taken.item(tls, "certificates", chosen);
  return chosen;
}

function levelOf({ taken }: Balance, logging: YamlNode | undefined): string | undefined {
  const level = taken.text(logging, "level")?.toLowerCase();
  if (level === undefined || level === "") return undefined;
  const known = level === "warning" ? "warn" : level === "fatal" ? "error" : level;
  if (!["debug", "info", "warn", "error"].includes(known)) {
    taken.refuse(logging, "level", "debug, info, warn, error or fatal");
  }
  return known;
}

function tracingOf(balance: Balance): Part | undefined {
  const { root, taken } = balance;
  const node = taken.map(root, "tracing");
  if (!isEnabled(balance, node, "tracing")) return undefined;
  return {
    endpoint: taken.text(node, "endpoint"),
    service_name: taken.text(node, "service_name"),
    sample_rate: count(balance, node, "sample_rate", undefined, 1, 0),
  };
}

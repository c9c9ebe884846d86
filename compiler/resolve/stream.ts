/**
 * One stream: from what is written to what it means. Whatever cannot be read is left out of the draft
 * after an error, as of a service.
 */
import {
  PROXY_SENDS,
  STREAM_PROTOCOLS,
  type StreamPolicy,
  type StreamProtocol,
} from "../../artifact/model.ts";
import { STREAM_DEFAULTS } from "../../schema/defaults.gen.ts";
import type {
  Stream,
  StreamProxyProtocol,
  StreamTimeouts,
  StreamTls,
} from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import { Block, type Given } from "./block.ts";
import { field } from "./field.ts";
import type { Globals } from "./globals.ts";
import { readListen } from "./listen.ts";
import { readName } from "./name.ts";
import { type PoolDraft, type PoolReference, readPoolBelow, readReference } from "./pool.ts";
import { poolBlockSpans } from "./pool-policy.ts";
import { readAcceptance } from "./proxy-protocol.ts";
import { durationKey, readFlag, readNumber, wordReader } from "./scalar.ts";
import { readSniRoutes, type SniRouteDraft } from "./sni.ts";
import { readNetworks } from "./networks.ts";

/** A stream as far as it could be read. After a run without errors only `target` may be undefined. */
export interface StreamDraft {
  at: Span;
  enabled: boolean;
  name: Given<string> | undefined;
  listen: Given<string> | undefined;
  protocol: StreamProtocol;
  /** Its own backends, or the name of a pool; undefined where the server name decides alone. */
  target: PoolDraft | PoolReference | undefined;
  sni: SniRouteDraft[];
  /** What no route takes is closed, though there may be a target. */
  closesOthers: boolean;
  policy: StreamPolicy;
  /** What is written here, for those who ask where. */
  keys: Partial<Record<StreamKey, Span>>;
}

/** Keys that not every stream has a use for. */
const KEYS = [
  "max_connections",
  "max_sessions",
  "proxy_protocol",
  "proxy_protocol.accept",
  "tls",
  "tls.default",
  "timeouts.client_hello",
] as const;
export type StreamKey = (typeof KEYS)[number];

const { timeouts: TIMES, proxy_protocol: PROXY, ...DEFAULTS } = STREAM_DEFAULTS;
/** Datagrams have no end to them: that a session is over is known by its silence only. */
const UDP_IDLE_MS = 30_000;

const TIMEOUTS = new Block<
  StreamTimeouts,
  Pick<StreamPolicy, "connectMs" | "idleMs" | "clientHelloMs">
>({
  connectMs: durationKey("connect", TIMES.connect, 1),
  idleMs: durationKey("idle", TIMES.idle, 1),
  clientHelloMs: durationKey("client_hello", TIMES.client_hello, 1),
});

/** Reads the mapping of a stream. */
export function readStream(node: YamlNode, globals: Globals, log: DiagnosticLog): StreamDraft {
  const protocolAt = field<Stream>(node, "protocol");
  const protocol = (protocolAt && wordReader(STREAM_PROTOCOLS)(protocolAt)) ?? DEFAULTS.protocol;
  const tls = field<Stream>(node, "tls");
  const target = readTarget(node, protocol, globals, log);
  return {
    at: headOf(node),
    enabled: readFlag(field<Stream>(node, "enabled"), DEFAULTS.enabled),
    name: given(field<Stream>(node, "name"), readName, log),
    listen: given(field<Stream>(node, "listen"), readListen, log),
    protocol,
    target,
    sni: readSniRoutes(tls, node, protocol, globals, log),
    closesOthers: readDefault(tls, target !== undefined, log),
    policy: readPolicy(node, protocol, log),
    keys: keysOf(node),
  };
}

/** Every place that the connections of a stream may go to. */
export function targetsOf({ target, sni }: StreamDraft): (PoolDraft | PoolReference)[] {
  return [...(target === undefined ? [] : [target]), ...sni.map((route) => route.target)];
}

function given<T>(
  at: YamlNode | undefined,
  read: (node: YamlNode | undefined, log: DiagnosticLog) => T | undefined,
  log: DiagnosticLog,
): Given<T> | undefined {
  const value = read(at, log);
  return at === undefined || value === undefined ? undefined : { value, at };
}

const TARGET_KEYS = ["ports", "backends", "pool"] as const satisfies readonly (keyof Stream)[];

function readTarget(
  node: YamlNode,
  protocol: StreamProtocol,
  globals: Globals,
  log: DiagnosticLog,
): StreamDraft["target"] {
  if (node.kind !== "map") return undefined;
  const keys = TARGET_KEYS.filter((key) => node.entries.has(key));
  const [first, second] = keys.map((key) => node.entries.get(key)!.key).toSorted(byPlace);
  if (first === undefined) {
    if (!node.entries.has("tls")) log.report("BAL2003", headOf(node), { keys: TARGET_KEYS });
    return undefined;
  }
  if (second !== undefined) {
    log.report("BAL2007", second, { keys }, [{ message: "the other is here", span: first }]);
  }
  const pool = field<Stream>(node, "pool");
  if (pool === undefined) return readPoolBelow(node, node, protocol, globals, log);
  // The blocks are those of backends that a route of `tls.sni` has for itself.
  const routes = field<StreamTls>(field<Stream>(node, "tls"), "sni");
  const surplus = hasOwnBackends(routes) ? [] : poolBlockSpans(node);
  return readReference(pool, surplus, log);
}

function byPlace(a: Span, b: Span): number {
  return a.start - b.start;
}

function hasOwnBackends(routes: YamlNode | undefined): boolean {
  return (
    routes?.kind === "list" &&
    routes.items.some((route) => route.kind === "map" && !route.entries.has("pool"))
  );
}

function readDefault(tls: YamlNode | undefined, hasTarget: boolean, log: DiagnosticLog): boolean {
  const node = field<StreamTls>(tls, "default");
  const word = node && wordReader(["close", "backends"])(node);
  if (node !== undefined && word === "backends" && !hasTarget) {
    log.report("BAL2003", node, { keys: TARGET_KEYS });
  }
  return word === "close";
}

function readPolicy(node: YamlNode, protocol: StreamProtocol, log: DiagnosticLog): StreamPolicy {
  const count = (key: "max_connections" | "connections_per_client" | "max_sessions"): number => {
    const at = field<Stream>(node, key);
    return (at && readNumber(at)) ?? DEFAULTS[key];
  };
  const timeouts = TIMEOUTS.read(field<Stream>(node, "timeouts"), log);
  const isSilent = protocol === "udp" && timeouts?.given.idleMs === undefined;
  const proxy = field<Stream>(node, "proxy_protocol");
  const send = field<StreamProxyProtocol>(proxy, "send");
  return {
    ...TIMEOUTS.complete(timeouts),
    ...(isSilent && { idleMs: UDP_IDLE_MS }),
    connectionsMax: count("max_connections"),
    clientConnectionsMax: count("connections_per_client"),
    sessionsMax: count("max_sessions"),
    proxyProtocol: {
      ...readAcceptance(proxy, log),
      send: (send && wordReader(PROXY_SENDS)(send)) ?? PROXY.send,
    },
    allow: readNetworks(field<Stream>(node, "allow"), log),
    deny: readNetworks(field<Stream>(node, "deny"), log),
  };
}

function keysOf(node: YamlNode): StreamDraft["keys"] {
  const keys: StreamDraft["keys"] = {};
  for (const path of KEYS) {
    const [first = "", second] = path.split(".");
    const entry = node.kind === "map" ? node.entries.get(first) : undefined;
    const below = entry?.value.kind === "map" ? entry.value.entries.get(second ?? "") : undefined;
    const found = second === undefined ? entry : below;
    if (found !== undefined) keys[path] = found.key;
  }
  return keys;
}

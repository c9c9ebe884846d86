/**
 * Decode: an artifact back into its model, for inspecting, comparing and testing. The data plane does
 * not use it.
 */
import { poolPolicyOf, servicePolicyOf } from "./decode-policy.ts";
import { NONE } from "./layout.ts";
import { streamsOf } from "./decode-stream.ts";
import {
  ACCESS_LOG_FORMATS,
  BACKSLASH_RULES,
  type Backend,
  LOG_LEVELS,
  type Model,
  type Origin,
  type Pool,
  type Predicate,
  PREDICATE_KINDS,
  PREDICATE_SUBJECTS,
  PRIORITY_MIN,
  UNDERSCORE_RULES,
} from "./model.ts";
import { RowReader, rowCount, textOf, type View } from "./view.ts";

export { poolPolicyOf, servicePolicyOf } from "./decode-policy.ts";
export { streamsOf } from "./decode-stream.ts";

/** The model that `encode` was given. */
export function decode(view: View): Model {
  const services = new RowReader(view, "services");
  const routes = new RowReader(view, "routes");
  const pools = new RowReader(view, "pools");
  const backends = new RowReader(view, "backends");
  const positions = new RowReader(view, "positions");
  const servicePolicy = cached((row) => servicePolicyOf(view, row));
  const poolPolicy = cached((row) => poolPolicyOf(view, row));
  const traits = cached((row) => traitsOf(view, row));
  const fileOf = cached((id) => textOf(view, id));
  const originOf = (file: number, position: number): Origin => ({
    file: fileOf(file),
    line: positions.number(position, "line"),
    column: positions.number(position, "column"),
  });
  const list = range(pools.count).map((row): Pool => {
    const { first, count } = pools.run(row, "backends");
    const file = pools.number(row, "file");
    return {
      key: pools.text(row, "key"),
      label: pools.text(row, "label"),
      policy: poolPolicy(pools.number(row, "policy")),
      backends: range(count, first).map((backend) => ({
        url: backends.text(backend, "url"),
        ...traits(backends.number(backend, "traits")),
        origin: originOf(file, backends.number(backend, "position")),
      })),
      table: pools.number(row, "table") === NONE ? [] : [...tableOf(view, row)],
      origin: originOf(file, pools.number(row, "position")),
    };
  });
  return {
    settings: settingsOf(view),
    pools: list,
    services: range(services.count).map((row) => ({
      name: services.text(row, "name"),
      domains: services.words(row, "domains"),
      pattern: routes.text(row, "pattern"),
      methods: methodNames(view, routes.number(row, "methods")),
      predicates: predicatesOf(view, row),
      priority: routes.number(row, "priority") + PRIORITY_MIN,
      ...servicePolicy(services.number(row, "policy")),
      pool: list[services.number(row, "pool")]!,
      origin: originOf(services.number(row, "file"), services.number(row, "position")),
    })),
    streams: streamsOf(view).map((stream) => ({
      ...stream,
      pool: stream.pool === undefined ? undefined : list[stream.pool],
      sni: stream.sni.map((route) => ({ ...route, pool: list[route.pool]! })),
    })),
  };
}

/** What a backend's row says; where it was written is its pool's to say. */
export function backendOf(view: View, row: number): Omit<Backend, "origin"> {
  const backends = new RowReader(view, "backends");
  const traits = traitsOf(view, backends.number(row, "traits"));
  return { url: backends.text(row, "url"), ...traits };
}

function traitsOf(view: View, row: number): Omit<Backend, "origin" | "url"> {
  const traits = new RowReader(view, "backendTraits");
  return {
    weight: traits.number(row, "weight"),
    name: traits.text(row, "name"),
    priority: traits.number(row, "priority"),
    connectionsMax: traits.number(row, "connectionsMax"),
  };
}

/** The table of a pool's row, over the artifact's own bytes; empty where it has none. See maglev.ts. */
export function tableOf(view: View, pool: number): Uint32Array {
  const table = new RowReader(view, "pools").number(pool, "table");
  if (table === NONE) return NO_TABLE;
  const { first, count } = new RowReader(view, "tables").run(table, "entries");
  return view.tableEntries.subarray(first, first + count);
}

const NO_TABLE = new Uint32Array(0);

/** Reads each row once: most of an artifact's rows lead to a few others. */
export function cached<T>(read: (row: number) => T): (row: number) => T {
  const known = new Map<number, T>();
  return (row) => {
    let value = known.get(row);
    if (value === undefined) known.set(row, (value = read(row)));
    return value;
  };
}

/** The settings alone: what the data plane reads when it loads. */
export function settingsOf(view: View): Model["settings"] {
  const row = new RowReader(view, "settings");
  const levels = row.number(0, "logLevels");
  return {
    listen: row.text(0, "listen"),
    trustedProxies: row.words(0, "trustedProxies"),
    readTimeoutMs: row.number(0, "readTimeoutMs"),
    writeTimeoutMs: row.number(0, "writeTimeoutMs"),
    idleTimeoutMs: row.number(0, "idleTimeoutMs"),
    drainDelayMs: row.number(0, "drainDelayMs"),
    drainTimeoutMs: row.number(0, "drainTimeoutMs"),
    logLevels: LOG_LEVELS.filter((_, bit) => (levels & (1 << bit)) !== 0),
    logPath: row.text(0, "logPath"),
    metricsEnabled: row.number(0, "metricsEnabled") === 1,
    limits: {
      headBytesMax: row.number(0, "headBytesMax"),
      fieldsMax: row.number(0, "fieldsMax"),
      targetBytesMax: row.number(0, "targetBytesMax"),
      headerTimeoutMs: row.number(0, "headerTimeoutMs"),
      connectionsMax: row.number(0, "connectionsMax"),
      clientConnectionsMax: row.number(0, "clientConnectionsMax"),
      connectionRequestsMax: row.number(0, "connectionRequestsMax"),
      viaHopsMax: row.number(0, "viaHopsMax"),
    },
    proxyProtocol: {
      accept: row.number(0, "proxyAccept") === 1,
      trusted: row.words(0, "proxyTrusted"),
      timeoutMs: row.number(0, "proxyTimeoutMs"),
    },
    tls: {
      enabled: row.number(0, "tlsEnabled") === 1,
      certFile: row.text(0, "tlsCertFile"),
      keyFile: row.text(0, "tlsKeyFile"),
    },
    cors: {
      enabled: row.number(0, "corsEnabled") === 1,
      allowedOrigins: row.words(0, "corsAllowedOrigins"),
    },
    accessLog: {
      enabled: row.number(0, "accessLogEnabled") === 1,
      format: ACCESS_LOG_FORMATS[row.number(0, "accessLogFormat")]!,
      path: row.text(0, "accessLogPath"),
      sampleMillionths: row.number(0, "accessLogSampleMillionths"),
      query: row.number(0, "accessLogQuery") === 1,
    },
    tracing: {
      endpoint: row.text(0, "tracingEndpoint"),
      serviceName: row.text(0, "tracingServiceName"),
      sampleMillionths: row.number(0, "tracingSampleMillionths"),
    },
    requestId: { enabled: row.number(0, "requestIdEnabled") === 1 },
    admin: {
      listen: row.text(0, "adminListen"),
      writerUrl: row.text(0, "adminWriterUrl"),
      allowedOrigins: row.words(0, "adminAllowedOrigins"),
      readers: row.words(0, "adminReaders"),
    },
    underscores: UNDERSCORE_RULES[row.number(0, "underscores")]!,
    encodedBackslash: BACKSLASH_RULES[row.number(0, "encodedBackslash")]!,
    strictPaths: row.number(0, "strictPaths") === 1,
    forwardTrailers: row.number(0, "forwardTrailers") === 1,
    via: row.text(0, "via"),
  };
}

/** The predicates of a row of `routes`. */
function predicatesOf(view: View, route: number): Predicate[] {
  const first = new RowReader(view, "routes").number(route, "predicates");
  const rows = new RowReader(view, "predicates");
  const predicates: Predicate[] = [];
  for (let row = first; row !== NONE; row = rows.number(row, "more") === 1 ? row + 1 : NONE) {
    predicates.push({
      subject: PREDICATE_SUBJECTS[rows.number(row, "subject")]!,
      name: rows.text(row, "name"),
      kind: PREDICATE_KINDS[rows.number(row, "kind")]!,
      value: rows.text(row, "value"),
    });
  }
  return predicates;
}

/** The names of the methods of a bit set, in the order of their bits. */
export function methodNames(view: View, bits: number): string[] {
  return range(rowCount(view, "methods"))
    .filter((bit) => (bits & (1 << bit)) !== 0)
    .map((bit) => textOf(view, view.methods[bit]!));
}

function range(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/**
 * Decode: an artifact back into its model, for inspecting, comparing and testing. The data plane does
 * not use it.
 */
import { type Algorithm, ALGORITHMS, LOG_LEVELS, type Model, type Origin } from "./model.ts";
import { RowReader, rowCount, textOf, type View } from "./view.ts";

/** The model that `encode` was given. */
export function decode(view: View): Model {
  const backends = new RowReader(view, "backends");
  const pools = new RowReader(view, "pools");
  const services = new RowReader(view, "services");
  const timeouts = new RowReader(view, "timeouts");
  const routes = new RowReader(view, "routes");

  const files = new Map<number, string>();
  const fileOf = (id: number): string => {
    const known = files.get(id);
    if (known !== undefined) return known;
    const file = textOf(view, id);
    files.set(id, file);
    return file;
  };
  const origin = (reader: RowReader<"services"> | RowReader<"backends">, row: number): Origin => ({
    file: fileOf(reader.number(row, "file")),
    line: reader.number(row, "line"),
    column: reader.number(row, "column"),
  });

  return {
    settings: settingsOf(view),
    pools: range(pools.count).map((row) => {
      const { first, count } = pools.run(row, "backends");
      return {
        key: pools.text(row, "key"),
        algorithm: ALGORITHMS[pools.number(row, "algorithm")] as Algorithm,
        backends: range(count, first).map((backend) => ({
          url: backends.text(backend, "url"),
          weight: backends.number(backend, "weight"),
          name: backends.text(backend, "name"),
          origin: origin(backends, backend),
        })),
      };
    }),
    services: range(routes.count).map((route) => {
      const row = routes.number(route, "service");
      const limits = services.number(row, "timeouts");
      return {
        name: services.text(row, "name"),
        domains: services.words(row, "domains"),
        pattern: routes.text(route, "pattern"),
        methods: methodNames(view, routes.number(route, "methods")),
        stripPrefix: services.number(row, "stripPrefix") === 1,
        preserveHost: services.number(row, "preserveHost") === 1,
        timeouts: {
          connectMs: timeouts.number(limits, "connectMs"),
          responseMs: timeouts.number(limits, "responseMs"),
          readMs: timeouts.number(limits, "readMs"),
          writeMs: timeouts.number(limits, "writeMs"),
        },
        bodyBytesMax: bodyBytesMax(services, row),
        pool: services.number(row, "pool"),
        origin: origin(services, row),
      };
    }),
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
  };
}

/** The largest body that a service takes, in bytes; 0 is no limit. */
export function bodyBytesMax(services: RowReader<"services">, row: number): number {
  const high = services.number(row, "bodyBytesMaxHigh");
  return high * 2 ** 32 + services.number(row, "bodyBytesMaxLow");
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

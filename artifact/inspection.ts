/**
 * An inspection: all that an artifact says as one plain JSON value. Keys are those of the
 * configuration where it has them.
 */
import { decode } from "./decode.ts";
import { type Domain, formatDomain } from "./domain.ts";
import { FORMAT_VERSION, SECTIONS } from "./layout.ts";
import { policyJson, retryJson } from "./inspection-policy.ts";
import type { Pool, ProxyAcceptance, Service, Settings, Stream } from "./model.ts";
import { routesByHost } from "./route-order.ts";
import { judgements, type TrustedKey } from "./signature.ts";
import { RowReader, rowCount, type View } from "./view.ts";

/** An artifact as a JSON value. */
export interface Inspection {
  format_version: number;
  digest: string;
  /** "" where none is stamped. */
  revision: string;
  /** `holds` is null where the key is none of those to check with. */
  signatures: { key_id: string; holds: boolean | null }[];
  /** Bytes of the whole file. */
  size: number;
  sections: { name: string; rows: number; bytes: number }[];
  settings: ReturnType<typeof settingsJson>;
  /** `services` are positions in the list below, in the order in which they are tried. */
  hosts: { domain: string; services: number[] }[];
  pools: ReturnType<typeof poolJson>[];
  services: ReturnType<typeof serviceJson>[];
  streams: ReturnType<typeof streamJson>[];
}

/** The JSON value of a view; `bytesTotal` is the size of its file, `keys` check its signatures. */
export function inspectJson(
  view: View,
  bytesTotal: number,
  keys: readonly TrustedKey[] = [],
): Inspection {
  const holds = judgements(view, keys);
  const { settings, pools, services, streams } = decode(view);
  return {
    format_version: FORMAT_VERSION,
    digest: view.digest,
    revision: view.revision,
    signatures: view.signatures.map(({ keyId }, index) => ({
      key_id: keyId,
      holds: holds[index] ?? null,
    })),
    size: bytesTotal,
    sections: SECTIONS.map((name) => ({
      name,
      rows:
        name === "strings" || name === "stringEnds" ? view.stringEnds.length : rowCount(view, name),
      bytes: view[name].byteLength,
    })),
    settings: settingsJson(settings),
    hosts: hostsJson(view),
    pools: pools.map(poolJson),
    services: services.map((service) => serviceJson(service)),
    streams: streams.map((stream) => streamJson(stream)),
  };
}

function settingsJson(settings: Settings) {
  return {
    listen: settings.listen,
    trusted_proxies: settings.trustedProxies,
    read_timeout_ms: settings.readTimeoutMs,
    write_timeout_ms: settings.writeTimeoutMs,
    idle_timeout_ms: settings.idleTimeoutMs,
    drain_delay_ms: settings.drainDelayMs,
    drain_timeout_ms: settings.drainTimeoutMs,
    log_levels: settings.logLevels,
    log_path: settings.logPath,
    metrics_enabled: settings.metricsEnabled,
    limits: {
      head_bytes: settings.limits.headBytesMax,
      fields: settings.limits.fieldsMax,
      target_bytes: settings.limits.targetBytesMax,
      header_timeout_ms: settings.limits.headerTimeoutMs,
      connections: settings.limits.connectionsMax,
      connections_per_client: settings.limits.clientConnectionsMax,
      requests_per_connection: settings.limits.connectionRequestsMax,
      via_hops: settings.limits.viaHopsMax,
    },
    proxy_protocol: acceptanceJson(settings.proxyProtocol),
    underscores: settings.underscores,
    encoded_backslash: settings.encodedBackslash,
    strict_paths: settings.strictPaths,
    forward_trailers: settings.forwardTrailers,
    via: settings.via,
    tls: {
      enabled: settings.tls.enabled,
      cert_file: settings.tls.certFile,
      key_file: settings.tls.keyFile,
    },
    cors: {
      enabled: settings.cors.enabled,
      allowed_origins: settings.cors.allowedOrigins,
    },
    access_log: {
      enabled: settings.accessLog.enabled,
      format: settings.accessLog.format,
      path: settings.accessLog.path,
      sample_rate: settings.accessLog.sampleMillionths / 1e6,
      query: settings.accessLog.query,
    },
    tracing: {
      endpoint: settings.tracing.endpoint,
      service_name: settings.tracing.serviceName,
      sample_rate: settings.tracing.sampleMillionths / 1e6,
    },
    request_id: { enabled: settings.requestId.enabled },
    admin: {
      listen: settings.admin.listen,
      readers: settings.admin.readers,
      allowed_origins: settings.admin.allowedOrigins,
      writer_url: settings.admin.writerUrl,
    },
  };
}

function hostsJson(view: View): Inspection["hosts"] {
  const hosts = new RowReader(view, "hosts");
  return routesByHost(view).map((services, row) => {
    const domain = { kind: hosts.number(row, "kind"), name: hosts.text(row, "name") } as Domain;
    return { domain: formatDomain(domain), services };
  });
}

function poolJson({ key, label, policy, backends, table, origin }: Pool) {
  return {
    key,
    label,
    ...policyJson(policy),
    table_entries: table.length,
    backends: backends.map(({ origin: place, connectionsMax, ...backend }) => ({
      ...backend,
      max_connections: connectionsMax,
      ...place,
    })),
    ...origin,
  };
}

/** `pool` is the pool's key; an empty list of methods is every method. */
function serviceJson(service: Service) {
  const { connectMs, responseMs, readMs, writeMs, requestMs, tunnelMs } = service.timeouts;
  return {
    name: service.name,
    domains: service.domains,
    path_prefix: service.pattern,
    methods: service.methods,
    match: service.predicates,
    priority: service.priority,
    strip_prefix: service.stripPrefix,
    preserve_host: service.preserveHost,
    timeouts: {
      connect_ms: connectMs,
      response_ms: responseMs,
      read_ms: readMs,
      write_ms: writeMs,
      request_ms: requestMs,
      tunnel_ms: tunnelMs,
    },
    retry: retryJson(service.retry),
    hedge_after_ms: service.hedgeAfterMs,
    max_body_bytes: service.bodyBytesMax,
    pool: service.pool.key,
    ...service.origin,
  };
}

/** `pool` and `sni[].pool` are keys of pools; a `pool` of null is that what no name takes is closed. */
function streamJson({ name, listen, protocol, pool, sni, policy, origin }: Stream) {
  return {
    name,
    listen,
    protocol,
    pool: pool === undefined ? null : pool.key,
    sni: sni.map((route) => ({ names: route.names, pool: route.pool.key })),
    timeouts: {
      connect_ms: policy.connectMs,
      idle_ms: policy.idleMs,
      client_hello_ms: policy.clientHelloMs,
    },
    max_connections: policy.connectionsMax,
    connections_per_client: policy.clientConnectionsMax,
    max_sessions: policy.sessionsMax,
    proxy_protocol: {
      ...acceptanceJson(policy.proxyProtocol),
      send: policy.proxyProtocol.send,
    },
    allow: policy.allow,
    deny: policy.deny,
    ...origin,
  };
}

function acceptanceJson({ accept, trusted, timeoutMs }: ProxyAcceptance) {
  return { accept, trusted, timeout_ms: timeoutMs };
}

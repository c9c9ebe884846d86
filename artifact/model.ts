/**
 * The model: what an artifact says, as plain objects.
 *
 * The compiler makes one and `encode` turns it into bytes; `decode` gives it back. The data plane
 * never builds it: it matches on the bytes through `View` and reads single rows.
 */

/** Where a thing was written. `file` is relative to the tree, `/`-separated; both numbers count from 1. */
export interface Origin {
  file: string;
  line: number;
  column: number;
}

/** Everything one artifact holds. The order of `services`, `pools` and `streams` is kept by `encode`. */
export interface Model {
  settings: Settings;
  pools: Pool[];
  services: readonly Service[];
  streams: Stream[];
}

/** Process-wide settings: the `global` and `server` blocks with every default filled in. */
export interface Settings {
  /** `host:port`, `:port` (all interfaces) or a text with `${env:NAME}` that becomes one. */
  listen: string;
  /** CIDRs whose forwarding fields are believed. */
  trustedProxies: string[];
  /** Client side: no byte received for so long while a request body is expected. */
  readTimeoutMs: number;
  /** Client side: no byte accepted by the client for so long while an answer is being sent. */
  writeTimeoutMs: number;
  /** Client side: a connection without a request. */
  idleTimeoutMs: number;
  /** After SIGTERM: how long to go on accepting before listeners close. */
  drainDelayMs: number;
  /** After the delay: how long exchanges may take to finish before they are cut. */
  drainTimeoutMs: number;
  /** The levels that are written, an exact set. */
  logLevels: LogLevel[];
  /** "" is stdout. */
  logPath: string;
  metricsEnabled: boolean;
  limits: Limits;
  /** The PROXY protocol of the HTTP listener. */
  proxyProtocol: ProxyAcceptance;
  tls: { enabled: boolean; certFile: string; keyFile: string };
  cors: { enabled: boolean; allowedOrigins: string[] };
  accessLog: AccessLogSettings;
  tracing: TracingSettings;
  requestId: { enabled: boolean };
  admin: AdminSettings;
  /** Field names that would be one of framing, routing or forwarding if "_" were "-". */
  underscores: UnderscoreRule;
  /** `%5C` in a path. */
  encodedBackslash: BackslashRule;
  /** Paths that a backend may read otherwise are refused; see `pathRules`. */
  strictPaths: boolean;
  /** Fields behind a chunked body are passed on. */
  forwardTrailers: boolean;
  /** Balto's own name in Via; "" is no Via. */
  via: string;
}

/** Sets of labels that each thread keeps metrics of. */
export const SERIES_MAX = 20_000;

/** The artifact stores an index into this list. */
export const UNDERSCORE_RULES = ["reject", "drop", "allow"] as const;
export type UnderscoreRule = (typeof UNDERSCORE_RULES)[number];

/** The artifact stores an index into this list. */
export const BACKSLASH_RULES = ["reject", "allow"] as const;
export type BackslashRule = (typeof BACKSLASH_RULES)[number];

/** A line for each request. */
export interface AccessLogSettings {
  enabled: boolean;
  format: AccessLogFormat;
  /** "" is stdout. */
  path: string;
  /** How many requests of a million get a line. */
  sampleMillionths: number;
  /** The query of the target is written, too. */
  query: boolean;
}

/** The artifact stores an index into this list. */
export const ACCESS_LOG_FORMATS = ["json", "combined"] as const;
export type AccessLogFormat = (typeof ACCESS_LOG_FORMATS)[number];

/** Where spans are sent. */
export interface TracingSettings {
  /** URL of a collector; "" sends nothing. */
  endpoint: string;
  serviceName: string;
  /** How many of a million traces that begin here are sent. */
  sampleMillionths: number;
}

/** Who may look inside, and where. */
export interface AdminSettings {
  /** `host:port` or `unix:/path`; "" is the address of the traffic. */
  listen: string;
  /** URL of the process that writes the tree, where it is elsewhere; "" is none. */
  writerUrl: string;
  /** Origins whose pages may read. */
  allowedOrigins: string[];
  /** CIDRs that may read without a token. */
  readers: string[];
}

/** What a client may ask for; where 0 is allowed it is "no limit". */
export interface Limits {
  /** Bytes of a request's head. */
  headBytesMax: number;
  /** Header fields of a request. */
  fieldsMax: number;
  /** Bytes of a request's target. */
  targetBytesMax: number;
  /** From a head's first byte to its last. */
  headerTimeoutMs: number;
  /** Client connections of the process; 0 is as many as it has descriptors for. */
  connectionsMax: number;
  /** Of these, from one client; 0 is no limit. */
  clientConnectionsMax: number;
  /** Requests on one connection; 0 is no limit. */
  connectionRequestsMax: number;
  /** How often a request's Via may name Balto; at least 1. */
  viaHopsMax: number;
}

/** In order of severity, least first; the artifact stores a set of them as bits in this order. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One routed service: which requests it takes, and the pool behind it. */
export interface Service extends ServicePolicy {
  name: string;
  /** Lower-case: `api.example.com`, `*.example.com` or `*`. At least one. */
  domains: string[];
  /** As written: `/users/:id`, `/static/*`; see `pattern.ts`. */
  pattern: string;
  /** Case-sensitive method tokens; empty means any. */
  methods: string[];
  /** All of them must hold. In the order of `comparePredicates`, each once. */
  predicates: Predicate[];
  /** −1000 to 1000. Of a host's routes those with the highest number are tried first. */
  priority: number;
  /** One of `Model.pools`. */
  pool: Pool;
  origin: Origin;
}

/** How the requests of a service are forwarded. Services that agree in all of it share one row. */
export interface ServicePolicy {
  stripPrefix: boolean;
  preserveHost: boolean;
  timeouts: Timeouts;
  /** Bytes of a request's body; 0 is no limit. */
  bodyBytesMax: number;
  retry: RetryPolicy;
  /** A second attempt beside one that has no answer after so long; 0 is none. */
  hedgeAfterMs: number;
}

/** What a predicate is about. The artifact stores an index into this list. */
export const PREDICATE_SUBJECTS = ["header", "query"] as const;
export type PredicateSubject = (typeof PREDICATE_SUBJECTS)[number];

/** From the narrowest to the widest. The artifact stores an index into this list. */
export const PREDICATE_KINDS = ["exact", "prefix", "regex", "present", "absent"] as const;
export type PredicateKind = (typeof PREDICATE_KINDS)[number];

/** A condition on one header field or one parameter of the query; see request-values.ts for its value. */
export interface Predicate {
  subject: PredicateSubject;
  /** A header field's name in lower case; a parameter's as it is after decoding. */
  name: string;
  kind: PredicateKind;
  /** What the value is, begins with, or is an expression for; "" for `present` and `absent`. */
  value: string;
}

export const PRIORITY_MIN = -1000;
export const PRIORITY_MAX = 1000;

/** Backend-side limits of one service. */
export interface Timeouts {
  /** Until the connection to the backend stands. */
  connectMs: number;
  /** From the request being sent to the first byte of the answer. */
  responseMs: number;
  /** No byte from the backend for so long inside an answer's body. */
  readMs: number;
  /** No byte accepted by the backend for so long inside a request. */
  writeMs: number;
  /** From the request's head to the answer's, all attempts and waits together; 0 is no limit. */
  requestMs: number;
  /** No byte in either direction for so long in an upgraded connection. */
  tunnelMs: number;
}

/** When a failed attempt is made again, beyond what is always safe. */
export interface RetryPolicy {
  /** Further attempts after the first; 0 is only what is always safe. */
  attempts: number;
  on: { connectFailure: boolean; reset: boolean; timeout: boolean; statuses: StatusRange[] };
  /** Methods that are not idempotent are repeated too. */
  unsafe: boolean;
  backoff: {
    initialMs: number;
    maxMs: number;
    /** 200 doubles the wait with each attempt. */
    multiplierPercent: number;
    /** The part of a wait that is left to chance. */
    jitterPercent: number;
  };
  /** Retries in proportion to the requests of the pool. */
  budgetPercent: number;
  /** For one attempt until its answer's head; 0 is no limit of its own. */
  perTryTimeoutMs: number;
  /** Request bodies up to this are kept to be sent again. */
  bufferBytes: number;
}

/** Statuses from `first` to `last`, both included. */
export interface StatusRange {
  first: number;
  last: number;
}

/** One address where connections or datagrams are taken without a look at what is in them. */
export interface Stream<P = Pool> {
  name: string;
  /** `host:port`, `:port` or a text with references. */
  listen: string;
  protocol: StreamProtocol;
  /** One of `Model.pools`; undefined is that connections no SNI route takes are closed. */
  pool: P | undefined;
  /** Empty is that the ClientHello is not read. */
  sni: SniRoute<P>[];
  policy: StreamPolicy;
  origin: Origin;
}

/** In the order of their numbers in the artifact. */
export const STREAM_PROTOCOLS = ["tcp", "udp"] as const;
export type StreamProtocol = (typeof STREAM_PROTOCOLS)[number];

/** Where TLS connections go by the server name that their client asks for. */
export interface SniRoute<P = Pool> {
  /** Lower-case: `a.example.com` or `*.example.com`. At least one. */
  names: string[];
  /** One of `Model.pools`. */
  pool: P;
}

/** How the connections of a stream are treated. Streams that agree in all of it share one row. */
export interface StreamPolicy {
  /** Until the connection to a backend stands. */
  connectMs: number;
  /** No byte, or datagram, in either direction for so long. */
  idleMs: number;
  /** From accepting a connection to the last byte of its ClientHello. */
  clientHelloMs: number;
  /** Connections open at a time; 0 is no limit. */
  connectionsMax: number;
  /** Of these, from one client; 0 is no limit. */
  clientConnectionsMax: number;
  /** Of UDP: clients that are remembered at a time. */
  sessionsMax: number;
  proxyProtocol: ProxyAcceptance & { send: ProxySend };
  /** CIDRs; where there is one, all other clients are closed. */
  allow: string[];
  /** CIDRs; these are closed, whatever `allow` says. */
  deny: string[];
}

/** Whether connections begin with a header of the PROXY protocol that says where they come from. */
export interface ProxyAcceptance {
  accept: boolean;
  /** CIDRs of those who may send one; from all others it is not read. */
  trusted: string[];
  /** From accepting a connection to the last byte of its header. */
  timeoutMs: number;
}

/** The version of the PROXY protocol that backends are sent, in the order of their numbers in the artifact. */
export const PROXY_SENDS = ["off", "v1", "v2"] as const;
export type ProxySend = (typeof PROXY_SENDS)[number];

/** The artifact stores an index into this list, so new names go to its end. */
export const ALGORITHMS = [
  "round-robin",
  "least-connections",
  "weighted-rr",
  "weighted-least-connections",
  "random",
  "p2c",
  "ewma",
  "consistent-hash",
  "ip-hash",
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What a hash is made of; the artifact stores an index into this list. */
export const HASH_SOURCES = ["source-ip", "header", "cookie", "path", "query"] as const;
export type HashSource = (typeof HASH_SOURCES)[number];

/** The backends behind one or more services, or behind streams of one protocol. */
export interface Pool {
  /** Identity across reloads: the same key is the same pool. */
  key: string;
  /** What stands before a backend's URL in logs and metrics: the pool's name, or the first domain of the service it belongs to. */
  label: string;
  policy: PoolPolicy;
  /** In the order in which they were written, all in the file of the pool's `origin`. */
  backends: Backend[];
  /** Maglev table of positions in `backends`; empty unless the algorithm is consistent-hash or ip-hash. See maglev.ts. */
  table: number[];
  origin: Origin;
}

export interface Backend {
  /**
   * `http://host:port/path`, of streams `tcp://host:port` or `udp://host:port`, or a text with references that becomes one when the data plane loads
   * it (see reference.ts): a bare port 8080 is `http://${env:BALTO_UPSTREAM_HOST:-localhost}:8080`.
   */
  url: string;
  /** 1–1,000,000. */
  weight: number;
  /** "" when none was given. */
  name: string;
  /** 0 is first; higher ones are used where lower ones have no usable backend. */
  priority: number;
  /** Requests in flight, of all workers together; 0 is no limit. */
  connectionsMax: number;
  origin: Origin;
}

/** How a pool picks, checks and protects its backends. Pools that agree in all of it share one row. */
export interface PoolPolicy {
  algorithm: Algorithm;
  /** What consistent-hash and ip-hash go by. `name` is that of the header, cookie or query parameter, else "". */
  hash: { by: HashSource; name: string };
  /** How far above its share of requests in flight a backend may go under consistent-hash: 125 is 1.25 times; 0 is no bound. */
  boundedLoadPercent: number;
  sticky: StickyPolicy | undefined;
  /** For how long a new or returned backend's share grows; 0 is not at all. */
  slowStartMs: number;
  /** Where fewer of the backends are usable, health is ignored; 0 is never. */
  panicPercent: number;
  /** Undefined is no active probes. */
  health: HealthPolicy | undefined;
  /** Undefined is no passive ejection. */
  passive: PassivePolicy | undefined;
  breaker: BreakerPolicy | undefined;
  /** Requests that wait where every backend is at its `connectionsMax`; 0 waiters is no waiting. */
  queue: { waitersMax: number; timeoutMs: number };
  dns: { refreshMs: number; family: AddressFamily };
}

/** In the order of their numbers in the artifact. */
export const ADDRESS_FAMILIES = ["auto", "ipv4", "ipv6"] as const;
export type AddressFamily = (typeof ADDRESS_FAMILIES)[number];

/** In the order of their numbers in the artifact. `auto` is secure where the client came over TLS. */
export const COOKIE_SECURE = ["auto", "true", "false"] as const;
/** In the order of their numbers in the artifact. */
export const SAME_SITES = ["lax", "strict", "none"] as const;

/** Clients are brought back to their backend by a signed cookie. */
export interface StickyPolicy {
  cookie: string;
  /** A text with a reference: the key itself is never in an artifact. */
  secret: string;
  /** 0 is until the browser closes. */
  ttlMs: number;
  path: string;
  secure: (typeof COOKIE_SECURE)[number];
  sameSite: (typeof SAME_SITES)[number];
}

/** In the order of their numbers in the artifact. */
export const PROBE_TYPES = ["http", "https", "tcp"] as const;

/** Active probes of a pool's backends. */
export interface HealthPolicy {
  type: (typeof PROBE_TYPES)[number];
  path: string;
  method: string;
  headers: { name: string; value: string }[];
  /** "" is the backend's own. */
  host: string;
  /** 0 is the backend's own. */
  port: number;
  expectedStatus: StatusRange[];
  /** A text that must stand in the first 64 KiB of the answer; "" is any. */
  expectedBody: string;
  intervalMs: number;
  /** Up to so much is added to each interval. */
  jitterMs: number;
  timeoutMs: number;
  /** Failed probes in a row until a backend is down, good ones until it is up. */
  unhealthyThreshold: number;
  healthyThreshold: number;
  initiallyUp: boolean;
}

/** When traffic itself takes a backend out for a while. */
export interface PassivePolicy {
  /** Failures in a row; 0 is not by these. */
  consecutiveFailures: number;
  /** Failures within the window in proportion to its requests; 0 is not by these. */
  failureRatePercent: number;
  /** Requests within the window below which the rate says nothing. */
  requestsMin: number;
  windowMs: number;
  /** Of the first ejection; it grows with each one up to the most. */
  ejectionMs: number;
  ejectionMaxMs: number;
  /** Of the pool's backends. */
  ejectedPercentMax: number;
  /** Answers that are failures. */
  statuses: StatusRange[];
}

/** The circuit breaker of each backend of a pool. */
export interface BreakerPolicy {
  /** Failures in a row that open it. */
  failureThreshold: number;
  /** Successes while half-open that close it. */
  successThreshold: number;
  /** How long it is open before it lets requests try. */
  timeoutMs: number;
  /** Requests in flight while half-open, of all workers together. */
  halfOpenRequestsMax: number;
  /** Answers that are failures. */
  statuses: StatusRange[];
}

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

/** Everything one artifact holds. The order of `services` and `pools` is kept by `encode`. */
export interface Model {
  settings: Settings;
  pools: Pool[];
  services: Service[];
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
  tls: { enabled: boolean; certFile: string; keyFile: string };
  cors: { enabled: boolean; allowedOrigins: string[] };
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
}

/** In order of severity, least first; the artifact stores a set of them as bits in this order. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One routed service: a host set, a path pattern, a method set, and the pool behind them. */
export interface Service {
  name: string;
  /** Lower-case: `api.example.com`, `*.example.com` or `*`. At least one. */
  domains: string[];
  /** As written: `/users/:id`, `/static/*`; see `pattern.ts`. */
  pattern: string;
  /** Case-sensitive method tokens; empty means any. */
  methods: string[];
  stripPrefix: boolean;
  preserveHost: boolean;
  timeouts: Timeouts;
  /** Bytes of a request's body; 0 is no limit. */
  bodyBytesMax: number;
  /** Index into `Model.pools`. */
  pool: number;
  origin: Origin;
}

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
}

/** The artifact stores an index into this list, so new names go to its end. */
export const ALGORITHMS = ["round-robin", "least-connections", "weighted-rr"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface Pool {
  /** Identity across reloads: the same key is the same pool. */
  key: string;
  algorithm: Algorithm;
  backends: Backend[];
}

export interface Backend {
  /**
   * `http://host:port/path`, or a text with references that becomes one when the data plane loads
   * it (see reference.ts): a bare port 8080 is `http://${env:BALTO_UPSTREAM_HOST:-localhost}:8080`.
   */
  url: string;
  /** 1–1,000,000. */
  weight: number;
  /** "" when none was given. */
  name: string;
  origin: Origin;
}

/**
 * The layout: every section and every field of an artifact, declared once.
 *
 * `encode`, `verify`, `view`, `decode` and FORMAT.md all follow this table. A field is one u32
 * (a run is two: first row, count), little-endian. Change it and raise FORMAT_VERSION.
 */

import { PRIORITY_MAX, PRIORITY_MIN } from "./model.ts";

export const MAGIC = "BALTOART";
export const FORMAT_VERSION = 3;
/** magic, version, section count, content bytes, reserved, SHA-256. */
export const HEADER_BYTES = 64;
export const DIGEST_OFFSET = 32;
export const DIGEST_BYTES = 32;
/** offset, byte length, row bytes, reserved. */
export const SECTION_ENTRY_BYTES = 16;
/** More sections are refused before the table is read. */
export const SECTIONS_MAX = 1024;
/** magic, byte length, entry count, reserved. */
export const TRAILER_HEADER_BYTES = 16;
export const TRAILER_MAGIC = "BTRL";
/** kind, byte length of what follows. */
export const TRAILER_ENTRY_HEADER_BYTES = 8;
export const TRAILER_ENTRY_REVISION = 1;
export const TRAILER_ENTRY_SIGNATURE = 2;
/** The first bytes of the SHA-256 of a public key. */
export const KEY_ID_BYTES = 8;
/** Of Ed25519. */
export const SIGNATURE_BYTES = 64;
/** Old and new keys of a rotation; more are a mistake. */
export const SIGNATURES_MAX = 16;
/** Revisions are commit ids and tags. */
export const REVISION_BYTES_MAX = 256;
/** A larger file is refused before it is read. 1 GiB holds some ten million routes. */
export const ARTIFACT_BYTES_MAX = 1 << 30;
/** Stands for "no row" and "no string". */
export const NONE = 0xffffffff;
/** An automaton of a regular expression has no more. */
export const AUTOMATON_STATES_MAX = 256;
/** Rows of `byteClasses` that each automaton has: four bytes a row. */
export const BYTE_CLASS_ROWS = 64;
/** The matcher keeps methods as bits of one u32. */
export const METHODS_MAX = 32;

/** What one field may hold; `encode` and `verify` check it for every row. */
export type Field =
  | { kind: "number"; min: number; max: number }
  | { kind: "text" }
  | { kind: "methods" }
  | { kind: "row"; of: RowSection; optional: boolean }
  | { kind: "run"; of: RowSection };

const MS_MAX = 0x7fffffff;
const number = (max: number, min = 0) => ({ kind: "number", min, max }) as const;
const row = (of: RowSection) => ({ kind: "row", of, optional: false }) as const;
const maybe = (of: RowSection) => ({ kind: "row", of, optional: true }) as const;
const run = (of: RowSection) => ({ kind: "run", of }) as const;
/** The first row of a list of words, which goes on while `more` is set; none is the empty list. */
const list = maybe("words");
/** A set of methods as bits, bit n for row n of `methods`; none set is every method. */
const methods = { kind: "methods" } as const;
const bool = number(1);
const ms = number(MS_MAX);
const positiveMs = number(MS_MAX, 1);
const u32 = number(NONE);
const text = { kind: "text" } as const;
/** A share that is between 0 and 1, or a factor, in hundredths. */
const percent = number(100);
const factor = number(10_000);
const threshold = number(100_000, 1);
/** Deadlines in the shared memory of the workers have a day of room. */
const dayMs = number(86_400_000, 1);
const statuses = maybe("statusRanges");
/** Where a thing was written: trees repeat lines and columns far more than files. */
const origin = { file: text, position: row("positions") };

/** The sections made of rows, in file order, after `strings` and `stringEnds`. */
export type RowSection =
  | "settings"
  | "words"
  | "methods"
  | "hosts"
  | "levels"
  | "hostSlots"
  | "nodes"
  | "edgeSlots"
  | "candidates"
  | "routes"
  | "predicates"
  | "automata"
  | "byteClasses"
  | "steps"
  | "services"
  | "servicePolicies"
  | "retryPolicies"
  | "pools"
  | "poolPolicies"
  | "stickyPolicies"
  | "healthPolicies"
  | "passivePolicies"
  | "breakerPolicies"
  | "statusRanges"
  | "probeFields"
  | "tables"
  | "tableEntries"
  | "backends"
  | "backendTraits"
  | "positions"
  | "streams"
  | "streamRoutes"
  | "streamPolicies";

/** Row sections as u32 arrays. */
export type Tables = Record<RowSection, Uint32Array>;

/** Section number in the file is the position in this list. */
export const SECTIONS = [
  "strings",
  "stringEnds",
  "settings",
  "words",
  "methods",
  "hosts",
  "levels",
  "hostSlots",
  "nodes",
  "edgeSlots",
  "candidates",
  "routes",
  "predicates",
  "automata",
  "byteClasses",
  "steps",
  "services",
  "servicePolicies",
  "retryPolicies",
  "pools",
  "poolPolicies",
  "stickyPolicies",
  "healthPolicies",
  "passivePolicies",
  "breakerPolicies",
  "statusRanges",
  "probeFields",
  "tables",
  "tableEntries",
  "backends",
  "backendTraits",
  "positions",
  "streams",
  "streamRoutes",
  "streamPolicies",
] as const;

/** A host's kind; the matcher tries them in this order. */
export const HOST_EXACT = 0;
export const HOST_WILDCARD = 1;
export const HOST_ANY = 2;

/** Bits of a node's `children`. */
export const HAS_LITERALS = 1;
export const HAS_PARAMETER = 2;

export const ROWS = {
  /** Exactly one row. */
  settings: {
    listen: text,
    trustedProxies: list,
    readTimeoutMs: ms,
    writeTimeoutMs: ms,
    idleTimeoutMs: ms,
    drainDelayMs: ms,
    drainTimeoutMs: ms,
    logLevels: number(15),
    logPath: text,
    metricsEnabled: bool,
    headBytesMax: number(65_536, 1),
    fieldsMax: number(1_000, 1),
    targetBytesMax: number(65_536, 1),
    headerTimeoutMs: ms,
    connectionsMax: number(10_000_000),
    clientConnectionsMax: number(10_000_000),
    connectionRequestsMax: number(1_000_000_000),
    proxyAccept: bool,
    proxyTrusted: list,
    proxyTimeoutMs: positiveMs,
    tlsEnabled: bool,
    tlsCertFile: text,
    tlsKeyFile: text,
    corsEnabled: bool,
    corsAllowedOrigins: list,
    anyHost: maybe("hosts"),
    wildcardHosts: u32,
    accessLogEnabled: bool,
    accessLogFormat: number(1),
    accessLogPath: text,
    accessLogSampleMillionths: number(1_000_000),
    accessLogQuery: bool,
    tracingEndpoint: text,
    tracingServiceName: text,
    tracingSampleMillionths: number(1_000_000),
    requestIdEnabled: bool,
    adminListen: text,
    adminWriterUrl: text,
    adminAllowedOrigins: list,
    adminReaders: list,
    underscores: number(2),
    encodedBackslash: number(1),
    strictPaths: bool,
    forwardTrailers: bool,
    via: text,
    viaHopsMax: number(100, 1),
  },
  /** Lists of texts, each list once; `more` says that the next row belongs to the list too. */
  words: { text, more: bool },
  /** Row n is the method of bit n. */
  methods: { name: text },
  /** `name` without the `*.` of a wildcard; `root` is the trie of its highest priority. */
  hosts: { name: text, kind: number(2), root: row("nodes"), lower: maybe("levels") },
  /** A host's tries of lower priorities, in the order in which they are tried; `more` as in words. */
  levels: { root: row("nodes"), more: bool },
  /** Open addressing, linear probing, power of two; see hash.ts for the key. */
  hostSlots: { host: maybe("hosts") },
  /** One trie a host and priority; a child's row is greater than its parent's. A parameter's label is "". */
  nodes: {
    parent: maybe("nodes"),
    label: text,
    /** HAS_LITERALS and HAS_PARAMETER; the parameter is the next row. */
    children: number(3),
    exact: maybe("candidates"),
    rest: maybe("candidates"),
  },
  /** From (parent, label) to child; open addressing as hostSlots. */
  edgeSlots: { node: maybe("nodes") },
  /** Routes of one terminal, the most specific first (route-specificity.ts); `more` as in words. */
  candidates: { route: row("routes"), more: bool },
  /** Row n is the route of row n of services. */
  routes: {
    pattern: text,
    methods,
    predicates: maybe("predicates"),
    parameters: list,
    /** PRIORITY_MIN is 0. */
    priority: number(PRIORITY_MAX - PRIORITY_MIN),
  },
  /** `kind` and `subject` are positions in the lists of model.ts; `more` as in words. */
  predicates: {
    subject: number(1),
    kind: number(4),
    name: text,
    value: text,
    automaton: maybe("automata"),
    more: bool,
  },
  /** See regex/automaton.ts. `accepting` may be one more than the last state. */
  automata: {
    states: number(AUTOMATON_STATES_MAX, 1),
    classes: number(256, 1),
    start: u32,
    accepting: u32,
    classOf: run("byteClasses"),
    steps: run("steps"),
  },
  /** The classes of four bytes, the first one's in the lowest byte. */
  byteClasses: { four: u32 },
  steps: { state: u32 },
  services: {
    name: text,
    domains: list,
    pool: row("pools"),
    policy: row("servicePolicies"),
    ...origin,
  },
  servicePolicies: {
    stripPrefix: bool,
    preserveHost: bool,
    connectMs: ms,
    responseMs: ms,
    readMs: ms,
    writeMs: ms,
    requestMs: ms,
    tunnelMs: ms,
    /** Of 53 bits, as every whole number is. */
    bodyBytesMaxHigh: number(0x1fffff),
    bodyBytesMaxLow: u32,
    retry: row("retryPolicies"),
    hedgeAfterMs: ms,
  },
  retryPolicies: {
    attempts: number(10),
    onConnectFailure: bool,
    onReset: bool,
    onTimeout: bool,
    onStatuses: statuses,
    unsafe: bool,
    backoffInitialMs: ms,
    backoffMaxMs: ms,
    backoffMultiplierPercent: number(10_000, 100),
    backoffJitterPercent: percent,
    budgetPercent: number(1_000),
    perTryTimeoutMs: ms,
    bufferBytes: number(1 << 24),
  },
  pools: {
    key: text,
    label: text,
    policy: row("poolPolicies"),
    backends: run("backends"),
    table: maybe("tables"),
    ...origin,
  },
  poolPolicies: {
    algorithm: number(8),
    hashBy: number(4),
    hashName: text,
    boundedLoadPercent: factor,
    sticky: maybe("stickyPolicies"),
    slowStartMs: ms,
    panicPercent: percent,
    health: maybe("healthPolicies"),
    passive: maybe("passivePolicies"),
    breaker: maybe("breakerPolicies"),
    waitersMax: number(1_000_000),
    queueTimeoutMs: ms,
    dnsRefreshMs: positiveMs,
    dnsFamily: number(2),
  },
  stickyPolicies: {
    cookie: text,
    secret: text,
    ttlMs: ms,
    path: text,
    secure: number(2),
    sameSite: number(2),
  },
  healthPolicies: {
    type: number(2),
    path: text,
    method: text,
    headers: maybe("probeFields"),
    host: text,
    port: number(65_535),
    expectedStatus: statuses,
    expectedBody: text,
    intervalMs: positiveMs,
    jitterMs: ms,
    timeoutMs: positiveMs,
    unhealthyThreshold: threshold,
    healthyThreshold: threshold,
    initiallyUp: bool,
  },
  passivePolicies: {
    consecutiveFailures: number(100_000),
    failureRatePercent: percent,
    requestsMin: threshold,
    windowMs: dayMs,
    ejectionMs: dayMs,
    ejectionMaxMs: dayMs,
    ejectedPercentMax: percent,
    statuses,
  },
  breakerPolicies: {
    failureThreshold: threshold,
    successThreshold: threshold,
    timeoutMs: dayMs,
    halfOpenRequestsMax: number(64, 1),
    statuses,
  },
  /** Lists as in words, each once. */
  statusRanges: { first: number(599, 100), last: number(599, 100), more: bool },
  probeFields: { name: text, value: text, more: bool },
  /** One for each pool that has a table, in the order of the pools. */
  tables: { entries: run("tableEntries") },
  /** A position among the pool's backends. */
  tableEntries: { backend: u32 },
  backends: { url: text, traits: row("backendTraits"), position: row("positions") },
  backendTraits: {
    name: text,
    weight: number(1_000_000, 1),
    priority: number(255),
    connectionsMax: number(1_000_000),
  },
  positions: { line: u32, column: u32 },
  streams: {
    name: text,
    listen: text,
    protocol: number(1),
    pool: maybe("pools"),
    sni: maybe("streamRoutes"),
    policy: row("streamPolicies"),
    ...origin,
  },
  /** Lists as in words. */
  streamRoutes: { names: row("words"), pool: row("pools"), more: bool },
  streamPolicies: {
    connectMs: positiveMs,
    idleMs: positiveMs,
    clientHelloMs: positiveMs,
    connectionsMax: number(10_000_000),
    clientConnectionsMax: number(10_000_000),
    sessionsMax: number(10_000_000, 1),
    proxyAccept: bool,
    proxyTrusted: list,
    proxyTimeoutMs: positiveMs,
    proxySend: number(2),
    allow: list,
    deny: list,
  },
} as const satisfies Record<RowSection, Record<string, Field>>;

/** Field name → position in the row, in u32s. A run's count stands one after its first. */
export type Offsets<S extends RowSection> = Record<keyof (typeof ROWS)[S], number>;

/** A field and its position in the row, in u32s. */
interface PlacedField {
  name: string;
  field: Field;
  at: number;
}

const SHAPES = new Map(Object.entries(ROWS).map(([section, row]) => [section, shapeOf(row)]));

function shapeOf(row: Record<string, Field>): { fields: PlacedField[]; stride: number } {
  const fields: PlacedField[] = [];
  let stride = 0;
  for (const [name, field] of Object.entries(row)) {
    fields.push({ name, field, at: stride });
    stride += field.kind === "run" ? 2 : 1;
  }
  return { fields, stride };
}

/** Fields of a section in file order with their positions. */
export function fieldsOf(section: RowSection): readonly PlacedField[] {
  return SHAPES.get(section)!.fields;
}

/** u32s in a row of `section`. */
export function strideOf(section: RowSection): number {
  return SHAPES.get(section)!.stride;
}

/** The positions of a section's fields. */
export function offsetsOf<S extends RowSection>(section: S): Offsets<S> {
  return Object.fromEntries(fieldsOf(section).map(({ name, at }) => [name, at])) as Offsets<S>;
}

/**
 * The layout: every section and every field of an artifact, declared once.
 *
 * `encode`, `verify`, `view`, `decode` and FORMAT.md all follow this table. A field is one u32
 * (a run is two: first row, count), little-endian. Change it and raise FORMAT_VERSION.
 */

export const MAGIC = "BALTOART";
export const FORMAT_VERSION = 1;
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
/** kind, byte length of the text that follows. */
export const TRAILER_ENTRY_HEADER_BYTES = 8;
export const TRAILER_ENTRY_REVISION = 1;
/** Revisions are commit ids and tags. */
export const REVISION_BYTES_MAX = 256;
/** A larger file is refused before it is read. 1 GiB holds some ten million routes. */
export const ARTIFACT_BYTES_MAX = 1 << 30;
/** Stands for "no row" and "no string". */
export const NONE = 0xffffffff;
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
const u32 = number(NONE);
const text = { kind: "text" } as const;
const origin = { file: text, line: u32, column: u32 };

/** The sections made of rows, in file order, after `strings` and `stringEnds`. */
export type RowSection =
  | "settings"
  | "words"
  | "methods"
  | "hosts"
  | "hostSlots"
  | "nodes"
  | "edgeSlots"
  | "candidates"
  | "routes"
  | "services"
  | "timeouts"
  | "pools"
  | "backends";

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
  "hostSlots",
  "nodes",
  "edgeSlots",
  "candidates",
  "routes",
  "services",
  "timeouts",
  "pools",
  "backends",
] as const;

/** A host's kind; the matcher tries them in this order. */
export const HOST_EXACT = 0;
export const HOST_WILDCARD = 1;
export const HOST_ANY = 2;

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
    tlsEnabled: bool,
    tlsCertFile: text,
    tlsKeyFile: text,
    corsEnabled: bool,
    corsAllowedOrigins: list,
    anyHost: maybe("hosts"),
    wildcardHosts: u32,
  },
  /** Lists of texts, each list once; `more` says that the next row belongs to the list too. */
  words: { text, more: bool },
  /** Row n is the method of bit n. */
  methods: { name: text },
  /** `name` without the `*.` of a wildcard. */
  hosts: { name: text, kind: number(2), root: row("nodes") },
  /** Open addressing, linear probing, power of two; see hash.ts for the key. */
  hostSlots: { host: maybe("hosts") },
  /** One trie a host; a child's row is greater than its parent's. A parameter's label is "". */
  nodes: {
    parent: maybe("nodes"),
    label: text,
    literals: u32,
    parameter: maybe("nodes"),
    exact: maybe("candidates"),
    rest: maybe("candidates"),
  },
  /** From (parent, label) to child; open addressing as hostSlots. */
  edgeSlots: { node: maybe("nodes") },
  /** Routes of one terminal, those that name methods first; `more` as in words. */
  candidates: { route: row("routes"), more: bool },
  routes: {
    pattern: text,
    service: row("services"),
    methods,
    strip: bool,
    parameters: list,
  },
  services: {
    name: text,
    domains: list,
    pool: row("pools"),
    timeouts: row("timeouts"),
    stripPrefix: bool,
    preserveHost: bool,
    /** Of 53 bits, as every whole number is. */
    bodyBytesMaxHigh: number(0x1fffff),
    bodyBytesMaxLow: u32,
    ...origin,
  },
  timeouts: { connectMs: ms, responseMs: ms, readMs: ms, writeMs: ms },
  pools: { key: text, algorithm: number(2), backends: run("backends") },
  backends: { url: text, weight: number(1_000_000, 1), name: text, ...origin },
} as const satisfies Record<RowSection, Record<string, Field>>;

/** Field name → position in the row, in u32s. A run's count stands one after its first. */
export type Offsets<S extends RowSection> = Record<keyof (typeof ROWS)[S], number>;

/** Fields of a section in file order with their positions. */
export function fieldsOf(section: RowSection): { name: string; field: Field; at: number }[] {
  let at = 0;
  return Object.entries<Field>(ROWS[section]).map(([name, field]) => {
    const entry = { name, field, at };
    at += field.kind === "run" ? 2 : 1;
    return entry;
  });
}

/** u32s in a row of `section`. */
export function strideOf(section: RowSection): number {
  return fieldsOf(section).reduce((sum, { field }) => sum + (field.kind === "run" ? 2 : 1), 0);
}

/** The positions of a section's fields. */
export function offsetsOf<S extends RowSection>(section: S): Offsets<S> {
  return Object.fromEntries(fieldsOf(section).map(({ name, at }) => [name, at])) as Offsets<S>;
}

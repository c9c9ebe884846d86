/**
 * Verify: every bound and offset of an artifact, once, when it is loaded. What passes can be matched
 * on without another check: no row number leads outside its section, every walk and every list ends,
 * and a route has as many parameters as the way to it.
 *
 * It trusts no count: its own work and memory are linear in the size of the file.
 */
import { ArtifactError } from "./artifact-error.ts";
import {
  type Field,
  fieldsOf,
  METHODS_MAX,
  NONE,
  offsetsOf,
  type RowSection,
  ROWS,
  strideOf,
  type Tables,
} from "./layout.ts";
import { usesTable } from "./maglev.ts";
import { ALGORITHMS } from "./model.ts";
import { verifyAutomata } from "./verify-automata.ts";
import { verifyStrings } from "./verify-strings.ts";
import { verifyTries } from "./verify-tries.ts";

/** @throws ArtifactError naming section, row and field of the first thing that is out of range */
export function verify(view: Tables & { strings: Uint8Array; stringEnds: Uint32Array }): void {
  verifyStrings(view.strings, view.stringEnds);
  if (view.settings.length !== strideOf("settings")) {
    throw new ArtifactError("it has not one row of settings");
  }
  if (view.methods.length > METHODS_MAX * strideOf("methods")) {
    throw new ArtifactError(`it has more than ${METHODS_MAX} methods`);
  }
  for (const section of Object.keys(ROWS) as RowSection[]) verifyFields(view, section);
  for (const section of LISTS) verifyEnd(section, view[section]);
  verifyAutomata(view);
  verifyPools(view);
  verifyTables(view);
  if (rowCount(view, "routes") !== rowCount(view, "services")) {
    throw new ArtifactError("its services have not one route each");
  }
  verifySlots("hostSlots", view.hostSlots);
  verifySlots("edgeSlots", view.edgeSlots);
  verifyTries(view);
}

function verifyFields(view: Bounds, section: RowSection): void {
  const table = view[section];
  const stride = strideOf(section);
  for (const { field, at } of fieldsOf(section)) {
    const { least, most } = rangeOf(view, field);
    const bad = firstOutside(table, at, stride, least, most);
    if (bad !== -1) refuse(section, bad, table[bad]!);
    if (field.kind !== "run") continue;
    for (let i = at; i < table.length; i += stride) {
      if (table[i]! + table[i + 1]! > most) refuse(section, i + 1, table[i + 1]!);
    }
  }
}

type Bounds = Tables & { stringEnds: Uint32Array };

/** What a field takes. NONE is -1 in 32 bits: one less than the first row. */
function rangeOf(view: Bounds, field: Field): { least: number; most: number } {
  switch (field.kind) {
    case "number":
      return { least: field.min, most: field.max };
    case "text":
      return { least: 0, most: view.stringEnds.length - 1 };
    case "methods":
      return { least: 0, most: 2 ** (view.methods.length / strideOf("methods")) - 1 };
    case "row": {
      const rows = view[field.of].length / strideOf(field.of);
      return { least: field.optional ? -1 : 0, most: rows - 1 };
    }
    case "run":
      // An empty run may begin where the section ends.
      return { least: 0, most: view[field.of].length / strideOf(field.of) };
  }
}

/** The index of the first value of a column outside `least..most`, -1 where there is none. */
function firstOutside(
  table: Uint32Array,
  at: number,
  stride: number,
  least: number,
  most: number,
): number {
  const span = most - least;
  if (span === NONE) return -1;
  for (let i = at; i < table.length; i += stride) {
    if ((table[i]! - least) >>> 0 > span) return i;
  }
  return -1;
}

function rowCount(view: Tables, section: RowSection): number {
  return view[section].length / strideOf(section);
}

function refuse(section: RowSection, index: number, value: number): never {
  const stride = strideOf(section);
  const row = Math.floor(index / stride);
  const field = fieldsOf(section).findLast(({ at }) => at <= index % stride);
  throw new ArtifactError(`its ${section} row ${row} has ${field?.name} out of range (${value})`);
}

/** Sections whose rows say with `more` that the list goes on. */
const LISTS = [
  "words",
  "candidates",
  "levels",
  "predicates",
  "statusRanges",
  "probeFields",
  "streamRoutes",
] as const;

/** The last row of lists must not say that one goes on. */
function verifyEnd(section: (typeof LISTS)[number], table: Uint32Array): void {
  const last = table.length - strideOf(section);
  if (last >= 0 && table[last + (offsetsOf(section) as { more: number }).more] !== 0) {
    throw new ArtifactError(`the last list of its ${section} has no end`);
  }
}

/** Each pool's backends follow those of the pool before it, so none is in two pools. */
function verifyPools({ pools, backends }: Tables): void {
  const stride = strideOf("pools");
  const { backends: at } = offsetsOf("pools");
  let next = 0;
  for (let i = at; i < pools.length; i += stride) {
    if (pools[i] !== next) throw new ArtifactError("the backends of its pools are not in order");
    next += pools[i + 1]!;
  }
  if (next !== backends.length / strideOf("backends")) {
    throw new ArtifactError("some of its backends are in no pool");
  }
}

/** Tables belong to pools in their order and are not empty, and no entry leads out of its pool. */
function verifyTables({ pools, poolPolicies, tables, tableEntries }: Tables): void {
  const stride = strideOf("pools");
  const pool = offsetsOf("pools");
  let next = 0;
  let entry = 0;
  for (let at = 0; at < pools.length; at += stride) {
    const table = pools[at + pool.table]!;
    const backends = pools[at + pool.backends + 1]!;
    const algorithm = poolPolicies[pools[at + pool.policy]! * POLICY_STRIDE + POLICY.algorithm]!;
    const isDue = backends > 0 && usesTable(ALGORITHMS[algorithm]!);
    if (isDue !== (table !== NONE)) {
      throw new ArtifactError(`its pool ${at / stride} has a table it does not need, or needs one`);
    }
    if (table === NONE) continue;
    if (table !== next) throw new ArtifactError("the tables of its pools are not in order");
    next++;
    const count = tables[table * TABLE_STRIDE + 1]!;
    if (tables[table * TABLE_STRIDE] !== entry || count === 0) {
      throw new ArtifactError("the entries of its tables are not in order");
    }
    for (const end = entry + count; entry < end; entry++) {
      if (tableEntries[entry]! < backends) continue;
      throw new ArtifactError(`its table ${table} leads out of its pool (${tableEntries[entry]})`);
    }
  }
  if (next * TABLE_STRIDE !== tables.length || entry !== tableEntries.length) {
    throw new ArtifactError("some of its tables are of no pool");
  }
}

const TABLE_STRIDE = strideOf("tables");
const POLICY = offsetsOf("poolPolicies");
const POLICY_STRIDE = strideOf("poolPolicies");

/** A probe ends at a gap, so there must be one; positions are masked: the size is a power of two. */
function verifySlots(section: "hostSlots" | "edgeSlots", slots: Uint32Array): void {
  const count = slots.length;
  if (count === 0 || (count & (count - 1)) !== 0) {
    throw new ArtifactError(`its ${section} are not a power of two`);
  }
  if (!slots.includes(NONE)) throw new ArtifactError(`its ${section} have no gap`);
}

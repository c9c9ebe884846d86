/**
 * Layout of the memory that all threads of the process share for pools: a header, a table from
 * identities to slots, and the slots. A slot is what is known of one backend, or of one pool.
 *
 * All numbers are positions of 32-bit cells. 16 cells are a cache line: what is read on each pick, what
 * changes with each failure, and what each worker writes lie in different ones.
 */

/** Cells of a cache line. */
export const LINE = 16;
/** Bytes of a cell. */
export const CELL_BYTES = 4;

// --- header ------------------------------------------------------------------------------------

/** Threads that may write: the workers, and the main thread behind them. */
export const THREADS = 0;
/** Slots given out so far, freed ones among them. */
export const SLOTS_USED = 1;
/** No slot below this one is free. */
export const FREE_FROM = 2;
/** The table in use: its version times 32, and the bits of its capacity. Waited on. */
export const TABLE = 3;
/** Cells of it that are not empty. */
export const TABLE_FILLED = 4;
/** When the process's clock was zero, as a float64 of the system's monotonic milliseconds. */
export const EPOCH = 8;
/** Counts what makes another set of backends usable; a line of its own, as everybody reads it. */
export const CHANGES = 16;
const HEADER_CELLS = 32;

// --- tables ------------------------------------------------------------------------------------

/** Two tables, so that one can be built while the other is read. */
export const TABLE_BITS_MIN = 12;
export const TABLE_BITS_MAX = 20;
const TABLE_CELLS = 1 << TABLE_BITS_MAX;

/** Where a table begins. */
export function tableAt(which: number): number {
  return HEADER_CELLS + which * TABLE_CELLS;
}

// --- slots -------------------------------------------------------------------------------------

export const SLOTS_AT: number = HEADER_CELLS + 2 * TABLE_CELLS;

// First line: read on picks, written seldom.
/** What the slot is used for, see slot-table.ts. */
export const STATE = 0;
/** The identity's hash. */
export const KEY_LOW = 1;
export const KEY_HIGH = 2;
/** What probes say: see backend-slot.ts. */
export const HEALTH = 3;
/** 1 where an operator has taken it out. */
export const DRAINING = 4;
/** See breaker.ts. */
export const BREAKER = 5;
/** Odd while it is ejected; see ejection.ts. */
export const EJECTED = 6;
/** Ejections in a row. */
export const EJECTIONS = 7;
/** Since when it may be used, float64; 0 is from the beginning. */
export const UP_SINCE = 8;
/** 1 once a pool has had it. */
export const SEEN = 14;
/** When the last ejection began and when it is over, float64s. */
export const EJECTED_AT = 10;
export const EJECTED_UNTIL = 12;

// Second line: written with failures, by `ewma` with each answer; of a pool, with each pick.
/** Failures or successes of the breaker's state. */
export const COUNT = 16;
/** Failures in a row that the passive check has seen. */
export const FAILURES = 17;
/** Peak EWMA of latency and when it was brought up to date, float64s. */
export const EWMA = 18;
export const EWMA_AT = 20;
/** Of a pool: picks so far. */
export const TURN = 16;

/** How often the main thread holds the slot: all that it writes for itself alone. */
const HELD_BY_MAIN = 22;

/** Where the lines of the workers begin. */
export const OWN = 32;
/** Requests in flight of a worker; of a pool, its waiting requests. */
export const IN_FLIGHT = 0;
/** How often a worker holds the slot. */
export const HELD = 1;
/** Of a pool: since when the worker's first waiting request has waited. */
export const FIRST_WAITING = 2;
/** Half-open places that a worker's requests have. */
export const PLACES = 3;
/** Four buckets of three cells, see window.ts. */
export const WINDOW = 4;

/** Where in a slot a thread counts how often it holds it; the main thread's number is that behind the workers'. */
export function heldAt(thread: number, workers: number): number {
  return thread === workers ? HELD_BY_MAIN : OWN + thread * LINE + HELD;
}

/** Cells of a slot. */
export function slotCells(workers: number): number {
  return OWN + workers * LINE;
}

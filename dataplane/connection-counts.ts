/**
 * Connection counts: how many connections the process has, in total and from each client, for all
 * workers together.
 *
 * They lie in shared memory, a block a worker. A worker writes to its own block only, and whoever wants
 * a sum adds the blocks up: so no two writers meet, and a worker that dies leaves nothing behind but a
 * block to clear. A connection is counted first and judged then: there are never more than a limit
 * says, and of two that come to two workers in the same instant for the last place neither may get it.
 */
import { cryptoModule } from "../artifact/crypto-module.ts";
import { finish } from "../artifact/hash.ts";

/** Why a connection was refused, in the order of their counters. */
export const REFUSALS = ["connections", "client"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** A connection that has been counted: what `close` has to know of it. */
export type Ticket = number;
/** No connection: it was refused, or has been closed already. */
export const NO_TICKET: Ticket = -1;
/** Counted in the total alone: there was no room to count its client. */
const TOTAL_ONLY: Ticket = -2;

// Header: what everybody reads. Cells of 32 bits.
const CONNECTIONS_MAX = 0;
const CLIENT_CONNECTIONS_MAX = 1;
const SEED = 2;
const HEADER_CELLS = 16;
// A worker's block: these, its refusals, and then its table of clients. 16 cells are a cache line.
const CLIENTS = 0;
const REFUSED = 1;
const BLOCK_HEADER_CELLS = 16;
/** A slot of the table: a client's key, 0 where it was never used, and its connections. */
const SLOT_CELLS = 2;
/**
 * Slots of a worker's table, a power of two. Half a megabyte, of which the system gives what is used; a
 * worker's limit of descriptors is mostly lower.
 */
const SLOTS = 1 << 16;
const BLOCK_CELLS = BLOCK_HEADER_CELLS + SLOTS * SLOT_CELLS;
/** Slots looked at for one client; where none of them is its own or free, it is not counted. */
const PROBES_MAX = 64;

export class ConnectionCounts {
  readonly workers: number;
  readonly seed: number;
  readonly cells: Int32Array<SharedArrayBuffer>;

  private constructor(cells: Int32Array<SharedArrayBuffer>) {
    this.cells = cells;
    this.workers = (cells.length - HEADER_CELLS) / BLOCK_CELLS;
    this.seed = Atomics.load(cells, SEED);
  }

  /** Counts of so many workers, all zero; without a limit. */
  static create(workers: number): ConnectionCounts {
    const cells = HEADER_CELLS + workers * BLOCK_CELLS;
    const memory = new SharedArrayBuffer(cells * Int32Array.BYTES_PER_ELEMENT);
    const view = new Int32Array(memory);
    view[SEED] = cryptoModule().randomInt(2 ** 32);
    return new ConnectionCounts(view);
  }

  /** The counts that another thread has created. */
  static over(memory: SharedArrayBuffer): ConnectionCounts {
    return new ConnectionCounts(new Int32Array(memory));
  }

  /** What other threads are handed. */
  get memory(): SharedArrayBuffer {
    return this.cells.buffer;
  }

  /** The limits from now on; 0 is none. Connections that stand stay. */
  setLimits(limits: { connectionsMax: number; clientConnectionsMax: number }): void {
    Atomics.store(this.cells, CONNECTIONS_MAX, limits.connectionsMax);
    Atomics.store(this.cells, CLIENT_CONNECTIONS_MAX, limits.clientConnectionsMax);
  }

  get connectionsMax(): number {
    return Atomics.load(this.cells, CONNECTIONS_MAX);
  }

  get clientConnectionsMax(): number {
    return Atomics.load(this.cells, CLIENT_CONNECTIONS_MAX);
  }

  /** Where the block of a worker begins. */
  block(worker: number): number {
    return HEADER_CELLS + worker * BLOCK_CELLS;
  }

  /** Client connections of the process. */
  get clients(): number {
    return this.#sum(CLIENTS);
  }

  /** Connections refused since the start. */
  refused(refusal: Refusal): number {
    return this.#sum(REFUSED + REFUSALS.indexOf(refusal)) >>> 0;
  }

  /** Connections of a client in all workers. */
  clientConnections(key: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.workers; worker++) {
      const slot = this.find(worker, key);
      if (slot >= 0) sum += Atomics.load(this.cells, slot + 1);
    }
    return sum;
  }

  /**
   * The cell of a client's slot in a worker's table; where it has none, the cell of one that is free,
   * as -2 and less; -1 where none is.
   */
  find(worker: number, key: number): number {
    const table = this.block(worker) + BLOCK_HEADER_CELLS;
    let free = -1;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const cell = table + ((key + probe) & (SLOTS - 1)) * SLOT_CELLS;
      const found = Atomics.load(this.cells, cell);
      if (found === key) return cell;
      if (free === -1 && Atomics.load(this.cells, cell + 1) === 0) free = -2 - cell;
      // Slots are used again and never emptied, so behind one that was never used there is nothing.
      if (found === 0) break;
    }
    return free;
  }

  /** A worker has ended, and its connections with it. Its refusals stay counted. */
  forget(worker: number): void {
    const block = this.block(worker);
    Atomics.store(this.cells, block + CLIENTS, 0);
    this.cells.fill(0, block + BLOCK_HEADER_CELLS, block + BLOCK_CELLS);
  }

  #sum(cell: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.workers; worker++) {
      sum += Atomics.load(this.cells, this.block(worker) + cell);
    }
    return sum;
  }
}

/** One worker's hand on the counts. */
export class ConnectionCounter {
  readonly #counts: ConnectionCounts;
  readonly #worker: number;
  readonly #block: number;
  /** Which limit has refused the connection that was refused last. */
  refusal: Refusal | undefined;

  constructor(counts: ConnectionCounts, worker: number) {
    this.#counts = counts;
    this.#worker = worker;
    this.#block = counts.block(worker);
  }

  /**
   * Counts a connection from `address`, or refuses it.
   *
   * @param isTrusted a proxy's address, behind which many clients are: its connections have no limit
   * of their own
   * @returns NO_TICKET where it is refused
   */
  open(address: string, isTrusted: boolean): Ticket {
    const { connectionsMax, clientConnectionsMax } = this.#counts;
    this.#add(CLIENTS, 1);
    if (connectionsMax > 0 && this.#counts.clients > connectionsMax) {
      return this.#refuse("connections");
    }
    if (isTrusted) return TOTAL_ONLY;
    const key = clientKey(address, this.#counts.seed);
    const ticket = this.#openClient(key);
    const isOver =
      clientConnectionsMax > 0 &&
      ticket !== TOTAL_ONLY &&
      this.#counts.clientConnections(key) > clientConnectionsMax;
    if (!isOver) return ticket;
    this.#closeClient(ticket);
    return this.#refuse("client");
  }

  /** A counted connection has gone. */
  close(ticket: Ticket): void {
    if (ticket === NO_TICKET) return;
    this.#add(CLIENTS, -1);
    if (ticket !== TOTAL_ONLY) this.#closeClient(ticket);
  }

  #openClient(key: number): Ticket {
    const { cells } = this.#counts;
    let cell = this.#counts.find(this.#worker, key);
    if (cell === -1) return TOTAL_ONLY;
    if (cell < 0) Atomics.store(cells, (cell = -2 - cell), key);
    Atomics.add(cells, cell + 1, 1);
    return cell;
  }

  #closeClient(cell: Ticket): void {
    Atomics.sub(this.#counts.cells, cell + 1, 1);
  }

  #refuse(refusal: Refusal): Ticket {
    this.#add(CLIENTS, -1);
    this.#add(REFUSED + REFUSALS.indexOf(refusal), 1);
    this.refusal = refusal;
    return NO_TICKET;
  }

  #add(cell: number, count: number): void {
    Atomics.add(this.#counts.cells, this.#block + cell, count);
  }
}

/**
 * A client as 32 bits, never 0. The seed is the process's own, so that nobody can choose addresses that fall
 * together. Two IPv4 addresses never do, but for the one pair that has 0 and 1; of IPv6 ones two that do share a limit.
 */
export function clientKey(address: string, seed: number): number {
  const client = clientOf(plainAddress(address));
  const isV6 = client.includes(":");
  const [separator, base, bits] = isV6 ? ([":", 16, 16] as const) : ([".", 10, 8] as const);
  let [high, low] = [0, 0];
  for (const part of client.split(separator)) {
    high = (high << bits) | (low >>> (32 - bits));
    low = (low << bits) | Number.parseInt(part, base);
  }
  // Each step is a bijection of 32 bits: what is told apart before it is told apart behind it.
  return finish(isV6 ? finish(high, seed) ^ low : low, seed) | 0 || 1;
}

/** An IPv4 address as such, where it comes as an IPv6 one because the listener takes both. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/** An IPv4 address, or the first 64 bits of an IPv6 one: who has one of these has all of them. */
export function clientOf(address: string): string {
  if (!address.includes(":")) return address;
  const [before = "", behind] = address.split("::");
  const groups = before === "" ? [] : before.split(":");
  if (behind !== undefined) {
    const rest = behind === "" ? [] : behind.split(":");
    while (groups.length + rest.length < 8) groups.push("0");
    groups.push(...rest);
  }
  return groups.slice(0, 4).join(":");
}

/**
 * Maglev: the table from a request's hash to a backend, which is what consistent-hash and ip-hash go by.
 *
 * As in Google's Maglev each slot of a table names a backend, each backend has slots in proportion to
 * its weight, and a look-up is one read. The table is filled in another way. Maglev's turns move 2 to
 * 3% of the keys more than they must where one of ten backends goes, and nearly all where the table's
 * size changes. Here groups of slots rank the backends by rendezvous hashing, backends keep the groups
 * that rank them highest up to their share, and what is refused goes to its next choice: a stable
 * matching, which depends on no order and changes little where a backend comes or goes. A larger
 * table divides the same groups more finely, so its size does not matter either.
 */
import { finish, keyHash } from "./hash.ts";
import type { Algorithm } from "./model.ts";

/** A backend as the table knows it: by its URL as the artifact has it. */
export interface TableMember {
  readonly url: string;
  readonly weight: number;
}

/** Each group asks every member, so more would take long to place. */
export const TABLE_MEMBERS_MAX = 4_096;
/** A table has a power of four of slots for each group. */
const GROUPS = 16_381;
const SLOTS_PER_GROUP_MAX = 64;
/** Slots for each unit of weight, after the weights have been divided by what they have in common. */
const SLOTS_PER_WEIGHT = 100;

/** Whether pools of an algorithm have a table. */
export function usesTable(algorithm: Algorithm): boolean {
  return algorithm === "consistent-hash" || algorithm === "ip-hash";
}

/**
 * The table of some backends: positions in `members`. The same members give each the same slots,
 * whatever their order.
 *
 * @throws RangeError for more than TABLE_MEMBERS_MAX members
 */
export function buildTable(members: readonly TableMember[]): number[] {
  if (members.length === 0) return [];
  if (members.length > TABLE_MEMBERS_MAX) throw new RangeError(`${members.length} table members`);
  const order = members.map((_, index) => index);
  order.sort((a, b) => compare(members[a]!, members[b]!));
  const sorted = order.map((index) => members[index]!);
  const perGroup = slotsPerGroup(sorted);
  const matching = new Matching(sorted, perGroup);
  const table = Array.from<number>({ length: GROUPS * perGroup });
  matching.slots.forEach((member, slot) => (table[slot] = order[member]!));
  return table;
}

/** Entries of the table that `buildTable` would give. */
export function tableLength(members: readonly Pick<TableMember, "weight">[]): number {
  return members.length === 0 ? 0 : GROUPS * slotsPerGroup(members);
}

/** How many entries of its table each member gets. */
export function tableShares(members: readonly Pick<TableMember, "weight">[]): number[] {
  return shares(
    members.map(({ weight }) => weight),
    tableLength(members),
  );
}

/**
 * The backend for a hash of 32 bits. `nth` 0 is the first choice; each further one is drawn anew,
 * weighted as the first, so that the keys of a backend that is out spread over all others. Draws may
 * repeat a backend: the caller goes on to the next until one will do, and sets itself a limit.
 */
export function lookUp(table: ArrayLike<number>, hash: number, nth: number): number {
  const draw = nth === 0 ? hash : finish(hash, nth);
  // At most 52 bits: exact.
  return table[Math.floor((draw * table.length) / 2 ** 32)]!;
}

function compare(a: TableMember, b: TableMember): number {
  if (a.url !== b.url) return a.url < b.url ? -1 : 1;
  return a.weight - b.weight;
}

function slotsPerGroup(members: readonly Pick<TableMember, "weight">[]): number {
  const common = members.reduce((divisor, { weight }) => gcd(divisor, weight), 0);
  const units = members.reduce((sum, { weight }) => sum + weight, 0) / common;
  let slots = 1;
  while (slots < SLOTS_PER_GROUP_MAX && GROUPS * slots < units * SLOTS_PER_WEIGHT) slots *= 4;
  return slots;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Slots of one group on their way from a member that has refused them to the next. */
interface Offer {
  group: number;
  slots: number;
  /** How the group ranks the member it was offered to last; lower is further down. */
  score: number;
  member: number;
}

/** Groups and members brought together: no group and member would both rather have each other. */
class Matching {
  /** Member of each slot. */
  readonly slots: Uint16Array;
  readonly #seeds: number[];
  /** Undefined where all are equal: then the hash itself ranks. */
  readonly #weights: number[] | undefined;
  readonly #free: number[];
  /** What each member holds, the lowest score on top. */
  readonly #held: Offer[][];

  constructor(members: readonly TableMember[], perGroup: number) {
    this.slots = new Uint16Array(GROUPS * perGroup);
    this.#seeds = members.map(({ url }) => keyHash(Buffer.from(url)));
    const weights = members.map(({ weight }) => weight);
    this.#weights = weights.some((weight) => weight !== weights[0]) ? weights : undefined;
    this.#free = shares(weights, this.slots.length);
    this.#held = members.map(() => []);
    for (let group = 0; group < GROUPS; group++) {
      this.#place({ group, slots: perGroup, score: Infinity, member: -1 });
    }
    this.#fill(perGroup);
  }

  /** Offers slots to member after member until all are held; what that drives out goes the same way. */
  #place(first: Offer): void {
    const offers = [first];
    for (let offer = offers.pop(); offer !== undefined; offer = offers.pop()) {
      const next = this.#next(offer);
      const held = this.#held[next.member]!;
      push(held, next);
      this.#free[next.member]! -= next.slots;
      while (this.#free[next.member]! < 0) {
        const out = held[0]!;
        const slots = Math.min(out.slots, -this.#free[next.member]!);
        this.#free[next.member]! += slots;
        if (slots === out.slots) pop(held);
        else out.slots -= slots;
        offers.push({ ...out, slots });
      }
    }
  }

  /** The offer to the member that the group ranks next. */
  #next({ group, slots, score, member }: Offer): Offer {
    let best = -1;
    let bestScore = -1;
    for (let other = 0; other < this.#seeds.length; other++) {
      const its = this.#score(group, other);
      // Of equal scores the earlier member is ranked higher.
      if ((its < score || (its === score && other > member)) && its > bestScore) {
        best = other;
        bestScore = its;
      }
    }
    return { group, slots, score: bestScore, member: best };
  }

  /** Weighted rendezvous hashing: weight divided by the negative logarithm of a random number. */
  #score(group: number, member: number): number {
    const hash = finish(this.#seeds[member]!, group);
    return this.#weights === undefined ? hash : this.#weights[member]! / (32 - log2(hash + 0.5));
  }

  #fill(perGroup: number): void {
    const used = new Uint8Array(GROUPS);
    this.#held.forEach((held, member) => {
      for (const { group, slots } of held) {
        const from = group * perGroup + used[group]!;
        this.slots.fill(member, from, from + slots);
        used[group]! += slots;
      }
    });
  }
}

/** How many of `slots` each weight gets: one, and of the rest its part. */
function shares(weights: readonly number[], slots: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const rest = slots - weights.length;
  let before = 0;
  let sum = 0;
  return weights.map((weight) => {
    sum += weight;
    const end = Math.floor((rest * sum) / total);
    const share = 1 + end - before;
    before = end;
    return share;
  });
}

/** Binary logarithm by operations that IEEE 754 defines to the last bit, as Math.log2 is not. */
function log2(value: number): number {
  const exponent = value < 1 ? -1 : 31 - Math.clz32(value);
  const mantissa = value / 2 ** exponent;
  const t = (mantissa - 1) / (mantissa + 1);
  const square = t * t;
  const series = 1 + square * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square / 9)));
  return exponent + (2 / Math.LN2) * t * series;
}

/** Whether a member rather lets go of `a` than of `b`. */
function isBelow(a: Offer, b: Offer): boolean {
  return a.score < b.score || (a.score === b.score && a.group > b.group);
}

/** Puts an offer into a heap with the lowest on top. */
function push(heap: Offer[], offer: Offer): void {
  let at = heap.length;
  heap.push(offer);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBelow(offer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = offer;
}

/** Takes the lowest offer off a heap. */
function pop(heap: Offer[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBelow(heap[child + 1]!, heap[child]!)) child++;
    if (!isBelow(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}

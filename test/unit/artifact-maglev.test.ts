import { expect, test } from "vitest";

import { finish, keyHash } from "../../artifact/hash.ts";
import {
  buildTable,
  lookUp,
  TABLE_MEMBERS_MAX,
  tableLength,
  type TableMember,
} from "../../artifact/maglev.ts";

const KEYS = 50_000;
const hashes = Uint32Array.from({ length: KEYS }, (_, key) => finish(key, 4711));

/** `count` backends whose weights go round in `weights`. */
function members(count: number, weights: readonly number[] = [1]): TableMember[] {
  return Array.from({ length: count }, (_, index) => ({
    url: `http://10.0.${index >> 8}.${index & 255}:8080`,
    weight: weights[index % weights.length]!,
  }));
}

/** The part of the keys whose backend is another one with the second table. */
function moved(before: readonly TableMember[], after: readonly TableMember[]): number {
  const tables = [buildTable(before), buildTable(after)] as const;
  let count = 0;
  for (const hash of hashes) {
    const one = before[lookUp(tables[0], hash, 0)]!;
    if (one.url !== after[lookUp(tables[1], hash, 0)]!.url) count++;
  }
  return count / KEYS;
}

const sum = (list: readonly TableMember[]) => list.reduce((total, { weight }) => total + weight, 0);

const sizes: [count: number, weights: number[]][] = [
  [1, [1]],
  [2, [1]],
  [3, [1]],
  [5, [1]],
  [10, [1]],
  // Where plain Maglev takes another size of table.
  [11, [1]],
  [41, [1]],
  [164, [1]],
  [4, [5, 3, 2, 1]],
  [12, [1, 2, 5, 10]],
  [40, [1, 2, 3]],
];

test.each(sizes)(
  "%i backends with weights %j have their shares, give or take 2 in a hundred",
  (count, weights) => {
    const list = members(count, weights);
    const table = buildTable(list);
    expect(table).toHaveLength(tableLength(list));
    const entries = new Uint32Array(count);
    for (const member of table) entries[member]!++;
    list.forEach(({ weight }, index) => {
      const ideal = (table.length * weight) / sum(list);
      expect(Math.abs(entries[index]! - ideal) / ideal).toBeLessThan(0.02);
    });
  },
);

test.each(sizes.filter(([count]) => count > 1))(
  "when one of %i backends with weights %j goes, its keys move and 1 in a hundred more at the most",
  (count, weights) => {
    const list = members(count, weights);
    for (const gone of [0, count >> 1, count - 1]) {
      const rest = list.filter((_, index) => index !== gone);
      const share = list[gone]!.weight / sum(list);
      expect(moved(list, rest)).toBeLessThan(share + 0.01);
      // Its own keys must move: less would mean that the test measures nothing.
      expect(moved(list, rest)).toBeGreaterThan(share - 0.02);
    }
  },
);

test("a changed weight moves little more than what changes hands", () => {
  const list = members(10);
  const heavier = list.map((one, index) => (index === 3 ? { ...one, weight: 2 } : one));
  // From 1/10 to 2/11 of the keys.
  expect(moved(list, heavier)).toBeLessThan(2 / 11 - 1 / 10 + 0.02);
});

test("the same backends have the same keys in any order", () => {
  const list = members(20, [1, 3]);
  const orders = [list.toReversed(), [...list.slice(7), ...list.slice(0, 7)]];
  const urls = (order: readonly TableMember[]) =>
    buildTable(order).map((member) => order[member]!.url);
  const expected = urls(list);
  for (const order of orders) expect(urls(order)).toEqual(expected);
});

test("weights that say the same give the same table", () => {
  const list = members(7, [1, 2, 3]);
  const tenfold = list.map(({ url, weight }) => ({ url, weight: weight * 10 }));
  expect(buildTable(tenfold)).toEqual(buildTable(list));
});

test("the keys of a backend that is out spread over all others, and no other key moves", () => {
  const list = members(5);
  const table = buildTable(list);
  const taken = new Uint32Array(5);
  for (const hash of hashes) {
    if (lookUp(table, hash, 0) !== 2) continue;
    let nth = 1;
    while (lookUp(table, hash, nth) === 2) nth++;
    taken[lookUp(table, hash, nth)]!++;
  }
  expect(taken[2]).toBe(0);
  const due = KEYS / 5 / 4;
  for (const index of [0, 1, 3, 4]) {
    expect(Math.abs(taken[index]! - due) / due).toBeLessThan(0.1);
  }
});

test("every backend has a place, however light", () => {
  const list = [...members(2, [1_000_000]), ...members(9).slice(2)];
  expect(new Set(buildTable(list)).size).toBe(9);
});

/** Of the table below; a change of it is a change for every user of consistent-hash. */
const FINGERPRINT = 1_720_777_569;

test("the table is what it was: another one would move keys between two versions of Balto", () => {
  const bytes = Buffer.from(Uint16Array.from(buildTable(members(5, [1, 2]))).buffer);
  expect(keyHash(bytes)).toBe(FINGERPRINT);
});

test("the first and the last hash have a backend", () => {
  const table = buildTable(members(3));
  expect(table).toContain(lookUp(table, 0, 0));
  expect(table).toContain(lookUp(table, 0xffffffff, 0));
  expect(lookUp(table, 0xffffffff, 0)).toBe(table.at(-1));
});

test("nobody has an empty table, and too many none", () => {
  expect(buildTable([])).toEqual([]);
  expect(tableLength([])).toBe(0);
  expect(() => buildTable(members(TABLE_MEMBERS_MAX + 1))).toThrow(RangeError);
});

// Tables of any backends with any weights: whole, fair, and the same in any order.

import fc from "fast-check";
import { expect, test } from "vitest";

import { buildTable, lookUp, tableLength } from "../../artifact/maglev.ts";
import { effort, seed } from "./seed.ts";

const weight = fc.oneof(
  fc.constantFrom(1, 2, 1_000_000),
  fc.integer({ min: 1, max: 100 }),
  fc.integer({ min: 1, max: 1_000_000 }),
);
/** Two may have one URL: that is warned of, and allowed. */
const members = fc.array(fc.record({ url: fc.string({ maxLength: 3 }), weight }), {
  minLength: 1,
  maxLength: 12,
});

test("every table is full, names everybody, and gives shares by weight", () => {
  const property = fc.property(members, (list) => {
    const table = buildTable(list);
    expect(table).toHaveLength(tableLength(list));
    const entries = new Uint32Array(list.length);
    for (const member of table) entries[member]!++;
    const total = list.reduce((sum, one) => sum + one.weight, 0);
    list.forEach((one, index) => {
      expect(entries[index]).toBeGreaterThan(0);
      // Everybody has one entry, and of the others the part that is due, whole entries only.
      const due = 1 + ((table.length - list.length) * one.weight) / total;
      expect(Math.abs(entries[index]! - due)).toBeLessThanOrEqual(1);
    });
  });
  fc.assert(property, { seed, numRuns: 15 * effort });
}, 60_000);

test("every order of the same backends gives each hash the same URL and weight", () => {
  const shuffled = members.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  const hash = fc.integer({ min: 0, max: 0xffffffff });
  const hashes = fc.array(hash, { minLength: 50, maxLength: 50 });
  const property = fc.property(shuffled, hashes, fc.nat(3), ([list, other], keys, nth) => {
    const [one, two] = [buildTable(list), buildTable(other)];
    for (const key of keys) {
      expect(other[lookUp(two, key, nth)]).toEqual(list[lookUp(one, key, nth)]);
    }
  });
  fc.assert(property, { seed, numRuns: 10 * effort });
}, 60_000);

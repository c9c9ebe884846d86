// An encoder that has made other artifacts before gives the bytes that a new one gives.

import fc from "fast-check";
import { expect, test } from "vitest";

import { encode, Encoder, EncodeError } from "../../artifact/encode.ts";
import type { Model } from "../../artifact/model.ts";
import { model } from "./models.ts";
import { effort, seed } from "./seed.ts";

/** Some of a model, in another order: what is left are the same objects. */
const part = fc.record({
  without: fc.array(fc.nat()),
  turned: fc.nat(),
  isBroken: fc.boolean(),
});

test("what an encoder has made before does not show", () => {
  let kept = 0;
  const property = fc.property(model, model, fc.array(part), (one, other, parts) => {
    const encoder = new Encoder();
    const both = [one, other];
    let spare: Uint8Array = new Uint8Array(0);
    for (const [index, { without, turned, isBroken }] of parts.entries()) {
      const { services, pools, ...rest } = both[index % 2]!;
      const left = services.filter((_, at) => !without.some((n) => n % services.length === at));
      const start = turned % (left.length + 1);
      const next: Model = {
        ...rest,
        pools: [...pools.slice(1), pools[0]!],
        services: [...left.slice(start), ...left.slice(0, start)],
      };
      new Uint8Array(spare.buffer).fill(0xff);
      spare = encoder.encode(next, "v1", spare);
      expect(Buffer.compare(spare, encode(next, "v1"))).toBe(0);
      if (left.length > 0) kept++;
      if (!isBroken) continue;
      const broken = { ...next, settings: { ...next.settings, listen: "a\nb" } };
      expect(() => encoder.encode(broken)).toThrow(EncodeError);
    }
  });
  fc.assert(property, { seed, numRuns: 100 * effort });
  expect(kept).toBeGreaterThan(100);
}, 60_000);

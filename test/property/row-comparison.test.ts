// Comparing two rows finds what comparing all that is written of them finds.

import fc from "fast-check";
import { expect, test } from "vitest";

import { encode } from "../../artifact/encode.ts";
import type { Service } from "../../artifact/model.ts";
import { openArtifact } from "../../artifact/view.ts";
import { RowComparison } from "../../dataplane/admin/row-comparison.ts";
import { RowContent } from "../../dataplane/admin/row-content.ts";
import { model } from "./models.ts";
import { effort, seed } from "./seed.ts";

const EDITS: ((service: Service) => void)[] = [
  (service) => (service.name += "x"),
  (service) => (service.stripPrefix = !service.stripPrefix),
  (service) => (service.timeouts.connectMs ^= 1),
  (service) => (service.retry.attempts ^= 1),
  (service) => (service.origin = { file: "moved.yaml", line: 7, column: 7 }),
  (service) => (service.pool.label += "x"),
  (service) => (service.pool.policy.queue.waitersMax ^= 1),
  (service) => service.predicates.splice(0, 1),
  (service) => (service.methods = ["BREW", ...service.methods]),
  ({ pool }) =>
    (pool.backends = pool.backends.map((one) => ({ ...one, weight: one.weight ^ 2 || 1 }))),
];
const edit = fc.record({ service: fc.nat(), kind: fc.nat(EDITS.length - 1) });

test("rows are the same where their contents are", () => {
  let same = 0;
  let other = 0;
  const property = fc.property(model, fc.array(edit, { maxLength: 3 }), (before, edits) => {
    const after = structuredClone(before);
    for (const { service, kind } of edits) {
      const edited = after.services[service % after.services.length];
      if (edited !== undefined) EDITS[kind]!(edited);
    }
    let files: [Uint8Array, Uint8Array];
    try {
      files = [encode(before), encode(after)];
    } catch {
      // Two routes became one.
      return;
    }
    const [was, is] = [openArtifact(files[0]), openArtifact(files[1])];
    const rows = new RowComparison(was, is);
    const [wasContent, isContent] = [new RowContent(was), new RowContent(is)];
    for (const section of ["services", "routes"] as const) {
      for (let row = 0; row < before.services.length; row++) {
        const isSame = wasContent.of(section, row) === isContent.of(section, row);
        expect(rows.isSame(section, row, row)).toBe(isSame);
        if (isSame) same++;
        else other++;
      }
    }
  });
  fc.assert(property, { seed, numRuns: 200 * effort });
  expect(same).toBeGreaterThan(200);
  expect(other).toBeGreaterThan(100);
}, 60_000);

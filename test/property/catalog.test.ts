// A catalog that follows a tree is the catalog of the tree as it is.

import fc from "fast-check";
import { expect, test } from "vitest";

import { type Catalog, CatalogReader } from "../../control/service/catalog.ts";
import { tree } from "../unit/compiler-tree.ts";
import { effort, seed } from "./seed.ts";

const service = fc
  .record({
    domain: fc.constantFrom("a", "b"),
    path: fc.constantFrom("/", "/x/*"),
    more: fc.constantFrom("", "", ", methods: [GET]", ", enabled: false"),
  })
  .map(({ domain, path, more }) => `  - { domain: ${domain}, path_prefix: "${path}"${more} }\n`);
const content = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(service, { maxLength: 4 }).map((all) => `services:\n${all.join("")}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("services: [\n", "domain: a\npath_prefix: /\n") },
);
const change = fc.tuple(
  fc.constantFrom("balto.config.yaml", "services/1.yaml", "services/2.yaml", "pools/p.yaml"),
  fc.option(content, { freq: 5, nil: null }),
);

/** What everybody who asks is told. */
function answersOf(catalog: Catalog): unknown {
  const ids = [
    ...catalog.entries.map(({ id }) => id),
    "a-/",
    "a-/x/*",
    "b-/",
    "c-/",
    "0".repeat(64),
  ];
  return { entries: catalog.entries, found: ids.map((id) => [id, catalog.find(id)]) };
}

test("what a reader has read before does not show", () => {
  let several = 0;
  const property = fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
    const reader = new CatalogReader();
    const files = new Map<string, string>();
    for (const [path, text] of changes) {
      if (text === null) files.delete(path);
      else files.set(path, text);
      const now = tree(Object.fromEntries(files));
      const catalog = reader.read(now);
      expect(answersOf(catalog)).toEqual(answersOf(new CatalogReader().read(now)));
      expect(reader.read(now)).toBe(catalog);
      if (catalog.find("a-/") === "several") several++;
    }
  });
  fc.assert(property, { seed, numRuns: 200 * effort });
  expect(several).toBeGreaterThan(20);
}, 60_000);

// An artifact is taken where each of its backends' texts becomes a URL, and refused where one does not.

import fc from "fast-check";
import { expect, test } from "vitest";

import { parseBackendUrl } from "../../artifact/address.ts";
import { encode } from "../../artifact/encode.ts";
import { openArtifact } from "../../artifact/view.ts";
import { lookUpReferences } from "../../dataplane/reference-lookup.ts";
import { modelOf } from "../fixtures/artifact-model.ts";
import { effort, seed } from "./seed.ts";

const ENV = { HOST: "a.example.com", PATHED: "a/b", EMPTY: "" };
const VALUES = {
  "${env:HOST}": ENV.HOST,
  "${env:PATHED}": ENV.PATHED,
  "${env:EMPTY:-b.example.com}": "b.example.com",
};
const host = fc.constantFrom(
  "a",
  "10.0.0.1",
  "[::1]",
  "a:1",
  "a/b",
  "",
  "a b",
  ...Object.keys(VALUES),
);
const scheme = fc.constantFrom("http", "http", "http", "tcp", "ftp");
const port = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("1", "80", "8080", "65535") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("65536", "0", "080", "99999999999", "", "x", "80/p:9", "80/p%:9"),
  },
);
const url = fc
  .tuple(scheme, host, port)
  .map(([kind, name, number]) => `${kind}://${name}:${number}`);
/** Most are of one head, as they are in a tree. */
const urls = fc
  .tuple(fc.array(port), url, fc.array(url, { maxLength: 1 }))
  .map(([ports, one, others]) => {
    const head = one.slice(0, one.lastIndexOf(":") + 1);
    return [one, ...ports.map((number) => head + number), ...others];
  });

test("an artifact is refused for a backend that is none, and for no other", () => {
  let taken = 0;
  let refused = 0;
  const property = fc.property(urls, (list) => {
    const model = modelOf([{}]);
    const [pool] = model.pools;
    const [backend] = pool!.backends;
    pool!.backends = list.map((text) => ({ ...backend!, url: text }));
    const isRight = list.every((text) => {
      const value = Object.entries(VALUES).reduce(
        (all, [name, is]) => all.replaceAll(name, is),
        text,
      );
      return typeof parseBackendUrl(value) !== "string";
    });
    const look = () => lookUpReferences(openArtifact(encode(model)), ENV, new Set());
    if (isRight) expect(look).not.toThrow();
    else expect(look).toThrow(/does not become a URL here/);
    if (isRight) taken++;
    else refused++;
  });
  fc.assert(property, { seed, numRuns: 500 * effort });
  expect(taken).toBeGreaterThan(30);
  expect(refused).toBeGreaterThan(100);
}, 60_000);

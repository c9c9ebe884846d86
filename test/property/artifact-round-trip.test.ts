import fc from "fast-check";
import { expect, test } from "vitest";

import { decode } from "../../artifact/decode.ts";
import { encode } from "../../artifact/encode.ts";
import { inspect } from "../../artifact/inspect.ts";
import { openArtifact } from "../../artifact/view.ts";
import { model } from "./models.ts";
import { effort, seed } from "./seed.ts";

const options = { seed, numRuns: 300 * effort };

test("every model comes back as it went in", () => {
  const property = fc.property(model, (given) => {
    expect(decode(openArtifact(encode(given)))).toEqual(given);
  });
  fc.assert(property, options);
}, 60_000);

test("the same model gives the same bytes, whatever objects it is made of", () => {
  const property = fc.property(model, (given) => {
    const bytes = encode(given);
    expect(Buffer.compare(bytes, encode(structuredClone(given)))).toBe(0);
    expect(Buffer.compare(bytes, encode(decode(openArtifact(bytes))))).toBe(0);
  });
  fc.assert(property, options);
}, 60_000);

test("a revision changes neither content nor digest", () => {
  const property = fc.property(model, fc.stringMatching(/^[0-9a-f]{1,40}$/), (given, revision) => {
    const plain = openArtifact(encode(given));
    const stamped = openArtifact(encode(given, revision));
    expect(stamped.revision).toBe(revision);
    expect(stamped.digest).toBe(plain.digest);
    expect(decode(stamped)).toEqual(given);
  });
  fc.assert(property, { ...options, numRuns: 50 * effort });
}, 60_000);

test("every model can be inspected, and each service stands below each of its hosts once", () => {
  const property = fc.property(model, (given) => {
    const { json, lines } = inspect(encode(given));
    const shown = json.hosts.flatMap(({ domain, services }) =>
      services.map((n) => `${n} ${domain}`),
    );
    const due = given.services.flatMap(({ domains }, n) =>
      domains.map((domain) => `${n} ${domain}`),
    );
    expect(shown.toSorted()).toEqual(due.toSorted());
    expect(lines.every((line) => !line.includes("\n"))).toBe(true);
  });
  fc.assert(property, { ...options, numRuns: 100 * effort });
}, 60_000);

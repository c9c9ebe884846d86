import { expect, test } from "vitest";

import { openContainer } from "../../artifact/container.ts";
import { decode } from "../../artifact/decode.ts";
import { encode, EncodeError } from "../../artifact/encode.ts";
import type { RowSection } from "../../artifact/layout.ts";
import type { Backend, Model, Pool, Service } from "../../artifact/model.ts";
import { openArtifact, RowReader } from "../../artifact/view.ts";
import {
  modelOf,
  POOL_POLICY,
  route,
  sampleModel,
  SERVICE_POLICY,
} from "../fixtures/artifact-model.ts";

test("a model is decoded as it was encoded, every field of it", () => {
  expect(decode(openArtifact(encode(sampleModel)))).toEqual(sampleModel);
});

test("an empty model is a model", () => {
  const model = modelOf([]);
  expect(decode(openArtifact(encode(model)))).toEqual(model);
});

test("the same model gives the same bytes, and a revision changes no byte of the content", () => {
  const first = encode(sampleModel);
  expect(Buffer.compare(first, encode(structuredClone(sampleModel)))).toBe(0);
  const stamped = openContainer(encode(sampleModel, "v1"));
  expect(stamped).toMatchObject({ revision: "v1", digest: openContainer(first).digest });
});

test("the order of a trie does not depend on the order of the services", () => {
  const lines = ["ANY a,b /x/y", "ANY a /x/:z", "ANY b /w/*", "GET,PUT a /", "POST a /"];
  const labelsOf = (order: string[]) => {
    const nodes = new RowReader(openArtifact(encode(modelOf(order.map(route)))), "nodes");
    return Array.from({ length: nodes.count }, (_, row) => nodes.text(row, "label"));
  };
  expect(labelsOf(lines)).toEqual(["", "x", "", "y", "", "w", "x", "y"]);
  expect(labelsOf(lines.toReversed())).toEqual(labelsOf(lines));
});

test("what many services and pools agree in is stored once", () => {
  const view = openArtifact(encode(modelOf(["ANY a /", "ANY b /", "GET c /"].map(route))));
  const rows = (section: RowSection) => new RowReader(view, section).count;
  expect([rows("servicePolicies"), rows("retryPolicies"), rows("poolPolicies")]).toEqual([1, 1, 1]);
  expect([rows("breakerPolicies"), rows("statusRanges"), rows("backendTraits")]).toEqual([1, 1, 2]);
});

test("methods come back sorted and once each", () => {
  const [service] = decode(openArtifact(encode(modelOf([route("PUT,GET,PUT a /")])))).services;
  expect(service!.methods).toEqual(["GET", "PUT"]);
});

const withService = (service: Partial<Service>) => modelOf([service]);
const [somePool] = sampleModel.pools as [Pool];
const BREAKER = POOL_POLICY.breaker!;
const withPool = (pool: Partial<Pool>) => ({ ...modelOf([]), pools: [{ ...somePool, ...pool }] });
const withBackend = (backend: Partial<Backend>) =>
  withPool({ backends: [{ ...somePool.backends[0]!, ...backend }] });
const withLines = (...lines: string[]) => modelOf(lines.map(route));

test.each<[string, Model, string]>([
  ["a pattern that is none", withLines("ANY a x"), "pattern x does not begin with a slash"],
  ["a domain that is none", withLines("ANY a:80 /"), "domain a:80 has a port"],
  ["a domain in upper case", withLines("ANY A /"), "domain A is not in lower case"],
  [
    "a pool that is not there",
    withService({ pool: somePool }),
    "a pool that is used is not one of the model's",
  ],
  ["a control character", withService({ name: "a\nb" }), 'text "a\\nb" holds a control character'],
  ["half a surrogate pair", withService({ name: "a\ud800" }), "half a surrogate pair"],
  [
    "a time that is too long",
    withService({ timeouts: { ...SERVICE_POLICY.timeouts, connectMs: 2 ** 31 } }),
    "servicePolicies row 0: connectMs cannot be 2147483648",
  ],
  [
    "a time that is not whole",
    withService({ timeouts: { ...SERVICE_POLICY.timeouts, responseMs: 0.5 } }),
    "responseMs cannot be 0.5",
  ],
  [
    "a line before the first",
    withService({ origin: { file: "a", line: -1, column: 1 } }),
    "line cannot be -1",
  ],
  ["a service twice on one host", withLines("ANY a,a /"), "take the same requests"],
  ["two services that take one request", withLines("GET,PUT a /x", "PUT a /x"), "same requests"],
  ["two services that take all", withLines("ANY a /:x", "ANY a /:y"), "take the same requests"],
  [
    "33 methods",
    withLines(...Array.from({ length: 33 }, (_, i) => `M${i} a /`)),
    "more than 32 methods",
  ],
  [
    "two pools of one key",
    { ...modelOf([]), pools: [sampleModel.pools[0]!, sampleModel.pools[0]!] },
    "two pools have the key pool-0",
  ],
  [
    "an algorithm that is none",
    withPool({ policy: { ...POOL_POLICY, algorithm: "fastest" as never } }),
    "algorithm cannot be -1",
  ],
  ["a weight of 0", withBackend({ weight: 0 }), "weight cannot be 0"],
  [
    "a backend in another file than its pool",
    withBackend({ origin: { file: "other.yaml", line: 1, column: 1 } }),
    "pool pool-0 is in services/sample.yaml, its backend",
  ],
  [
    "a hash pool without a table",
    withPool({ policy: { ...POOL_POLICY, algorithm: "ip-hash" } }),
    "pool pool-0 has a table it does not need, or needs one",
  ],
  ["a table without a use", withPool({ table: [0] }), "a table it does not need, or needs one"],
  [
    "a table that leads out of its pool",
    withPool({ policy: { ...POOL_POLICY, algorithm: "ip-hash" }, table: [0, 2] }),
    "the table of pool pool-0 names 2",
  ],
  [
    "a status that is none",
    withPool({
      policy: { ...POOL_POLICY, breaker: { ...BREAKER, statuses: [{ first: 99, last: 600 }] } },
    }),
    "statusRanges row 0: first cannot be 99",
  ],
  [
    "a log level that is none",
    modelOf([], { ...sampleModel.settings, logLevels: ["trace" as never] }),
    "logLevels cannot be",
  ],
])("%s is not encoded", (_, model, message) => {
  expect(() => encode(model)).toThrow(EncodeError);
  expect(() => encode(model)).toThrow(message);
});

// Artifacts whose digests are in order and whose numbers are not. What is refused is refused with an
// ArtifactError; what is accepted can be matched on, decoded and shown: nothing throws, nothing hangs,
// no row is out of range.

import fc from "fast-check";
import { expect, test } from "vitest";

import { ArtifactError } from "../../artifact/container.ts";
import { decode, methodNames, settingsOf } from "../../artifact/decode.ts";
import { encode } from "../../artifact/encode.ts";
import { inspectText } from "../../artifact/inspect.ts";
import { NONE } from "../../artifact/layout.ts";
import { Matcher, NO_METHOD, NO_ROUTE } from "../../artifact/match.ts";
import { requestParts } from "../../artifact/request-parts.ts";
import { openArtifact, RowReader, rowCount, type View } from "../../artifact/view.ts";
import { sampleModel } from "../fixtures/artifact-model.ts";
import { placesOf, tamper } from "../fixtures/tampering.ts";
import { model } from "./models.ts";
import { effort, seed } from "./seed.ts";
import { routedRequest, type RoutedRequest } from "./services.ts";

const sample = encode(sampleModel);
const PATHS = [
  "/",
  "/api/v1/x",
  "/users/7",
  "/users/7/posts/8",
  "/users/7/posts/8/9",
  "/caf%C3%A9/a",
  "/a".repeat(64),
  "/users".repeat(70),
  "/".repeat(300),
  "",
];
const HOSTS = [
  "api.example.com",
  "www.example.com",
  "EXAMPLE.com",
  "[::1]",
  "x",
  "",
  "a.".repeat(126),
];
const FIELDS: RoutedRequest["fields"] = [
  ["X-Team", "bälto-12"],
  ["x-team", "4"],
];
const REQUESTS: RoutedRequest[] = HOSTS.flatMap((host) =>
  PATHS.flatMap((path) =>
    ["GET", "DELETE", "X"].map((method) => ({
      method,
      host,
      path,
      fields: FIELDS,
      query: "v=%61",
    })),
  ),
);

/** Opens a file and, where it opens, does with it all that Balto does. True where it opened. */
function survive(file: Uint8Array, requests: readonly RoutedRequest[]): boolean {
  let view: View;
  try {
    view = openArtifact(file);
  } catch (error) {
    if (error instanceof ArtifactError) return false;
    throw error;
  }
  const start = performance.now();
  const matcher = new Matcher(view);
  const routes = new RowReader(view, "routes");
  for (const request of requests) ask(view, matcher, routes, request);
  decode(view);
  settingsOf(view);
  inspectText(view, file.byteLength);
  const ms = performance.now() - start;
  if (ms > 2_000) throw new Error(`it took ${ms} ms`);
  return true;
}

function ask(
  view: View,
  matcher: Matcher,
  routes: RowReader<"routes">,
  { method, host, path, fields, query }: RoutedRequest,
): void {
  const { head, input } = requestParts(fields, query);
  const bytes = Buffer.from(method + host + path);
  const pathAt = method.length + host.length;
  const row = matcher.host(bytes, method.length, pathAt);
  if (row !== NONE && row >= rowCount(view, "hosts")) throw new Error(`host ${row}`);
  const bit = matcher.methodBit(bytes, 0, method.length);
  const route = matcher.match(row, bit, bytes, pathAt, bytes.length, head, input);
  if (route === NO_ROUTE) return;
  if (route === NO_METHOD) {
    if (methodNames(view, matcher.allowedBits).length === 0) throw new Error("nothing is allowed");
    return;
  }
  if (!(route >= 0 && route < routes.count)) throw new Error(`route ${route}`);
  if (!(matcher.rest >= pathAt && matcher.rest <= bytes.length)) throw new Error("rest");
  if (matcher.parameters !== routes.words(route, "parameters").length)
    throw new Error("parameters");
  for (let index = 0; index < matcher.parameters; index++) {
    const from = matcher.parameterStart[index]!;
    const to = matcher.parameterEnd[index]!;
    if (!(from >= pathAt && from < to && to <= matcher.rest)) throw new Error("parameter");
  }
}

test("the sample survives", () => {
  expect(survive(sample, REQUESTS)).toBe(true);
});

test("every number of the sample, changed to any value that could hurt, is survived", () => {
  const limits = [...Array(20).keys(), 64, 65, 255, 2 ** 16, 2 ** 31 - 1, 2 ** 31, NONE - 1, NONE];
  const words = new DataView(sample.buffer, sample.byteOffset);
  let opened = 0;
  for (const { offset } of placesOf(sample)) {
    const value = words.getUint32(offset, true);
    const values = new Set([...limits, value + 1, value - 1, value ^ 0x80, value << 8]);
    for (const other of values) {
      if (other >>> 0 !== value && survive(tamper(sample, [{ offset, value: other }]), REQUESTS)) {
        opened++;
      }
    }
  }
  // Names, places and times may be anything: the requests above were put to many such artifacts.
  expect(opened).toBeGreaterThan(1_000);
}, 180_000);

test("several numbers of any model, changed at once, are survived", () => {
  const change = fc.record({
    place: fc.nat(),
    value: fc.oneof(
      { weight: 6, arbitrary: fc.nat(12) },
      { weight: 1, arbitrary: fc.constantFrom(NONE, NONE - 1, 2 ** 31, 64, 65) },
    ),
  });
  const changes = fc.array(change, { minLength: 1, maxLength: 4 });
  const requests = fc.array(routedRequest, { minLength: 20, maxLength: 20 });
  let opened = 0;
  const property = fc.property(
    model,
    fc.array(changes, { minLength: 20 }),
    requests,
    (given, sets, asked) => {
      const file = encode(given);
      // Texts are left alone: what they hold cannot lead a walk astray.
      const places = placesOf(file).filter(({ kind }) => kind !== "bytes" && kind !== "text");
      for (const set of sets) {
        const tampered = set.map(({ place, value }) => ({
          offset: places[place % places.length]!.offset,
          value,
        }));
        if (survive(tamper(file, tampered), [...REQUESTS.slice(0, 12), ...asked])) opened++;
      }
    },
  );
  fc.assert(property, { seed, numRuns: 100 * effort });
  expect(opened).toBeGreaterThan(100);
}, 60_000);

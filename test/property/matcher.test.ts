import fc from "fast-check";
import { expect, test } from "vitest";

import { methodNames } from "../../artifact/decode.ts";
import { encode } from "../../artifact/encode.ts";
import { Matcher, NO_METHOD, NO_ROUTE } from "../../artifact/match.ts";
import { requestParts } from "../../artifact/request-parts.ts";
import { openArtifact, type View } from "../../artifact/view.ts";
import { modelOf } from "../fixtures/artifact-model.ts";
import { type Answer, referenceMatch } from "./reference-matcher.ts";
import { effort, seed } from "./seed.ts";
import { routedRequest, routedServices, type RoutedRequest } from "./services.ts";

const TREES = 1_000;
const REQUESTS_A_TREE = 110;

test("the matcher answers as the reference does, on 110,000 pairs of tree and request", () => {
  const seen = { pairs: 0, route: 0, "no route": 0, "no method": 0, parameters: 0, inside: 0 };
  const more = { predicates: 0, lower: 0 };
  const requests = fc.array(routedRequest, {
    minLength: REQUESTS_A_TREE,
    maxLength: REQUESTS_A_TREE,
  });
  const property = fc.property(routedServices, requests, (services, list) => {
    const view = openArtifact(encode(modelOf(services)));
    const matcher = new Matcher(view);
    for (const request of list) {
      const expected = referenceMatch(services, request);
      expect({ request, answer: answerOf(view, matcher, request) }).toEqual({
        request,
        answer: expected,
      });
      seen.pairs++;
      seen[expected.kind]++;
      if (expected.kind !== "route") continue;
      const { predicates, priority } = services[expected.route]!;
      if (predicates.length > 0) more.predicates++;
      if (priority < 1000) more.lower++;
      if (expected.parameters.length > 0) seen.parameters++;
      if (expected.rest > 0 && expected.rest < request.path.length) seen.inside++;
    }
  });
  fc.assert(property, { seed, numRuns: TREES * effort });
  // A generator that no longer collides would prove nothing.
  expect(seen.pairs).toBeGreaterThanOrEqual(100_000);
  for (const [what, count] of Object.entries({ ...seen, ...more }))
    expect([what, count > 2_000]).toEqual([what, true]);
}, 60_000);

/** The matcher's answer in the reference's words. The bytes stand between others. */
function answerOf(view: View, matcher: Matcher, request: RoutedRequest): Answer {
  const { method, host, path, fields, query } = request;
  const { head, input } = requestParts(fields, query);
  const bytes = Buffer.from(`/${method}${host}${path}/`);
  const hostAt = 1 + method.length;
  const pathAt = hostAt + host.length;
  const route = matcher.match(
    matcher.host(bytes, hostAt, pathAt),
    matcher.methodBit(bytes, 1, hostAt),
    bytes,
    pathAt,
    bytes.length - 1,
    head,
    input,
  );
  if (route === NO_ROUTE) return { kind: "no route" };
  if (route === NO_METHOD) {
    return { kind: "no method", allowed: methodNames(view, matcher.allowedBits) };
  }
  const parameters = Array.from({ length: matcher.parameters }, (_, index) =>
    bytes.toString("utf8", matcher.parameterStart[index], matcher.parameterEnd[index]),
  );
  return { kind: "route", route, rest: matcher.rest - pathAt, parameters };
}

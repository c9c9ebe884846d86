// What an observer makes of the identifiers that a client sends, and what leaves Balto of them.

import { expect, test } from "vitest";

import { encode } from "../../../artifact/encode.ts";
import { openArtifact } from "../../../artifact/view.ts";
import { Generation } from "../../../dataplane/generation.ts";
import { FIELD } from "../../../dataplane/http/fields.ts";
import { Output } from "../../../dataplane/http/output.ts";
import { RequestHead } from "../../../dataplane/http/request-head.ts";
import { createSegment } from "../../../dataplane/metrics/recorder.ts";
import { createRing } from "../../../dataplane/access-log/line-ring.ts";
import type { Account } from "../../../dataplane/observation/account.ts";
import type { FromObserver } from "../../../dataplane/observation/messages.ts";
import { Observer } from "../../../dataplane/observation/observer.ts";
import { PoolRegistry } from "../../../dataplane/pool/pool-registry.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { modelOf, route, SETTINGS } from "../../fixtures/artifact-model.ts";

type Settings = typeof SETTINGS;

const TRUSTED = "10.0.0.1";
const STRANGER = "192.0.2.1";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

function observing(settings: Partial<Settings> = {}) {
  const model = modelOf([route("ANY * /*")], {
    ...SETTINGS,
    trustedProxies: ["10.0.0.0/8"],
    ...settings,
  });
  const view = openArtifact(encode(model));
  const told: FromObserver[] = [];
  const observer = new Observer({ metrics: createSegment(), lines: createRing() }, (message) =>
    told.push(message),
  );
  const pools = new PoolRegistry({
    state: PoolState.over(PoolState.create(1).buffer, 0),
    names: { watch: () => expect.unreachable("no backend has a name") },
    tell() {},
    random: Math.random,
  });
  observer.serve(new Generation(view, new Map(), pools));
  return { observer, told };
}

const HEAD = { headBytesMax: 8_192, fieldsMax: 50, targetBytesMax: 1_000 };

/** The account of a request with these fields. */
function begin(observer: Observer, fields: readonly string[], peer = STRANGER): Account {
  const text = ["GET / HTTP/1.1", "Host: a.test", ...fields, "", ""].join("\r\n");
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead(HEAD);
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  return observer.begin(head, bytes, { peer, isTls: false });
}

/** The fields that Balto sends to the backend of its own. */
function sent(account: Account): Record<string, string> {
  const output = new Output();
  account.writeRequestFields(output);
  const lines = output.snapshot().toString("latin1").split("\r\n");
  expect(lines.pop()).toBe("");
  return Object.fromEntries(lines.map((line) => line.split(": ") as [string, string]));
}

test("a request gets an id, which begins its trace, too", () => {
  const { observer } = observing();
  const account = begin(observer, []);
  const fields = sent(account);
  expect(fields["X-Request-Id"]).toMatch(/^[0-9a-f]{32}$/);
  expect(fields["traceparent"]).toMatch(
    new RegExp(`^00-${fields["X-Request-Id"]}-[0-9a-f]{16}-02$`),
  );
  expect(account.answerFields).toBe(`X-Request-Id: ${fields["X-Request-Id"]}\r\n`);
  expect(account.idText).toBe(fields["X-Request-Id"]);
});

test("no two ids are equal", () => {
  const { observer } = observing();
  const ids = new Set<string>();
  for (let n = 0; n < 20_000; n++) {
    const account = begin(observer, []);
    ids.add(account.idText);
    account.end(0, 0);
  }
  expect(ids.size).toBe(20_000);
});

test("the id of a trusted peer is kept, that of a stranger is not", () => {
  const { observer } = observing();
  const fields = ["X-Request-Id: abc.DEF-123_~"];
  const kept = begin(observer, fields, TRUSTED);
  expect(sent(kept)["X-Request-Id"]).toBe("abc.DEF-123_~");
  expect(kept.answerFields).toBe("X-Request-Id: abc.DEF-123_~\r\n");
  const made = begin(observer, fields, STRANGER);
  expect(sent(made)["X-Request-Id"]).toMatch(/^[0-9a-f]{32}$/);
  for (const account of [kept, made]) expect(account.passes(FIELD.REQUEST_ID)).toBe(false);
});

test.each([
  ["empty", ""],
  ["too long", "x".repeat(129)],
  ["with a quote", 'a"b'],
  ["with white space", "a b"],
  ["with bytes of other alphabets", "\xe9"],
])("an id that is %s is made anew, whoever sent it", (_, id) => {
  const { observer } = observing();
  const account = begin(observer, [`X-Request-Id: ${id}`], TRUSTED);
  expect(sent(account)["X-Request-Id"]).toMatch(/^[0-9a-f]{32}$/);
});

test("with ids turned off the field is passed on, and the trace still begins", () => {
  const { observer } = observing({ requestId: { enabled: false } });
  const account = begin(observer, ["X-Request-Id: mine"]);
  expect(account.passes(FIELD.REQUEST_ID)).toBe(true);
  expect(Object.keys(sent(account))).toEqual(["traceparent"]);
  expect(account.answerFields).toBe("");
});

test("a trace that is under way is passed on as it is, with its state", () => {
  const { observer } = observing();
  const account = begin(observer, [`traceparent: 00-${TRACE}-${PARENT}-01`, "tracestate: a=b"]);
  expect(account.passes(FIELD.TRACEPARENT)).toBe(true);
  expect(account.passes(FIELD.TRACESTATE)).toBe(true);
  expect(sent(account)).not.toHaveProperty("traceparent");
});

test.each([
  ["broken", ["traceparent: 00-xyz", "tracestate: a=b"]],
  [
    "there twice",
    [
      `traceparent: 00-${TRACE}-${PARENT}-01`,
      `traceparent: 00-${TRACE}-${PARENT}-01`,
      "tracestate: a=b",
    ],
  ],
  ["not there, only its state", ["tracestate: a=b"]],
])("a traceparent that is %s is begun anew, without the state", (_, fields) => {
  const { observer } = observing();
  const account = begin(observer, fields);
  expect(account.passes(FIELD.TRACEPARENT)).toBe(false);
  expect(account.passes(FIELD.TRACESTATE)).toBe(false);
  const { traceparent } = sent(account);
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
  expect(traceparent).not.toContain(TRACE);
});

const TRACING = { endpoint: "http://127.0.0.1:1", serviceName: "balto" };

test("a trace that is sent goes on with a span of ours, and keeps its state", () => {
  const { observer, told } = observing({ tracing: { ...TRACING, sampleMillionths: 0 } });
  const account = begin(
    observer,
    [`traceparent: 00-${TRACE}-${PARENT}-01`, "tracestate: a=b"],
    TRUSTED,
  );
  expect(account.passes(FIELD.TRACEPARENT)).toBe(false);
  expect(account.passes(FIELD.TRACESTATE)).toBe(true);
  const { traceparent } = sent(account);
  expect(traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  expect(traceparent).not.toContain(PARENT);
  account.replied(404, 0);
  account.end(0, 0);
  observer.finish();
  expect(told.find(({ type }) => type === "spans")).toMatchObject({
    spans: [{ traceId: TRACE, parentId: PARENT, status: 404, method: "GET", peer: TRUSTED }],
  });
});

test("a trusted peer that has decided against it is followed, a stranger decides nothing", () => {
  const all = observing({ tracing: { ...TRACING, sampleMillionths: 1_000_000 } });
  const unsampled = [`traceparent: 00-${TRACE}-${PARENT}-00`];
  expect(begin(all.observer, unsampled, TRUSTED).isSampled).toBe(false);
  expect(begin(all.observer, unsampled, STRANGER).isSampled).toBe(true);
  const none = observing({ tracing: { ...TRACING, sampleMillionths: 0 } });
  const stranger = begin(none.observer, [`traceparent: 00-${TRACE}-${PARENT}-01`], STRANGER);
  expect(stranger.isSampled).toBe(false);
  expect(stranger.passes(FIELD.TRACEPARENT)).toBe(true);
});

test("a share of the traces that begin here is sent", () => {
  const { observer } = observing({ tracing: { ...TRACING, sampleMillionths: 250_000 } });
  let sampled = 0;
  for (let n = 0; n < 4_000; n++) {
    const account = begin(observer, []);
    if (account.isSampled) {
      sampled++;
      expect(sent(account)["traceparent"]).toMatch(/-03$/);
    }
    account.replied(404, 0);
    account.end(0, 0);
  }
  // Five standard deviations from 1,000.
  expect(Math.abs(sampled - 1_000)).toBeLessThan(140);
});

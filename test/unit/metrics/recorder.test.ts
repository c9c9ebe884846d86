// What threads count is there to read, whatever becomes of the thread or the route.

import { expect, test } from "vitest";

import { BackendMeter } from "../../../dataplane/metrics/backend-meter.ts";
import { BACKEND, THREAD } from "../../../dataplane/metrics/cells.ts";
import { Directory } from "../../../dataplane/metrics/directory.ts";
import { Exposition } from "../../../dataplane/metrics/exposition.ts";
import { writeHotFamilies } from "../../../dataplane/metrics/hot-families.ts";
import { METHOD_LABELS } from "../../../dataplane/metrics/method-label.ts";
import { Recorder } from "../../../dataplane/metrics/recorder.ts";
import type { Counted } from "../../../dataplane/metrics/route-meter.ts";

const GET = METHOD_LABELS.indexOf("GET");
const answered: Counted = {
  status: 200,
  requestBytes: 3,
  responseBytes: 5,
  retries: 0,
  totalMs: 7,
  ttfbMs: 2,
};

/** A thread that writes into a directory. */
function thread(directory: Directory, name: string, rowsMax?: number): Recorder {
  return new Recorder(
    directory.open(name),
    (message) => directory.receive(name, structuredClone(message)),
    rowsMax,
  );
}

/** All samples there are: name and labels → value. */
function samples(directory: Directory): Map<string, number> {
  const exposition = new Exposition();
  let text = "";
  for (const _ of writeHotFamilies(directory, exposition)) text += exposition.take();
  text += exposition.take();
  return new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

const LABELS = 'service="users",route="/users/:id",method="GET",backend_id="a"';

test("what several threads count is added up", () => {
  const directory = new Directory();
  for (const name of ["0", "1"]) {
    const recorder = thread(directory, name);
    const route = recorder.route("users", "/users/:id");
    for (let i = 0; i < 10; i++) route.count(GET, recorder.backend("a"), answered);
  }
  const all = samples(directory);
  expect(all.get(`balto_requests_total{${LABELS},status_code="200"}`)).toBe(20);
  expect(all.get(`balto_request_bytes_total{${LABELS}}`)).toBe(60);
  expect(all.get(`balto_response_bytes_total{${LABELS}}`)).toBe(100);
  expect(all.get(`balto_retries_total{${LABELS}}`)).toBe(0);
  expect(all.get(`balto_ttfb_seconds_count{${LABELS}}`)).toBe(20);
  expect(all.get(`balto_ttfb_seconds_sum{${LABELS}}`)).toBeCloseTo(0.04, 9);
});

test("a value falls into the first bucket that it is not above, and buckets add up", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  const route = recorder.route("users", "/users/:id");
  for (const totalMs of [0, 1, 1.001, 5, 2_500, 10_000, 10_001]) {
    route.count(GET, recorder.backend("a"), { ...answered, totalMs });
  }
  const all = samples(directory);
  const bucket = (le: string): number | undefined =>
    all.get(`balto_request_duration_seconds_bucket{${LABELS},status_code="200",le="${le}"}`);
  expect([bucket("0.001"), bucket("0.005"), bucket("2.5"), bucket("10")]).toEqual([2, 4, 5, 6]);
  expect(bucket("+Inf")).toBe(7);
  expect(all.get(`balto_request_duration_seconds_count{${LABELS},status_code="200"}`)).toBe(7);
});

test("an answer that no backend gave has no time to its first byte", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  const own = { ...answered, status: 503, ttfbMs: -1 };
  recorder.route("users", "/").count(GET, recorder.backend(""), own);
  const all = samples(directory);
  const labels = 'service="users",route="/",method="GET",backend_id=""';
  expect(all.get(`balto_requests_total{${labels},status_code="503"}`)).toBe(1);
  expect(all.get(`balto_ttfb_seconds_count{${labels}}`)).toBe(0);
});

test("more rows than a segment holds find room in others", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  for (let n = 0; n < 2_000; n++) {
    recorder.route(`service-${n}`, "/").count(GET, recorder.backend("a"), answered);
  }
  const all = samples(directory);
  for (const n of [0, 1, 999, 1_999]) {
    const labels = `service="service-${n}",route="/",method="GET",backend_id="a",status_code="200"`;
    expect(all.get(`balto_requests_total{${labels}}`)).toBe(1);
  }
});

test("what finds no room is counted as such, and spoils nothing", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0", 4);
  for (let n = 0; n < 4; n++) {
    recorder.route(`service-${n}`, "/").count(GET, recorder.backend(""), answered);
  }
  const kept = [...samples(directory).keys()].filter((name) => name.startsWith("balto_requests_"));
  expect(kept.filter((name) => name.startsWith("balto_requests_total"))).toHaveLength(2);
  expect(directory.total(THREAD.unrecorded)).toBeGreaterThan(0);
});

test("a thread that dies leaves what it counted, and not what it held", () => {
  const directory = new Directory();
  const first = thread(directory, "0");
  first.route("users", "/users/:id").count(GET, first.backend("a"), answered);
  first.backend("a").started(false);
  first.thread.connectionOpened();
  const second = thread(directory, "0");
  second.route("users", "/users/:id").count(GET, second.backend("a"), answered);
  const all = samples(directory);
  expect(all.get(`balto_requests_total{${LABELS},status_code="200"}`)).toBe(2);
  expect(all.get('balto_backend_active_connections{backend_id="a"}')).toBe(0);
  expect(all.get('balto_upstream_connections_created_total{backend_id="a"}')).toBe(1);
  expect(all.get('balto_connections{worker="0"}')).toBe(0);
  expect(all.get('balto_connections_accepted_total{worker="0"}')).toBe(1);
});

test("the last words of a thread that has died are no trouble", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  directory.close("0");
  recorder.route("users", "/").count(GET, recorder.backend("a"), answered);
  expect(directory.total(THREAD.requests)).toBe(0);
});

test("rows that nobody wants go, their places are used again, from zero", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  recorder.generation = 1;
  recorder.route("old", "/").count(GET, recorder.backend("a"), answered);
  recorder.route("kept", "/").count(GET, recorder.backend("b"), answered);
  recorder.backend("a").failed("http_error");
  const before = directory.size;
  recorder.generation = 2;
  const [forgotten] = directory.prune(({ labels }) => labels[0] !== "old" && labels[0] !== "a");
  expect(forgotten!.places).toHaveLength(3);
  recorder.forget(forgotten!.places);
  const all = samples(directory);
  expect([...all.keys()].filter((name) => name.includes("old"))).toEqual([]);
  const kept = 'service="kept",route="/",method="GET",backend_id="b",status_code="200"';
  expect(all.get(`balto_requests_total{${kept}}`)).toBe(1);

  recorder.route("new", "/").count(GET, recorder.backend("c"), answered);
  recorder.backend("c").failed("http_error");
  expect(directory.size).toBe(before);
  const [entry] = directory.entries("backend");
  expect(directory.cell(entry!, BACKEND.httpErrors)).toBe(1);
  const made = 'service="new",route="/",method="GET",backend_id="c",status_code="200"';
  expect(samples(directory).get(`balto_requests_total{${made}}`)).toBe(1);
});

test("what ends after its route has gone does not bring the route back", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  recorder.generation = 1;
  const route = recorder.route("old", "/");
  const backend = recorder.backend("a");
  route.count(GET, backend, answered);
  const row = backend.started(true);
  recorder.generation = 2;
  for (const { places } of directory.prune(() => false)) recorder.forget(places);
  BackendMeter.ended(row);
  route.count(GET, backend, answered);
  expect([...samples(directory).keys()].filter((name) => name.includes("old"))).toEqual([]);
});

test("a backend that comes back counts from zero", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  const backend = recorder.backend("a");
  backend.failed("http_error");
  for (const { places } of directory.prune(() => false)) recorder.forget(places);
  backend.failed("http_error");
  const [entry] = directory.entries("backend");
  expect(directory.cell(entry!, BACKEND.httpErrors)).toBe(1);
});

test("a label holds any text", () => {
  const directory = new Directory();
  const recorder = thread(directory, "0");
  recorder.route('a"b\\c', "/").count(GET, recorder.backend(""), answered);
  const names = [...samples(directory).keys()].join("\n");
  expect(names).toContain('service="a\\"b\\\\c"');
});

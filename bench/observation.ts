/**
 * Observation: what it costs a worker to note one exchange, from its head to its end, and what it costs
 * the main thread to write the metrics page.
 */
import { encode } from "../artifact/encode.ts";
import { openArtifact } from "../artifact/view.ts";
import { createRing, LineReader } from "../dataplane/access-log/line-ring.ts";
import { Generation } from "../dataplane/generation.ts";
import { Output } from "../dataplane/http/output.ts";
import { RequestHead } from "../dataplane/http/request-head.ts";
import { LATENCY_BOUNDS, observe } from "../dataplane/metrics/cells.ts";
import { Directory } from "../dataplane/metrics/directory.ts";
import { Exposition } from "../dataplane/metrics/exposition.ts";
import { writeHotFamilies } from "../dataplane/metrics/hot-families.ts";
import { createSegment, Recorder } from "../dataplane/metrics/recorder.ts";
import { Observer } from "../dataplane/observation/observer.ts";
import { PoolRegistry } from "../dataplane/pool/pool-registry.ts";
import { PoolState } from "../dataplane/pool/state/pool-state.ts";
import type { Settings } from "../artifact/model.ts";
import { modelOf } from "./artifact-model.ts";
import { nsPerCall, printTable } from "./harness.ts";

/** Measures and prints two tables. */
export async function run(): Promise<void> {
  const logged = { enabled: true, path: "", sampleMillionths: 1_000_000, query: false } as const;
  const traced = { endpoint: "http://127.0.0.1:1", serviceName: "balto" } as const;
  const cases: [string, Partial<Settings>][] = [
    ["as it is", {}],
    ["without ids", { requestId: { enabled: false } }],
    ["access log, JSON", { accessLog: { ...logged, format: "json" } }],
    ["access log, combined", { accessLog: { ...logged, format: "combined" } }],
    ["1% of the traces", { tracing: { ...traced, sampleMillionths: 10_000 } }],
  ];
  const rows: string[][] = [
    ["one histogram", (await nsPerCall(histogramUpdate())).toFixed(1)],
    ["all metrics of an exchange", (await nsPerCall(exchangeCount())).toFixed(1)],
  ];
  for (const [name, settings] of cases)
    rows.push([name, (await nsPerCall(exchangeOf(settings))).toFixed(0)]);
  printTable("observation: one exchange, ns", ["", "ns"], rows);
  const pages = [1_000, 10_000, 100_000].map((series) => pageOf(series));
  printTable("metrics page", ["series", "ms", "longest piece, ms", "MB"], pages);
}

function histogramUpdate(): () => void {
  const cells = new Float64Array(new SharedArrayBuffer(14 * 8));
  return () => observe(cells, 0, LATENCY_BOUNDS, 0.002);
}

const COUNTED = {
  status: 200,
  requestBytes: 0,
  responseBytes: 60,
  retries: 0,
  totalMs: 2,
  ttfbMs: 1,
};

function exchangeCount(): () => void {
  const recorder = new Recorder(createSegment(), () => {});
  const route = recorder.route("users", "/users/:id");
  const backend = recorder.backend("users-http://localhost:8081");
  return () => route.count(0, backend, COUNTED);
}

/** A usual request, whose identifiers are made and written, and its answer. */
function exchangeOf(settings: Partial<Settings>): () => void {
  const model = modelOf(1);
  const view = openArtifact(encode({ ...model, settings: { ...model.settings, ...settings } }));
  const lines = createRing();
  const reader = new LineReader(lines);
  const observer = new Observer({ metrics: createSegment(), lines }, ({ type }) => {
    if (type === "lines") {
      reader.take();
      reader.release();
    }
    if (type === "spans") observer.receive({ type: "spans-taken" });
  });
  const urls = model.pools.flatMap(({ backends }) => backends.map(({ url }) => url));
  const resolved = new Map(urls.map((url, index) => [url, `http://10.0.0.1:${8_000 + index}`]));
  const pools = new PoolRegistry({
    state: PoolState.over(PoolState.create(1).buffer, 0),
    names: { watch: () => NO_WATCH },
    tell: () => {},
    random: Math.random,
  });
  const generation = new Generation(view, resolved, pools);
  observer.serve(generation);
  const route = generation.route(0);
  const backend = route.pool.backends[0]!;
  const head = new RequestHead({ headBytesMax: 8_192, fieldsMax: 50, targetBytesMax: 1_000 });
  head.parse(REQUEST, 0, REQUEST.length);
  const output = new Output();
  const from = { peer: "192.0.2.1", isTls: false };
  return () => {
    const account = observer.begin(head, REQUEST, from);
    account.routed(route);
    account.attempt(backend, true);
    output.clear();
    account.writeRequestFields(output);
    account.answered(200, backend);
    account.writeAnswerFields(output);
    account.end(0, 60);
    observer.releaseClock();
  };
}

const NO_WATCH = { endpoints: [], error: "", settled() {}, failed() {}, close() {} };

const REQUEST = Buffer.from(
  "GET /api/v1/users/1 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: curl/8.5\r\nAccept: */*\r\n" +
    "Accept-Encoding: gzip\r\nCookie: session=0123456789abcdef\r\n\r\n",
);

/** Writes a page of about so many series, two threads having counted. */
function pageOf(series: number): string[] {
  const directory = new Directory();
  // A route with one backend and one status has 50 of them.
  const routes = Math.ceil(series / 50);
  for (const name of ["0", "1"]) {
    const recorder = new Recorder(
      directory.open(name),
      (message) => directory.receive(name, message),
      Infinity,
    );
    for (let n = 0; n < routes; n++) {
      const route = recorder.route(`service-${n}`, `/service-${n}/:id`);
      route.count(0, recorder.backend(`service-${n}.example.com-http://10.0.0.1:${n}`), COUNTED);
    }
  }
  let best = { total: Infinity, longest: 0, bytes: 0, count: 0 };
  for (let runs = 0; runs < 5; runs++) {
    const exposition = new Exposition();
    let longest = 0;
    let bytes = 0;
    let count = 0;
    const start = performance.now();
    let at = start;
    const take = (): void => {
      const text = exposition.take();
      bytes += Buffer.from(text).length;
      const now = performance.now();
      longest = Math.max(longest, now - at);
      at = now;
      count += runs === 0 ? text.split("\n").length - 1 : 0;
    };
    for (const _ of writeHotFamilies(directory, exposition)) take();
    take();
    const total = performance.now() - start;
    best.count = Math.max(best.count, count);
    if (total < best.total) best = { total, longest, bytes, count: best.count };
  }
  return [
    best.count.toLocaleString("en"),
    best.total.toFixed(1),
    best.longest.toFixed(2),
    (best.bytes / 1e6).toFixed(1),
  ];
}

if (import.meta.main) await run();

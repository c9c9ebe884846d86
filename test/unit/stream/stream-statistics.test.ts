// Stream statistics: what workers count is added up by stream and backend, and outlives the worker.

import { expect, test } from "vitest";

import { StreamCounters } from "../../../dataplane/stream/stream-counters.ts";
import { StreamStatistics } from "../../../dataplane/stream/stream-statistics.ts";

function setUp(workers: number) {
  const statistics = new StreamStatistics(workers);
  const counters = Array.from(
    { length: workers },
    (_, worker) =>
      new StreamCounters(statistics.memory, worker, (row) => statistics.named(worker, row)),
  );
  return { statistics, counters };
}

test("connections, bytes, durations and causes of all workers are added up", () => {
  const { statistics, counters } = setUp(2);
  for (const [n, worker] of counters.entries()) {
    const row = worker.row("s", "b");
    worker.opened(row);
    worker.opened(row);
    worker.passed(row, 10, 1_000);
    worker.passed(row, 5, 0);
    worker.closed(row, n === 0 ? "finished" : "idle", n === 0 ? 50 : 5_000_000);
    worker.failed(worker.row("s", ""), "no-route");
  }
  const [none, backend, ...rest] = statistics.snapshot();
  expect(rest).toEqual([]);
  expect(none).toMatchObject({ stream: "s", backend: "", opened: 0, causes: { "no-route": 2 } });
  expect(backend).toMatchObject({
    stream: "s",
    backend: "b",
    opened: 4,
    open: 2,
    bytesIn: 30,
    bytesOut: 2_000,
    durationMs: 5_000_050,
    causes: { finished: 1, idle: 1 },
  });
  expect(backend!.durations.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1, 2]);
});

test("what a worker has counted stays when it dies, and its connections are open no more", () => {
  const { statistics, counters } = setUp(2);
  for (let death = 0; death < 3; death++) {
    const reborn = new StreamCounters(statistics.memory, 0, (row) => statistics.named(0, row));
    const row = reborn.row("s", "b");
    reborn.opened(row);
    reborn.passed(row, 1, 2);
    statistics.forget(0);
  }
  const row = counters[1]!.row("s", "b");
  counters[1]!.opened(row);
  expect(statistics.snapshot()).toMatchObject([{ opened: 4, open: 1, bytesIn: 3, bytesOut: 6 }]);
});

test("more streams and backends than there are rows are counted without a name, and harm nobody", () => {
  const { statistics, counters } = setUp(2);
  const [worker, other] = counters as [StreamCounters, StreamCounters];
  other.opened(other.row("other", "b"));
  for (let n = 0; n < 5_000; n++) worker.opened(worker.row(`s${n}`, "b"));
  const snapshot = statistics.snapshot();
  expect(snapshot.length).toBeLessThan(5_000);
  expect(snapshot.find(({ stream }) => stream === "other")).toMatchObject({ opened: 1 });
  expect(snapshot.every(({ opened }) => opened === 1)).toBe(true);
});

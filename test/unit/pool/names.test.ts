/** Names across threads: what workers want to know, and what the main thread tells them. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { FromWorker, ToWorker } from "../../../dataplane/messages.ts";
import type { Endpoint, NamePolicy } from "../../../dataplane/pool/endpoints.ts";
import { NameDirectory } from "../../../dataplane/pool/name-directory.ts";
import { RemoteNames } from "../../../dataplane/pool/remote-names.ts";
import { WorkerNames } from "../../../dataplane/pool/worker-names.ts";
import { memoryLog } from "../../harness/memory-log.ts";

const policy: NamePolicy = { refreshMs: 10_000, family: "auto" };

/** A main thread and some workers that speak by messages, without threads. */
class Threads {
  answer: readonly string[] | Error = ["10.0.0.1"];
  asked = 0;
  readonly told: ToWorker[][] = [];
  readonly directory: NameDirectory;
  readonly main: WorkerNames;
  readonly workers: RemoteNames[];

  constructor(workers: number) {
    this.directory = new NameDirectory({ resolve: () => this.#resolve() }, memoryLog().log);
    this.main = new WorkerNames(this.directory, (worker, message) => {
      this.told[worker]!.push(message);
      const { type, ...rest } = structuredClone(message) as ToWorker & { type: "endpoints" };
      expect(type).toBe("endpoints");
      queueMicrotask(() => this.workers[worker]!.learnt(rest.key, rest.endpoints, rest.error));
    });
    this.workers = Array.from({ length: workers }, (_, index) => {
      this.told[index] = [];
      return new RemoteNames((message) => {
        const wanted = structuredClone(message) as FromWorker & { type: "name" };
        queueMicrotask(() => this.main.wanted(index, wanted));
      });
    });
  }

  #resolve(): Promise<Endpoint[]> {
    this.asked++;
    if (this.answer instanceof Error) return Promise.reject(this.answer);
    const plain = { port: 0, weight: 1, priority: 0, target: "" };
    return Promise.resolve(this.answer.map((address) => ({ ...plain, address })));
  }
}

const addressesOf = ({ endpoints }: { endpoints: readonly Endpoint[] }): string[] =>
  endpoints.map(({ address }) => address);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("all workers hear of a name that is asked for once", async () => {
  const threads = new Threads(2);
  const changes: string[] = [];
  const watches = threads.workers.map((names, index) =>
    names.watch("users.test", policy, () => changes.push(String(index))),
  );
  expect(watches.map(addressesOf)).toEqual([[], []]);
  await vi.advanceTimersByTimeAsync(0);
  expect(watches.map(addressesOf)).toEqual([["10.0.0.1"], ["10.0.0.1"]]);
  expect(threads.asked).toBe(1);
  threads.answer = ["10.0.0.2"];
  await vi.advanceTimersByTimeAsync(10_000);
  expect(watches.map(addressesOf)).toEqual([["10.0.0.2"], ["10.0.0.2"]]);
  expect(changes.toSorted()).toEqual(["0", "0", "1", "1"]);
});

test("uses of one worker share what they know", async () => {
  const threads = new Threads(1);
  const [names] = threads.workers as [RemoteNames];
  const first = names.watch("users.test", policy, () => {});
  await vi.advanceTimersByTimeAsync(0);
  const second = names.watch("users.test", policy, () => {});
  expect(addressesOf(second)).toEqual(["10.0.0.1"]);
  first.close();
  first.close();
  threads.answer = ["10.0.0.2"];
  await vi.advanceTimersByTimeAsync(10_000);
  expect(addressesOf(second)).toEqual(["10.0.0.2"]);
  second.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(threads.directory.size).toBe(0);
});

test("a failed connection of any worker makes the name be asked for again", async () => {
  const threads = new Threads(2);
  const watches = threads.workers.map((names) => names.watch("users.test", policy, () => {}));
  await vi.advanceTimersByTimeAsync(2_000);
  threads.answer = ["10.0.0.2"];
  for (let n = 0; n < 10; n++) for (const watch of watches) watch.failed();
  await vi.advanceTimersByTimeAsync(0);
  expect(threads.asked).toBe(2);
  expect(watches.map(addressesOf)).toEqual([["10.0.0.2"], ["10.0.0.2"]]);
});

test("a connection that waits for a name hears of a failure and can wait again", async () => {
  const threads = new Threads(1);
  const [names] = threads.workers as [RemoteNames];
  threads.answer = new Error("ESERVFAIL");
  const watch = names.watch("users.test", policy, () => {});
  const heard: string[] = [];
  const hear = (): unknown => heard.push(watch.error || addressesOf(watch).join());
  watch.settled(hear);
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual(["users.test: ESERVFAIL"]);
  threads.answer = ["10.0.0.1"];
  watch.settled(hear);
  watch.settled(hear);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(heard).toEqual(["users.test: ESERVFAIL", "10.0.0.1", "10.0.0.1"]);
});

test("a changed interval takes effect with the next use", async () => {
  const threads = new Threads(1);
  const [names] = threads.workers as [RemoteNames];
  const before = names.watch("users.test", policy, () => {});
  await vi.advanceTimersByTimeAsync(0);
  const after = names.watch("users.test", { ...policy, refreshMs: 1_000 }, () => {});
  before.close();
  await vi.advanceTimersByTimeAsync(5_100);
  expect(threads.asked).toBeGreaterThanOrEqual(5);
  expect(addressesOf(after)).toEqual(["10.0.0.1"]);
});

test("a worker that ends uses nothing any more, and is told nothing", async () => {
  const threads = new Threads(2);
  for (const names of threads.workers) names.watch("users.test", policy, () => {});
  await vi.advanceTimersByTimeAsync(0);
  threads.main.forget(0);
  const before = threads.told[0]!.length;
  threads.answer = ["10.0.0.2"];
  await vi.advanceTimersByTimeAsync(10_000);
  expect(threads.told[0]).toHaveLength(before);
  threads.main.forget(1);
  expect(threads.directory.size).toBe(0);
});

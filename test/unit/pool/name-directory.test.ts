/** The name directory: when a name is asked for, and what is made of the answers. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Endpoint, NamePolicy } from "../../../dataplane/pool/endpoints.ts";
import { NameDirectory } from "../../../dataplane/pool/name-directory.ts";
import { memoryLog } from "../../harness/memory-log.ts";

const policy: NamePolicy = { refreshMs: 10_000, family: "auto" };

/** Answers of a name, in turn; the last one stays. A text is a failure. */
class Script {
  asked = 0;
  answers: (readonly string[] | string)[];

  constructor(...answers: (readonly string[] | string)[]) {
    this.answers = answers;
  }

  resolve = (): Promise<Endpoint[]> => {
    const answer = this.answers[Math.min(this.asked++, this.answers.length - 1)]!;
    if (typeof answer === "string") return Promise.reject(new Error(answer));
    const plain = { port: 0, weight: 1, priority: 0, target: "" };
    return Promise.resolve(answer.map((address) => ({ ...plain, address })));
  };
}

const addressesOf = ({ endpoints }: { endpoints: readonly Endpoint[] }): string[] =>
  endpoints.map(({ address }) => address);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a name is asked for at once, once for all its uses, and again within its interval", async () => {
  const script = new Script(["10.0.0.1"]);
  const directory = new NameDirectory(script, memoryLog().log);
  const watches = [0, 1, 2].map(() => directory.watch("users.test", policy, () => {}));
  await vi.advanceTimersByTimeAsync(0);
  expect(script.asked).toBe(1);
  expect(watches.map(addressesOf)).toEqual([["10.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]]);
  await vi.advanceTimersByTimeAsync(8_900);
  expect(script.asked).toBe(1);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(script.asked).toBe(2);
});

test("the shortest interval of all uses holds, while it is in use", async () => {
  const script = new Script(["10.0.0.1"]);
  const directory = new NameDirectory(script, memoryLog().log);
  directory.watch("users.test", policy, () => {});
  await vi.advanceTimersByTimeAsync(0);
  const often = directory.watch("users.test", { ...policy, refreshMs: 1_000 }, () => {});
  await vi.advanceTimersByTimeAsync(3_500);
  expect(script.asked).toBe(4);
  often.close();
  await vi.advanceTimersByTimeAsync(1_000);
  const before = script.asked;
  await vi.advanceTimersByTimeAsync(8_000);
  expect(script.asked).toBe(before);
});

test("uses are told of a change, and of nothing else", async () => {
  const script = new Script(["10.0.0.1"], ["10.0.0.1"], ["10.0.0.1", "10.0.0.2"], "ESERVFAIL");
  const { log, lines } = memoryLog();
  const directory = new NameDirectory(script, log);
  const told: string[][] = [];
  const watch = directory.watch("users.test", policy, () => told.push(addressesOf(watch)));
  await vi.advanceTimersByTimeAsync(45_000);
  expect(told).toEqual([["10.0.0.1"], ["10.0.0.1", "10.0.0.2"]]);
  expect(lines.find(({ message }) => message === "Name leads elsewhere")).toMatchObject({
    level: "info",
    module: "dns",
    host: "users.test",
    added: ["10.0.0.2"],
    removed: [],
  });
});

test("the last good answer stays when later ones fail, which is said once", async () => {
  const script = new Script(["10.0.0.1"], "ESERVFAIL", "ETIMEOUT", "ESERVFAIL", ["10.0.0.1"]);
  const { log, lines } = memoryLog();
  const directory = new NameDirectory(script, log);
  const watch = directory.watch("users.test", policy, () => {});
  await vi.advanceTimersByTimeAsync(35_000);
  expect(script.asked).toBe(4);
  expect(addressesOf(watch)).toEqual(["10.0.0.1"]);
  expect(lines.map(({ message }) => message)).toEqual([
    "Name cannot be resolved, its last endpoints stay",
  ]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lines.map(({ message }) => message)).toEqual([
    "Name cannot be resolved, its last endpoints stay",
    "Name resolved again",
  ]);
});

test("a failed connection makes it ask soon, but not more than once a second", async () => {
  const script = new Script(["10.0.0.1"], ["10.0.0.2"]);
  const directory = new NameDirectory(script, memoryLog().log);
  const watch = directory.watch("users.test", policy, () => {});
  await vi.advanceTimersByTimeAsync(3_000);
  for (let n = 0; n < 100; n++) watch.failed();
  await vi.advanceTimersByTimeAsync(0);
  expect(script.asked).toBe(2);
  expect(addressesOf(watch)).toEqual(["10.0.0.2"]);
  for (let n = 0; n < 10; n++) {
    watch.failed();
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(100);
  expect(script.asked).toBe(3);
});

test("who waits for the first answer hears of it, or of the failure", async () => {
  const script = new Script("ESERVFAIL", ["10.0.0.1"]);
  const directory = new NameDirectory(script, memoryLog().log);
  const watch = directory.watch("users.test", policy, () => {});
  const heard: string[] = [];
  const hear = (): unknown => heard.push(watch.error || addressesOf(watch).join());
  watch.settled(hear);
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual(["users.test: ESERVFAIL"]);
  // It is asked for again for who comes then, a second after the first time.
  watch.settled(hear);
  expect(heard).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(heard).toEqual(["users.test: ESERVFAIL", "10.0.0.1"]);
  watch.settled(hear);
  expect(heard).toHaveLength(3);
});

test("a name that nobody uses is not asked for any more, and begins anew", async () => {
  const script = new Script(["10.0.0.1"]);
  const directory = new NameDirectory(script, memoryLog().log);
  const watch = directory.watch("users.test", policy, () => {});
  await vi.advanceTimersByTimeAsync(0);
  watch.close();
  watch.close();
  expect(directory.size).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(script.asked).toBe(1);
  const again = directory.watch("users.test", policy, () => {});
  expect(again.endpoints).toEqual([]);
  await vi.advanceTimersByTimeAsync(0);
  expect(addressesOf(again)).toEqual(["10.0.0.1"]);
});

// What a data plane does that starts without an artifact it can serve: it says why in one line and
// ends, or waits for a good one without listening meanwhile.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { reseal } from "../../artifact/container.ts";
import { FORMAT_VERSION } from "../../artifact/layout.ts";
import { publish, serving, temporaryFolder } from "../harness/artifact.ts";
import { ask } from "../harness/client.ts";
import { launch, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";

const good = serving({ to: "http://127.0.0.1:9" });

/** A copy with something done to it. */
function damaged(damage: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = Uint8Array.from(good);
  damage(bytes);
  return bytes;
}

function put(content: Uint8Array | string): (path: string) => void {
  return (path) => writeFileSync(path, content);
}

const faults: [name: string, make: (path: string) => void, says: RegExp][] = [
  ["missing", () => undefined, /no such file/],
  ["empty", put(""), /torn or empty/],
  ["torn in its header", put(good.subarray(0, 40)), /torn or empty/],
  ["truncated by one byte", put(good.subarray(0, -1)), /truncated/],
  ["truncated in the middle", put(good.subarray(0, good.length / 2)), /truncated/],
  ["appended to", put(Buffer.concat([good, Buffer.from("x")])), /truncated or appended to/],
  ["corrupted by one bit", put(damaged((bytes) => (bytes[200]! ^= 1))), /corrupted/],
  ["corrupted in its trailer", put(damaged((bytes) => (bytes[bytes.length - 1]! ^= 1))), /corrupt/],
  [
    "of a later format",
    put(damaged((bytes) => (bytes[8]! += 1))),
    new RegExp(`format version is ${FORMAT_VERSION + 1}`),
  ],
  [
    "sealed with a bound out of range",
    // Every section entry that says where a section ends is made to say more.
    put(reseal(damaged((bytes) => bytes.fill(0xff, 64 + 4, 64 + 7)))),
    /out of range/,
  ],
  ["no artifact at all", put("services: []\n".repeat(100)), /wrong file/],
  ["a folder", (path) => mkdirSync(path), /folder|not a regular file/],
  ["a FIFO without a writer", (path) => void execFileSync("mkfifo", [path]), /not a regular file/],
  ["a device", (path) => symlinkSync("/dev/zero", path), /not a regular file/],
  ["a link to nowhere", (path) => symlinkSync("nowhere", path), /no such file/],
  ["a link to itself", (path) => symlinkSync("balto.artifact", path), /ELOOP|link/],
  ["below a file", (path) => writeFileSync(join(path, ".."), ""), /ENOTDIR|not a folder/],
];

test.each(faults)(
  "an artifact that is %s gives one line on stderr and exit 1",
  async (name, make, says) => {
    const folder = temporaryFolder();
    const path = join(folder, name === "below a file" ? "file/balto.artifact" : "balto.artifact");
    make(path);
    const balto = launch(path);
    expect(await balto.ends()).toEqual({ code: 1, signal: null });
    expect(balto.stderr).toMatch(/^balto: [^\n]+\n$/);
    expect(balto.stderr).toContain(path);
    expect(balto.stderr).toMatch(says);
    expect(balto.log).toEqual([]);
  },
);

test.skipIf(process.getuid?.() === 0)(
  "an artifact that may not be read gives one line on stderr and exit 1",
  async () => {
    const path = join(temporaryFolder(), "balto.artifact");
    publish(path, good);
    chmodSync(path, 0);
    const balto = launch(path);
    expect(await balto.ends()).toEqual({ code: 1, signal: null });
    expect(balto.stderr).toMatch(/^balto: [^\n]+may not be read\n$/);
  },
);

test("a reference that cannot be resolved gives one line on stderr, without its value, and exit 1", async () => {
  const secret = "s3cret value";
  const unset = launch(serving({ to: "http://${env:TEST_HOST}:80" }));
  const wrong = launch(serving({ to: "http://${env:TEST_HOST}:80" }), {
    env: { TEST_HOST: secret },
  });
  for (const balto of [unset, wrong]) {
    expect(await balto.ends()).toEqual({ code: 1, signal: null });
    expect(balto.stderr).toMatch(/^balto: [^\n]*services\/test\.yaml:1[^\n]*\n$/);
    expect(balto.stderr).not.toContain(secret);
  }
});

test("an address that is in use gives one line on stderr and exit 1", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const balto = launch(good, { workers: 2, args: ["--listen", `127.0.0.1:${port}`] });
  expect(await balto.ends()).toEqual({ code: 1, signal: null });
  expect(balto.stderr).toMatch(/^balto: cannot listen on 127\.0\.0\.1:\d+: [^\n]*in use[^\n]*\n$/);
});

test.each([
  ["no artifact named", []],
  ["an unknown option", ["--artifact", "x", "--nonsense"]],
  ["no workers", ["--artifact", "x", "--workers", "0"]],
])("%s gives one line on stderr and exit 64", async (_, args) => {
  const balto = launch("", { args });
  // The arguments before them would name an artifact.
  if (args.length > 0) expect(await balto.ends()).toMatchObject({ code: 64 });
  else expect(await balto.ends()).toEqual({ code: 64, signal: null });
  expect(balto.stderr).toMatch(/^balto: [^\n]+\n$/);
});

test("with --wait it does not listen until a good artifact is there, and then serves", async () => {
  const origin = await startOrigin();
  const path = join(temporaryFolder(), "balto.artifact");
  const balto = launch(path, { args: ["--wait"] });
  await balto.says("Waiting for an artifact");
  const before = balto.sockets();
  writeFileSync(path, good.subarray(0, 100));
  await until("two lines of waiting", () => balto.log.length === 2);
  expect(balto.log.map(({ level, message }) => [level, message])).toEqual([
    ["warn", "Waiting for an artifact"],
    ["warn", "Waiting for an artifact"],
  ]);
  expect(String(balto.log[0]!["error"])).toMatch(/no such file/);
  expect(String(balto.log[1]!["error"])).toMatch(/truncated/);
  expect(balto.sockets()).toBe(before);

  publish(path, serving({ to: origin }));
  await balto.serves(2_000 + 2_000);
  expect(await ask(balto.port, "GET /")).toMatchObject({ status: 200 });
  expect(balto.sockets()).toBeGreaterThan(before);
});

test("with --wait it waits for a folder that is not there yet either", async () => {
  const path = join(temporaryFolder(), "later/still/balto.artifact");
  const balto = launch(path, { args: ["--wait"] });
  await balto.says("Waiting for an artifact");
  publish(path, good);
  await balto.serves(4_000);
});

test("a good artifact that comes right behind the start is never missed", async () => {
  // The moment between the first look and the watch is met by starting many times.
  for (let delayMs = 0; delayMs < 4; delayMs++) {
    const path = join(temporaryFolder(), "balto.artifact");
    const balto = launch(path, { args: ["--wait"] });
    await balto.says("Waiting for an artifact");
    await sleep(delayMs);
    publish(path, good);
    await balto.serves(4_000);
    balto.child.kill("SIGKILL");
  }
});

test("with --wait SIGTERM ends it with exit 0 while it waits", async () => {
  const balto = launch(join(temporaryFolder(), "balto.artifact"), { args: ["--wait"] });
  await balto.says("Waiting for an artifact");
  balto.signal("SIGTERM");
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});

test("a data plane that waited drains like any other", async () => {
  const origin = await startOrigin(async (response) => {
    await sleep(500);
    response.end("late");
  });
  const path = join(temporaryFolder(), "balto.artifact");
  const balto = launch(path, { args: ["--wait"] });
  await balto.says("Waiting for an artifact");
  publish(path, serving({ to: origin }));
  await balto.serves();
  const answer = ask(balto.port, "GET /");
  await origin.request(0);
  balto.signal("SIGTERM");
  expect(await answer).toMatchObject({ status: 200, text: "late" });
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});

test("an artifact that says another revision in its trailer is named with it", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }, {}, "v1.2.3"));
  expect(balto.log[0]).toMatchObject({ message: "Serving", revision: "v1.2.3", level: "info" });
});

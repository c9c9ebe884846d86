// What a data plane does when the artifact it serves is replaced: a good one is taken, a bad one
// changes nothing and is reported, and the next good one is taken again.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";

import { expect, test } from "vitest";

import { openArtifact } from "../../artifact/view.ts";
import { publish, published, serving } from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { type DataPlane, type LogLine, start } from "../harness/data-plane.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";

/** The bound for a change to be picked up. */
const PICKED_UP_MS = 2_000;

const digestOf = (bytes: Uint8Array): string => openArtifact(Uint8Array.from(bytes)).digest;

async function startNamed(name: string): Promise<Origin> {
  return startOrigin((response) => void response.end(name));
}

async function answerOf(balto: DataPlane): Promise<string> {
  return (await ask(balto.port, "GET /")).text;
}

test("a bad artifact at reload changes nothing and is reported, and a later good one is taken", async () => {
  const [one, two] = [await startNamed("one"), await startNamed("two")];
  const [first, second] = [serving({ to: one }), serving({ to: two })];
  const path = published(first);
  const balto = await start(path, { workers: 2 });
  const kept = await Client.to(balto.port);
  expect(await kept.ask("GET /")).toMatchObject({ text: "one" });

  const flipped = Uint8Array.from(second);
  flipped[300]! ^= 4;
  const later = Uint8Array.from(second);
  later[8] = 9;
  const gone = (): void => rmSync(path, { recursive: true });
  const faults: [name: string, make: () => void, reason: RegExp][] = [
    ["empty", () => writeFileSync(path, ""), /torn or empty/],
    ["torn", () => writeFileSync(path, second.subarray(0, 50)), /50 bytes long/],
    ["truncated", () => writeFileSync(path, second.subarray(0, -5)), /truncated/],
    ["corrupted", () => publish(path, flipped), /corrupted/],
    ["of another version", () => publish(path, later), /format version is 9/],
    ["missing", gone, /no such file/],
    ["a folder", () => mkdirSync(path), /folder|regular file/],
    ["a FIFO", () => (gone(), execFileSync("mkfifo", [path])), /regular file/],
    ["a link to nowhere", () => (gone(), symlinkSync("nowhere", path)), /no such file/],
  ];
  for (const [name, make, reason] of faults) {
    const from = balto.log.length;
    make();
    const reports = (): LogLine[] =>
      balto.log.slice(from).filter((line) => reason.test(String(line["error"])));
    await until(`a report of one ${name}`, () => reports().length > 0, PICKED_UP_MS);
    expect(reports(), name).toEqual([
      expect.objectContaining({
        level: "error",
        module: "artifact",
        message: "Artifact refused, the last good one goes on serving",
        path,
        serving: digestOf(first),
      }),
    ]);
    expect(await answerOf(balto), name).toBe("one");
  }
  expect(await kept.ask("GET /")).toMatchObject({ text: "one" });

  rmSync(path);
  publish(path, second);
  const loaded = await balto.says("Artifact loaded", 0, PICKED_UP_MS);
  expect(loaded).toMatchObject({ generation: 2, digest: digestOf(second) });
  expect(await answerOf(balto)).toBe("two");
  expect(await kept.ask("GET /"), "on the connection kept from before").toMatchObject({
    text: "two",
  });
  expect(balto.hasExited).toBe(false);
});

test("an artifact with a reference that cannot be resolved is refused at reload", async () => {
  const origin = await startNamed("one");
  const path = published(serving({ to: origin }));
  const balto = await start(path);
  publish(path, serving({ to: "http://${env:NOT_SET}:80" }));
  const line = await balto.says("Artifact refused, the last good one goes on serving");
  expect(String(line["error"])).toContain("NOT_SET");
  expect(await answerOf(balto)).toBe("one");
});

test("the same content again is no reload, whatever file it comes in", async () => {
  const origin = await startNamed("one");
  const bytes = serving({ to: origin });
  const path = published(bytes);
  const balto = await start(path);
  publish(path, bytes);
  writeFileSync(path, bytes);
  publish(path, serving({ to: origin }, {}, "another-revision"));
  balto.signal("SIGHUP");
  await sleep(PICKED_UP_MS / 2);
  // What is written in place may be seen half written.
  const torn = "Artifact refused, the last good one goes on serving";
  const messages = balto.log.map(({ message }) => message);
  expect(messages.filter((message) => message !== torn)).toEqual(["Serving"]);
});

test("SIGHUP reads the artifact again, and references with it", async () => {
  const [one, two] = [await startNamed("one"), await startNamed("two")];
  const target = published(Buffer.from(`${one.url}\n`));
  const balto = await start(serving({ to: `\${file:${target}}` }));
  expect(await answerOf(balto)).toBe("one");
  writeFileSync(target, two.url);
  balto.signal("SIGHUP");
  await balto.says("Artifact loaded");
  expect(await answerOf(balto)).toBe("two");
});

test("what is under way when a new artifact comes ends as it began", async () => {
  const old = await startOrigin(async (response) => {
    response.write("begun ");
    await until("the reload", () => reloaded);
    response.end("and ended");
  });
  let reloaded = false;
  const next = await startNamed("next");
  const path = published(serving({ to: old }));
  const balto = await start(path);
  const client = await Client.to(balto.port);
  client.post("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  await old.request(0);
  publish(path, serving({ to: next }));
  await balto.says("Artifact loaded");
  reloaded = true;
  expect(await client.answer()).toMatchObject({ status: 200, text: "begun and ended" });
  expect(await client.answer()).toMatchObject({ status: 200, text: "next" });
});

test("a route that is gone is gone on connections that were there before", async () => {
  const origin = await startNamed("here");
  const path = published(
    serving([
      { pattern: "/a/*", to: origin },
      { pattern: "/b/*", to: origin },
    ]),
  );
  const balto = await start(path, { workers: 2 });
  const clients = await Promise.all([0, 1, 2, 3].map(() => Client.to(balto.port)));
  for (const client of clients) expect((await client.ask("GET /b")).status).toBe(200);
  publish(path, serving({ pattern: "/a/*", to: origin }));
  await balto.says("Artifact loaded");
  for (const client of clients) {
    expect((await client.ask("GET /b")).status).toBe(404);
    expect((await client.ask("GET /a")).status).toBe(200);
  }
});

test("a backend's kept connections go when no artifact names it any more", async () => {
  const [one, two] = [await startNamed("one"), await startNamed("two")];
  const path = published(serving({ to: one }));
  const balto = await start(path);
  expect(await answerOf(balto)).toBe("one");
  publish(path, serving({ to: two }));
  await balto.says("Artifact loaded");
  expect(await answerOf(balto)).toBe("two");
  // One to the second backend; none to the first, and the clients have closed theirs.
  await until("one connection", () => balto.connections() === 1, PICKED_UP_MS);
});

test("a backend that stays keeps its connections over a reload", async () => {
  const origin = await startNamed("one");
  const path = published(serving({ to: origin }));
  const balto = await start(path);
  expect(await answerOf(balto)).toBe("one");
  publish(path, serving([{ to: origin }, { to: origin, pattern: "/more" }]));
  await balto.says("Artifact loaded");
  expect(await answerOf(balto)).toBe("one");
  expect(origin.connections).toBe(1);
});

test("log levels follow the artifact; another listen address is named as needing a restart", async () => {
  const [one, two] = [await startNamed("one"), await startNamed("two")];
  const path = published(serving({ to: one }));
  const balto = await start(path);
  publish(path, serving({ to: one }, { listen: "127.0.0.1:5999", logLevels: ["warn"] }));
  const line = await balto.says("server.port has changed: restart to take it over");
  expect(line).toMatchObject({ level: "warn", was: "127.0.0.1:0", is: "127.0.0.1:5999" });
  publish(path, serving({ to: two }, { listen: "127.0.0.1:5999", logLevels: ["error"] }));
  while ((await answerOf(balto)) !== "two") await sleep(20);
  // Neither of the two loads was worth a line of the levels that were asked for.
  expect(balto.log.map(({ message }) => message)).toEqual(["Serving", line.message]);
  writeFileSync(path, "bad");
  await balto.says("Artifact refused, the last good one goes on serving");
});

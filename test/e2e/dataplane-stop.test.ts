// The end of a data plane: what is under way finishes, nothing new begins, nothing is left.

import { existsSync } from "node:fs";

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { launch, start } from "../harness/data-plane.ts";
import { listeningOn } from "../harness/listening.ts";
import { startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const CLEAN = { code: 0, signal: null };

/** True where a connection to the port is not accepted. */
async function refuses(port: number): Promise<boolean> {
  try {
    (await Client.to(port)).close();
    return false;
  } catch {
    return true;
  }
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "on %s requests under way finish with Connection: close, new connections are refused, and it exits 0",
  async (signal) => {
    let mayEnd = false;
    const origin = await startOrigin(async (response) => {
      response.flushHeaders();
      response.write("begun ");
      await until("leave to end", () => mayEnd);
      response.end("and ended");
    });
    const unanswered = await startOrigin(async (response) => {
      await until("leave to end", () => mayEnd);
      response.end("answered");
    });
    const balto = await start(
      serving([{ to: origin }, { to: unanswered, pattern: "/unanswered" }]),
      { workers: 2 },
    );
    const begun = await Client.to(balto.port);
    const waiting = await Client.to(balto.port);
    await begun.send(requestBytes("GET /"));
    await waiting.send(requestBytes("GET /unanswered"));
    const head = await begun.head();
    await unanswered.request(0);

    balto.signal(signal);
    const line = await balto.says("Draining");
    expect(line).toMatchObject({ level: "info", signal });
    await until("the listeners closed", () => listeningOn(balto.port) === 0, 5_000);
    expect(await refuses(balto.port)).toBe(true);
    expect(balto.hasExited).toBe(false);

    mayEnd = true;
    let text = "";
    for await (const chunk of begun.body(head)) text += chunk.toString();
    expect(text).toBe("begun and ended");
    const answer = await waiting.answer();
    expect([answer.text, answer.field("connection")]).toEqual(["answered", "close"]);
    for (const client of [begun, waiting]) {
      expect((await client.rest()).ending).toBe("fin");
      client.close();
    }
    expect(await balto.ends()).toEqual(CLEAN);
    expect(balto.stderr).toBe("");
    expect(balto.log.at(-1)).toMatchObject({ message: "Stopped" });
  },
);

test("while it drains, a connection that waits is still served, and closed with its answer", async () => {
  let mayEnd = false;
  const origin = await startOrigin(async (response, { target }) => {
    if (target === "/slow") await until("leave to end", () => mayEnd);
    response.end("ok");
  });
  const balto = await start(serving({ to: origin }));
  const slow = await Client.to(balto.port);
  await slow.send(requestBytes("GET /slow"));
  const kept = await Client.to(balto.port);
  expect((await kept.ask("GET /")).field("connection")).toBeUndefined();
  await origin.request(1);
  balto.signal("SIGTERM");
  await balto.says("Draining");
  await until("the listeners closed", () => listeningOn(balto.port) === 0, 5_000);
  const answer = await kept.ask("GET /");
  expect([answer.status, answer.field("connection")]).toEqual([200, "close"]);
  kept.close();
  mayEnd = true;
  expect((await slow.answer()).text).toBe("ok");
  slow.close();
  expect(await balto.ends()).toEqual(CLEAN);
});

test("while it drains, its own answers end their connections as well", async () => {
  let mayEnd = false;
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await until("leave to end", () => mayEnd);
    peer.reset();
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", [], "body"));
  await origin.peer(0);
  balto.signal("SIGTERM");
  await balto.says("Draining");
  await until("the listeners closed", () => listeningOn(balto.port) === 0, 5_000);
  mayEnd = true;
  const answer = await client.answer();
  expect([answer.status, answer.field("connection")]).toEqual([502, "close"]);
  client.close();
  expect(await balto.ends()).toEqual(CLEAN);
});

test("a data plane with waiting connections only ends soon", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }), { workers: 2 });
  const clients = await Promise.all(Array.from({ length: 20 }, () => Client.to(balto.port)));
  await Promise.all(clients.map((client) => client.ask("GET /")));
  balto.signal("SIGTERM");
  for (const client of clients) {
    expect((await client.rest()).ending).toBe("fin");
    client.close();
  }
  expect(await balto.ends(5_000)).toEqual(CLEAN);
});

test("without any connection it ends at once", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }), { workers: 2 });
  balto.signal("SIGTERM");
  expect(await balto.ends(3_000)).toEqual(CLEAN);
});

test("listeners stay open for the drain delay, so that a balancer can turn away first", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, { drainDelayMs: 1_500 }));
  balto.signal("SIGTERM");
  await balto.says("Draining");
  await sleep(300);
  expect((await ask(balto.port, "GET /")).status).toBe(200);
  expect(await balto.ends()).toEqual(CLEAN);
});

test("what is not done within the drain timeout is cut, and never looks whole", async () => {
  const origin = await startRawOrigin(async (peer) => {
    const { requestLine } = (await peer.request())!;
    if (requestLine.includes("/begun")) await peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
  });
  const balto = await start(serving({ to: origin }, { drainTimeoutMs: 700 }));
  const lines = ["GET /begun HTTP/1.1", "GET /begun HTTP/1.0", "GET /waiting HTTP/1.1"];
  const clients = await Promise.all(lines.map(() => Client.to(balto.port)));
  for (const [index, client] of clients.entries()) {
    await client.send(requestBytes(lines[index]!));
    if (index < 2) await client.head();
  }
  await origin.peer(2);
  balto.signal("SIGTERM");
  expect(await balto.ends(700 + 5_000)).toEqual(CLEAN);
  const [modern, old, waiting] = await Promise.all(clients.map((client) => client.rest()));
  expect(modern!.bytes.toString()).not.toContain("\r\n0\r\n");
  // Over HTTP/1.0 only a reset tells a body that was cut from a whole one.
  expect(old!.ending).toBe("reset");
  expect(waiting!.bytes.length).toBe(0);
});

test("a second signal cuts at once", async () => {
  const origin = await startOrigin(() => undefined);
  const balto = await start(serving({ to: origin }), { workers: 2 });
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /"));
  await origin.request(0);
  balto.signal("SIGTERM");
  await balto.says("Draining");
  await sleep(300);
  expect(balto.hasExited).toBe(false);
  balto.signal("SIGTERM");
  expect(await balto.ends(3_000)).toEqual(CLEAN);
  expect((await client.rest()).bytes.length).toBe(0);
});

test("a second signal cuts within the drain delay, too", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }, { drainDelayMs: 60_000 }));
  balto.signal("SIGTERM");
  await balto.says("Draining");
  balto.signal("SIGTERM");
  expect(await balto.ends(3_000)).toEqual(CLEAN);
});

test("with --parent-pipe it drains and ends when its standard input closes", async () => {
  const origin = await startOrigin(async (response) => {
    await sleep(500);
    response.end("late");
  });
  const balto = await start(serving({ to: origin }));
  const answer = ask(balto.port, "GET /");
  await origin.request(0);
  balto.child.stdin!.end();
  expect(await answer).toMatchObject({ text: "late" });
  expect(await balto.ends()).toEqual(CLEAN);
  expect(existsSync(`/proc/${balto.pid}`)).toBe(false);
});

test("a parent that goes while it starts is noticed", async () => {
  for (const delayMs of [0, 60, 120, 180]) {
    const balto = launch(serving({ to: "http://127.0.0.1:9" }));
    await sleep(delayMs);
    balto.child.stdin!.end();
    expect((await balto.ends()).signal).toBeNull();
  }
});

test("a signal while it starts ends it", async () => {
  for (const delayMs of [30, 60, 90, 120, 150, 180, 210, 240]) {
    const balto = launch(serving({ to: "http://127.0.0.1:9" }), { workers: 2 });
    await sleep(delayMs);
    balto.signal("SIGTERM");
    // Before its handlers are in place the system ends it.
    expect([
      { code: 0, signal: null },
      { code: null, signal: "SIGTERM" },
    ]).toContainEqual(await balto.ends());
  }
});

test("SIGUSR1 and SIGHUP do not end it", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  balto.signal("SIGUSR1");
  balto.signal("SIGHUP");
  await sleep(200);
  expect((await ask(balto.port, "GET /")).status).toBe(200);
  expect(balto.stderr).toBe("");
});

test("an upload under way is finished, too", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", ["Content-Length: 10"]), "hello");
  await origin.request(0);
  balto.signal("SIGTERM");
  await balto.says("Draining");
  await sleep(1_500);
  await client.send("world");
  const answer = await client.answer();
  expect([answer.text, answer.field("connection")]).toEqual(["ok\n", "close"]);
  client.close();
  expect(await balto.ends()).toEqual(CLEAN);
  expect(origin.requests[0]!.body.toString()).toBe("helloworld");
});

// What becomes of the log is no reason to stop serving.

import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { publish, published, serving, temporaryFolder } from "../harness/artifact.ts";
import { startChild } from "../harness/children.ts";
import { ask } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { freePort } from "../harness/free-port.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";

const ENTRY = fileURLToPath(new URL("../../dataplane/main.ts", import.meta.url));

async function statusOf(port: number): Promise<number> {
  return ask(port, "GET /").then(
    (answer) => answer.status,
    () => 0,
  );
}

test("whoever reads the log may go", async () => {
  const amber = await startOrigin((response) => void response.end("amber"));
  const coral = await startOrigin((response) => void response.end("coral"));
  const path = published(serving({ name: "one", to: amber }));
  const balto = await start(path);
  (balto.child.stdout as Readable).destroy();
  await once(balto.child.stdout!, "close");
  publish(path, serving({ name: "two", to: coral }));
  await sleep(1_000);
  expect((await ask(balto.port, "GET /")).text).toBe("coral");
  balto.signal("SIGHUP");
  publish(path, serving({ name: "one", to: amber }));
  await sleep(1_000);
  expect((await ask(balto.port, "GET /")).text).toBe("amber");
  balto.signal("SIGTERM");
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});

test("a full disk under the log keeps nobody from being served", async () => {
  const amber = await startOrigin((response) => void response.end("amber"));
  const coral = await startOrigin((response) => void response.end("coral"));
  const path = published(serving({ name: "one", to: amber }));
  const port = await freePort();
  const full = openSync("/dev/full", "w");
  const { child, exit } = startChild(
    process.execPath,
    [ENTRY, `--artifact=${path}`, "--workers=1", `--listen=127.0.0.1:${port}`],
    {
      env: { PATH: process.env["PATH"] ?? "", BALTO_RUNTIME_DIR: temporaryFolder() },
      stdio: ["ignore", full, "inherit"],
    },
  );
  closeSync(full);
  let status = 0;
  await until("it serves", () => {
    void statusOf(port).then((got) => (status = got));
    return status === 200;
  });
  publish(path, serving({ name: "two", to: coral }));
  await sleep(1_000);
  expect((await ask(port, "GET /")).text).toBe("coral");
  child.kill("SIGTERM");
  expect(await exit).toEqual({ code: 0, signal: null });
});

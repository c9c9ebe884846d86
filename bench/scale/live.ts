/**
 * `balto run` with a tree of some size, as processes: how long it takes from one file changed until the
 * change is served, and how much memory the data plane has once every route was asked.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { residentMiB, stop } from "../proxy/process.ts";
import { configTree, requestTo } from "./tree.ts";

export interface Live {
  /** From the start of the program to the first answer. */
  readyMs: number;
  /** From the changed file on the disk to the first answer of a route that is new, the middle of several. */
  servedMs: number;
  /** From a request to the REST API that adds a route until it says that this is served, likewise. */
  postMs: number;
  /** The data plane alone, with two workers: before it was asked for anything. */
  idleMiB: number;
  /** After each route was asked once. */
  askedMiB: number;
  /** After nobody has asked for anything for a while. */
  laterMiB: number;
}

const CHANGES = 5;
/** Between two changes: people make them. */
const REST_MS = 2_000;
const WORKERS = 2;
const CONNECTIONS = 8;
/** Rounds of a worker's give-back until all is gone and collected. */
const LATER_MS = 240_000;
const WAIT_MAX_MS = 180_000;
const TOKEN = "of-a-benchmark-and-long-enough-to-be-one";

/** Runs the tree at `folder`/tree, which has `count` services, and ends it again. */
export async function live(count: number, folder: string): Promise<Live> {
  const tree = join(folder, "tree");
  const origin = createServer((_, answer) => answer.end("here")).listen(0, "127.0.0.1");
  await new Promise((resolve) => origin.once("listening", resolve));
  const { port: backend } = origin.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const port = await freePort();
  const main = join(import.meta.dirname, "../../bin/balto.js");
  const words = [main, "run", tree, "--workers", String(WORKERS), "--listen", `127.0.0.1:${port}`];
  const start = performance.now();
  const child = spawn(process.execPath, words, {
    stdio: ["ignore", "ignore", "ignore"],
    env: { ...process.env, BALTO_ADMIN_TOKEN: TOKEN },
  });
  const ask = (host: string, path: string): Promise<number> =>
    statusOf({ agent, port, path, headers: { host } });
  try {
    const first = requestTo(0);
    await until(child, async () => (await ask(first.host, first.path)) > 0);
    const readyMs = performance.now() - start;
    const dataPlane = dataPlaneOf(child.pid!);
    const idleMiB = residentMiB(dataPlane);

    const headers = { "content-type": "application/json", authorization: `Bearer ${TOKEN}` };
    // The writer is a process of its own, which reads the tree first.
    const place = { agent, port, path: "/balto/services", method: "POST", headers };
    await until(child, async () => (await answerOf(place, "{}")).status === 400);

    const served = await middle(async (version) => {
      const { path, content } = configTree(100).files[1]!;
      const route = `  - name: change-${version}\n    domain: changes.example.com\n    path_prefix: /change-${version}/*\n    ports: [${backend}]\n`;
      const text = `${Buffer.from(content as Uint8Array).toString()}${route}`;
      const begin = performance.now();
      writeFileSync(join(tree, path), text);
      await until(
        child,
        async () => (await ask("changes.example.com", `/change-${version}/`)) === 200,
      );
      return performance.now() - begin;
    });
    const post = await middle(async (version) => {
      const body = JSON.stringify({
        domain: "posts.example.com",
        path_prefix: `/post-${version}/*`,
        ports: [backend],
      });
      const begin = performance.now();
      const options = { agent, port, path: "/balto/services", method: "POST", headers };
      const { status, text } = await answerOf(options, body);
      const took = performance.now() - begin;
      if (status !== 201) throw new Error(`the API answered ${status}: ${text}`);
      return took;
    });
    await askAll(count, ask);
    const askedMiB = residentMiB(dataPlane);
    await new Promise((resolve) => setTimeout(resolve, LATER_MS));
    const laterMiB = residentMiB(dataPlane);
    return { readyMs, servedMs: served, postMs: post, idleMiB, askedMiB, laterMiB };
  } finally {
    agent.destroy();
    await stop(child);
    origin.close();
  }
}

async function middle(measure: (version: number) => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let version = 1; version <= CHANGES; version++) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    found.push(await measure(version));
  }
  return found.toSorted((a, b) => a - b)[CHANGES >> 1]!;
}

async function askAll(
  count: number,
  ask: (host: string, path: string) => Promise<number>,
): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) {
      const { host, path } = requestTo(next++);
      await ask(host, path);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
}

async function until(child: ChildProcess, holds: () => Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await holds())) {
    if (child.exitCode !== null) throw new Error("balto run ended by itself");
    if (performance.now() - start > WAIT_MAX_MS) throw new Error("balto run does not answer");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The status of an answer; 0 where there was none. */
async function statusOf(options: Parameters<typeof httpRequest>[1]): Promise<number> {
  return (await answerOf(options)).status;
}

function answerOf(
  options: Parameters<typeof httpRequest>[1],
  body?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const request = httpRequest({ host: "127.0.0.1", ...options }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    request.on("error", () => resolve({ status: 0, text: "" })).end(body);
  });
}

/** The child of `balto run` that serves. */
function dataPlaneOf(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").split(" ").filter(Boolean),
  );
  const found = children.find((one) =>
    readFileSync(`/proc/${one}/cmdline`, "latin1").includes("dataplane"),
  );
  if (found === undefined) throw new Error("balto run has no data plane");
  return Number(found);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

if (import.meta.main) {
  const [count, folder] = process.argv.slice(2) as [string, string];
  process.stdout.write(`${JSON.stringify(await live(Number(count), folder))}\n`);
}

// Every tree under examples/, and configs/: what its requests.json says is what a real Balto does. Ports
// are swapped for free ones in a copy of the tree, so that nothing on this machine is in the way.

import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { startEchoBackend } from "../../examples/echo-backend.ts";
import { bundle, SCHEMA_NAMES } from "../../schema/schemas.ts";
import { freePort } from "../harness/free-port.ts";
import { folderWith, root, startBalto } from "./cli-process.ts";
import { ask, backend, gone, serving } from "./cli-traffic.ts";
import type { Answer } from "./cli-traffic.ts";

/** One row of a requests.json: a request, and what is expected of it. */
interface Row {
  name: string;
  method?: string;
  host: string;
  path: string;
  /** The port of the stream that takes it, in place of the HTTP listener. */
  stream?: number;
  body?: string;
  /** Further fields of the request. */
  send?: Record<string, string>;
  /** How often it is made. Default: once. */
  times?: number;
  /** Status when it is not 200. */
  status?: number;
  /** The port that must answer, or how often each of several must. */
  backend?: number;
  backends?: Record<string, number>;
  /** The path the backend must see. */
  upstream?: string;
  /** Fields the backend must see, null for those it must not. */
  headers?: Record<string, string | null>;
}

const trees = [
  ...readdirSync(join(root, "examples"), { withFileTypes: true })
    .filter((entry) => existsSync(join(root, "examples", entry.name, "balto.config.yaml")))
    .map((entry) => `examples/${entry.name}`),
  "configs",
];

/** configs/ is no example and has no table of its own. */
const seedRows: Row[] = [
  {
    name: "api, in turn",
    host: "api.example.com",
    path: "/api/v1/users/1",
    times: 6,
    backends: { "8081": 2, "8082": 2, "8083": 2 },
    upstream: "/users/1",
  },
  { name: "web", host: "web.example.com", path: "/a", backend: 3000, upstream: "/a" },
  { name: "no route", host: "api.example.com", path: "/api/v2", status: 404 },
];

for (const tree of trees) {
  it(`${tree} does what it says`, async () => {
    const rows = rowsOf(tree);
    expect(rows.length).toBeGreaterThan(1);
    const folder = folderWith({});
    cpSync(join(root, tree), folder, { recursive: true });
    const ports = await swapPorts(folder);
    const { port } = await serving(startBalto(["run", folder, "--workers", "1"]));
    for (const row of rows) {
      const at = row.stream === undefined ? port : ports.get(row.stream);
      if (at === undefined) throw new Error(`${tree} has no port ${row.stream}`);
      await checkRow(at, row, ports);
    }
  });
}

it("`make run` starts a backend on each free port, and everything ends together", async () => {
  const taken = await backend();
  const passing = await startEchoBackend(0);
  await passing.close();
  const free = passing.port;
  const service = `name: a\ndomain: a.test\npath_prefix: /*\nports: [${free}, ${taken}]\n`;
  const folder = folderWith({ "services/a.yaml": service });
  const args = [folder, "--workers", "1", "--listen", "127.0.0.1:0"];
  const started = startBalto(args, { script: "examples/run.ts" });
  const { port, pid } = await serving(started);
  expect(started.err()).toContain(`echo backend on localhost:${free}\n`);
  expect(started.err()).toContain(`port ${taken} is taken: what listens there is the backend\n`);
  const answers = [1, 2].map(async () => ask(port, { host: "a.test", path: "/" }));
  const ports = (await Promise.all(answers)).map(({ echo }) => echo?.port);
  expect(new Set(ports)).toEqual(new Set([free, taken]));
  started.child.kill("SIGTERM");
  expect((await started.ended).status).toBe(0);
  await gone(pid);
});

it("`make run` takes its processes along when it is killed", async () => {
  const folder = folderWith({ "services/a.yaml": "domain: a\npath_prefix: /\nports: [1]\n" });
  const args = [folder, "--workers", "1", "--listen", "127.0.0.1:0"];
  const started = startBalto(args, { script: "examples/run.ts" });
  const { pid } = await serving(started);
  started.child.kill("SIGKILL");
  await gone(pid);
});

it("every example has a README that says how to run it", () => {
  for (const tree of trees.filter((name) => name !== "configs")) {
    const text = readFileSync(join(root, tree, "README.md"), "utf8");
    expect(text).toContain(`node examples/run.ts ${tree}\n`);
    expect(text.split("\n").length).toBeLessThan(30);
  }
});

it("every YAML file begins with an editor line that leads to a schema", () => {
  // A repository of its own is walked through elsewhere.
  for (const tree of [...trees, "examples/gitops"]) {
    for (const path of yamlFiles(join(root, tree))) {
      const line = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(path, "utf8"));
      expect(existsSync(join(path, "..", line?.[1] ?? "no editor line")), path).toBe(true);
    }
  }
});

it("the schemas that editors use here are what `balto schema` prints", () => {
  // `for kind in config service; do balto schema $kind > configs/schema/$kind.schema.json; done`
  for (const name of SCHEMA_NAMES) {
    const text = readFileSync(join(root, `configs/schema/${name}.schema.json`), "utf8");
    expect(JSON.parse(text)).toEqual(bundle(name));
  }
});

function rowsOf(tree: string): Row[] {
  if (tree === "configs") return seedRows;
  return JSON.parse(readFileSync(join(root, tree, "requests.json"), "utf8")) as Row[];
}

/** Echo backends in place of the ports the tree names, free ports for its streams; what each is now. */
async function swapPorts(folder: string): Promise<Map<number, number>> {
  const ports = new Map<number, number>();
  for (const path of yamlFiles(folder)) {
    let text = readFileSync(path, "utf8").replace(/":5500"/, '"127.0.0.1:0"');
    for (const [, word] of text.matchAll(/^listen: ":(\d+)"$/gm)) {
      const port = await freePort();
      ports.set(Number(word), port);
      text = text.replace(`":${word}"`, `"127.0.0.1:${port}"`);
    }
    for (const [word] of text.matchAll(/\b(?:808\d|3000)\b/g)) {
      if (!ports.has(Number(word))) ports.set(Number(word), await backend());
    }
    text = text.replaceAll(/\b(?:808\d|3000)\b/g, (word) => String(ports.get(Number(word))));
    writeFileSync(path, text);
  }
  return ports;
}

async function checkRow(port: number, row: Row, ports: Map<number, number>): Promise<void> {
  const { name, method = "GET", host, path, body, send = {}, times = 1 } = row;
  const counts: Record<string, number> = {};
  for (let turn = 0; turn < times; turn++) {
    const answer = await ask(port, {
      method,
      host,
      path,
      headers: send,
      ...(body === undefined ? {} : { body }),
    });
    checkAnswer(row, answer);
    const named = [...ports].find(([, now]) => now === answer.echo?.port)?.[0];
    counts[String(named)] = (counts[String(named)] ?? 0) + 1;
  }
  if (row.backend !== undefined) expect(counts, name).toEqual({ [row.backend]: times });
  if (row.backends !== undefined) expect(counts, name).toEqual(row.backends);
}

function checkAnswer(row: Row, { status, echo }: Answer): void {
  const { name, method = "GET", body, upstream, headers = {} } = row;
  expect(status, name).toBe(row.status ?? 200);
  if (status !== 200) return;
  expect(echo?.method, name).toBe(method);
  expect(echo?.body_bytes, name).toBe(body?.length ?? 0);
  if (upstream !== undefined) expect(echo?.path, name).toBe(upstream);
  for (const [field, value] of Object.entries(headers)) {
    expect(echo?.headers[field] ?? null, `${name}: ${field}`).toBe(value);
  }
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yaml"))
    .map((path) => join(folder, path));
}

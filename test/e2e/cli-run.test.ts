// `balto run`: what is in the tree is what is served, and nothing is left behind.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { folderWith, put, startBalto, until } from "./cli-process.ts";
import type { Started } from "./cli-process.ts";
import { ask, askUntil, backend, gone, serving } from "./cli-traffic.ts";
import { service, tree } from "./cli-trees.ts";

const host = "a.example.com";

it("serves a tree and follows its changes; a bad change changes nothing", async () => {
  const [one, two] = [await backend(), await backend()];
  const folder = folderWith(tree(service("/*", one)));
  const running = startBalto(["run", folder, "--workers", "1"]);
  const { port } = await serving(running);
  expect((await ask(port, { host, path: "/x" })).echo).toMatchObject({ port: one, path: "/x" });
  expect((await ask(port, { host: "b.example.com", path: "/" })).status).toBe(404);

  put(folder, "services/a.yaml", service("/*", two));
  await running.says(/0 routes added, 0 removed, 1 changed · digest [0-9a-f]{12} · \d+ ms/);
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === two);

  put(folder, "services/b.yaml", "name: b\ndomian: b.example.com\n");
  await running.says(/BAL2001[^]*3 errors in 1 file; the last good one \(.*\) keeps serving/);
  expect((await ask(port, { host, path: "/" })).echo?.port).toBe(two);

  put(
    folder,
    "services/b.yaml",
    service()
      .replaceAll(/^name.*\n/gm, "")
      .replace("a.ex", "b.ex"),
  );
  await running.says(/1 route added, 0 removed, 0 changed/);
  running.child.kill("SIGTERM");
  expect((await running.ended).status).toBe(0);
});

it("ends with the diagnostics and status 1 when the tree has errors at start", async () => {
  const folder = folderWith(tree("name: a\n"));
  const { status, out, err } = await startBalto(["run", folder]).ended;
  expect([status, out]).toEqual([1, ""]);
  expect(err).toContain("error BAL2003 missing-key");
});

it("waits for a good tree with --wait, and can be ended while it waits", async () => {
  const folder = folderWith(tree("name: a\n"));
  const waiting = startBalto(["run", folder, "--wait"]);
  await waiting.says(/error BAL2003/);
  put(folder, "services/a.yaml", service("/*", await backend()));
  const { port } = await serving(waiting);
  expect((await ask(port, { host, path: "/" })).status).toBe(200);
  waiting.child.kill("SIGTERM");
  expect((await waiting.ended).status).toBe(0);

  const patient = startBalto(["run", folderWith(tree("name: a\n")), "--wait"]);
  await patient.says(/error BAL2003/);
  await new Promise((resolve) => setTimeout(resolve, 200));
  patient.child.kill("SIGINT");
  expect((await patient.ended).status).toBe(0);
});

it("publishes to a private folder outside the tree, and removes it", async () => {
  const runtime = folderWith({});
  const folder = folderWith(tree(service()));
  const before = readdirSync(folder, { recursive: true });
  const running = startRun(folder, { XDG_RUNTIME_DIR: runtime });
  await serving(running);
  const [name = ""] = readdirSync(runtime);
  expect(statSync(join(runtime, name)).mode & 0o777).toBe(0o700);
  const ours = ["admin.sock", "balto.artifact", "control.sock"];
  expect(readdirSync(join(runtime, name))).toContain("balto.artifact");
  expect(readdirSync(join(runtime, name)).filter((entry) => !ours.includes(entry))).toEqual([]);
  expect(readdirSync(folder, { recursive: true })).toEqual(before);
  running.child.kill("SIGHUP");
  expect((await running.ended).status).toBe(0);
  expect(readdirSync(runtime)).toEqual([]);
});

it("leaves no process behind when it is killed, and the next run tidies up", async () => {
  const runtime = folderWith({});
  const folder = folderWith(tree(service()));
  const killed = startRun(folder, { XDG_RUNTIME_DIR: runtime });
  const { pid } = await serving(killed);
  killed.child.kill("SIGKILL");
  await gone(pid);
  await killed.ended;
  expect(readdirSync(runtime)).toHaveLength(1);
  const next = startRun(folder, { XDG_RUNTIME_DIR: runtime });
  await serving(next);
  expect(readdirSync(runtime)).toHaveLength(1);
  next.child.kill("SIGTERM");
  await next.ended;
  expect(readdirSync(runtime)).toEqual([]);
});

it("says so and fails when the data plane ends by itself", async () => {
  const runtime = folderWith({});
  const running = startRun(folderWith(tree(service())), { XDG_RUNTIME_DIR: runtime });
  const { pid } = await serving(running);
  process.kill(pid, "SIGKILL");
  const { status, err } = await running.ended;
  expect(status).toBe(1);
  expect(err).toContain("balto run: the data plane ended with status 137\n");
  expect(readdirSync(runtime)).toEqual([]);
});

it("fails when the port is taken", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const folder = folderWith(tree(service()));
  const running = startBalto(["run", folder, "--listen", `127.0.0.1:${port}`]);
  const { status, err } = await running.ended;
  expect(status).toBe(1);
  expect(err).toContain("in use");
});

it("drains on the first signal and cuts on the second", async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void silent.close());
  const { port: silentPort } = silent.address() as AddressInfo;
  const running = startRun(folderWith(tree(service("/*", silentPort))));
  const { port, pid } = await serving(running);
  const reached = new Promise((resolve) => silent.once("connection", resolve));
  const asked = ask(port, { host, path: "/" }).catch((error: Error) => error);
  await reached;
  running.child.kill("SIGINT");
  await running.says(/"message":"Draining"/);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(running.child.exitCode).toBeNull();
  running.child.kill("SIGINT");
  await running.ended;
  await gone(pid);
  await asked;
});

it("ends when its standard input closes, with --parent-pipe", async () => {
  const folder = folderWith(tree(service()));
  const running = startBalto(["run", folder, "--parent-pipe", "--quiet"]);
  const { pid } = await serving(running);
  running.child.stdin?.end();
  expect((await running.ended).status).toBe(0);
  await gone(pid);
  expect(running.err()).toBe("");
});

it("notices trees that are swapped by links, as Kubernetes and git-sync do", async () => {
  const [one, two] = [await backend(), await backend()];
  const folder = folderWith({});
  const version = (name: string, port: number): void => {
    for (const [path, text] of Object.entries(tree(service("/*", port)))) {
      put(folder, `${name}/${path}`, text);
    }
  };
  const pointTo = (name: string): void => {
    symlinkSync(name, join(folder, "next"));
    renameSync(join(folder, "next"), join(folder, "current"));
  };
  version("v1", one);
  version("v2", two);
  pointTo("v1");
  // A ConfigMap mount: files are links through ..data, and ..data is flipped.
  mkdirSync(join(folder, "mount/services"), { recursive: true });
  symlinkSync(join("..", "current"), join(folder, "mount/..data"));

  const running = startRun(join(folder, "current"));
  const { port } = await serving(running);
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === one);
  pointTo("v2");
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === two);
  pointTo("v1");
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === one);
});

it("follows a ConfigMap's flip", async () => {
  const [one, two] = [await backend(), await backend()];
  const folder = folderWith({
    "..v1/balto.config.yaml": 'server:\n  port: "127.0.0.1:0"\n',
    "..v2/balto.config.yaml": 'server:\n  port: "127.0.0.1:0"\n',
  });
  for (const [name, port] of [
    ["..v1", one],
    ["..v2", two],
  ] as const) {
    const inline = `services:\n  - ${service("/*", port).trim().replaceAll("\n", "\n    ")}\n`;
    writeFileSync(join(folder, name, "balto.config.yaml"), inline, { flag: "a" });
  }
  symlinkSync("..v1", join(folder, "..data"));
  symlinkSync("..data/balto.config.yaml", join(folder, "balto.config.yaml"));

  const { port } = await serving(startRun(folder));
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === one);
  symlinkSync("..v2", join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === two);
});

it("warns once of what stands, and again of what comes back", async () => {
  const one = await backend();
  const spare = "name: spare\nports: [1]\n";
  const folder = folderWith({ ...tree(service("/*", one)), "pools/spare.yaml": spare });
  const running = startRun(folder);
  await serving(running);
  const warnings = (): number => running.err().split("warning BAL").length - 1;
  expect(warnings()).toBe(1);
  put(folder, "services/a.yaml", service("/a/*", one));
  await running.says(/1 route added, 1 removed.* · 1 warning as before/);
  put(folder, "pools/spare.yaml", `# unused\n${spare}`);
  await running.says(/nothing changed .* · 1 warning as before/);
  put(folder, "services/b.yaml", "name: b\ndomian: b.example.com\n");
  await running.says(/BAL2001[^]*keeps serving/);
  put(folder, "services/b.yaml", service("/b").replaceAll("a.ex", "b.ex").slice(8));
  await running.says(/1 route added, 0 removed.* · 1 warning as before/);
  expect(warnings()).toBe(1);
  rmSync(join(folder, "pools/spare.yaml"));
  await running.says(/nothing changed · digest \w+ · \d+ ms\n/);
  put(folder, "pools/spare.yaml", spare);
  await until(() => warnings() === 2);
});

it("goes on when the tree disappears and comes back", async () => {
  const one = await backend();
  const parent = folderWith({});
  for (const [path, text] of Object.entries(tree(service("/*", one)))) {
    put(parent, `tree/${path}`, text);
  }
  const running = startRun(join(parent, "tree"));
  const { port } = await serving(running);
  renameSync(join(parent, "tree"), join(parent, "away"));
  await running.says(/the last good one \(.*\) keeps serving/);
  expect((await ask(port, { host, path: "/" })).status).toBe(200);
  put(parent, "away/services/b.yaml", service("/b").replaceAll("a.ex", "b.ex").slice(8));
  renameSync(join(parent, "away"), join(parent, "tree"));
  await running.says(/1 route added/);
  expect(existsSync(join(parent, "tree/services/b.yaml"))).toBe(true);
  await until(() => running.err().includes("1 route added"));
});

function startRun(folder: string, env: Record<string, string> = {}): Started {
  return startBalto(["run", folder, "--workers", "1"], { env });
}

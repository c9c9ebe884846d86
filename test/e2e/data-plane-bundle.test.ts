// What set-up has bundled is what `balto serve` starts, and only as long as the sources are the same; the
// published package has the bundle in place of the modules.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { balto, folderWith, root, startBalto, type Started } from "./cli-process.ts";
import { ask, askUntil, backend, serving } from "./cli-traffic.ts";
import { service, tree } from "./cli-trees.ts";

const host = "a.example.com";
const CONFIG = 'server:\n  port: "127.0.0.1:0"\nglobal:\n  logging:\n    level: info\n';
const what = { host, path: "/" };
const COPIED = [
  "artifact",
  "bin",
  "cli",
  "compiler",
  "control",
  "dataplane",
  "schema",
  "scripts",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

/** A copy of this checkout, with the same packages and a cache of its own. */
function checkout(): string {
  const folder = mkdtempSync(join(tmpdir(), "balto-checkout-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true });
  linkPackages(folder);
  return folder;
}

function linkPackages(folder: string): void {
  const packages = join(folder, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== ".cache") symlinkSync(join(root, "node_modules", name), join(packages, name));
  }
}

/** Runs a program of Node in a folder. */
function run(folder: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
}

/** `balto serve` of a folder. */
function serve(folder: string, artifact: string): Started {
  const script = relative(root, join(folder, "bin/balto.js"));
  return startBalto(["serve", "--artifact", artifact, "--listen", "127.0.0.1:0"], { script });
}

/** An artifact; `compile` makes it, with a backend of its own each time, and says which port that has. */
async function compiled(): Promise<{ artifact: string; compile: () => Promise<number> }> {
  const artifact = join(folderWith({}), "a.artifact");
  const compile = async (): Promise<number> => {
    const to = await backend();
    const files = { ...tree(service("/*", to)), "balto.config.yaml": CONFIG };
    await balto(["compile", folderWith(files), "-o", artifact]);
    return to;
  };
  return { artifact, compile };
}

/** Which file a process has started with. */
function programOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return words.find((word) => /dataplane.*main\.[jt]s$/.test(word)) ?? "none";
}

const BUNDLE = /\/node_modules\/\.cache\/balto\/dataplane-[0-9a-f]{32}\/main\.js$/;

it("serves the bundle that set-up has made, answers and reloads", async () => {
  const folder = checkout();
  run(folder, "scripts/bundle-data-plane.js");
  const { artifact, compile } = await compiled();
  const one = await compile();
  const { port, pid } = await serving(serve(folder, artifact));
  expect(programOf(pid)).toMatch(BUNDLE);
  expect((await ask(port, what)).echo?.port).toBe(one);
  const two = await compile();
  await askUntil(port, what, ({ echo }) => echo?.port === two);
});

it("serves a source that was changed since, and a bug says which function it is in", async () => {
  const folder = checkout();
  const { artifact, compile } = await compiled();
  await compile();
  run(folder, "scripts/bundle-data-plane.js");
  const worker = join(folder, "dataplane/worker.ts");
  const source = readFileSync(worker, "utf8");
  const changed = source.replace(/^function swap\(.*\{$/m, '$&\n  throw new Error("planted");');
  expect(changed).not.toBe(source);
  writeFileSync(worker, changed);

  const plain = serve(folder, artifact);
  expect(programOf((await serving(plain)).pid)).toBe(join(folder, "dataplane/main.ts"));
  await compile();
  await plain.says(/planted.*Worker died/);

  run(folder, "scripts/bundle-data-plane.js");
  const bundled = serve(folder, artifact);
  expect(programOf((await serving(bundled)).pid)).toMatch(BUNDLE);
  await compile();
  await bundled.says(/planted\\n +at swap \(/);
});

it("is in the published package in place of the modules", async () => {
  const folder = checkout();
  run(folder, "node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
  run(folder, "scripts/bundle-data-plane.js", "dist/dataplane");
  const shipped = mkdtempSync(join(tmpdir(), "balto-package-"));
  onTestFinished(() => rmSync(shipped, { recursive: true, force: true }));
  for (const path of ["bin", "dist", "package.json"]) {
    cpSync(join(folder, path), join(shipped, path), { recursive: true });
  }
  linkPackages(shipped);
  expect(readdirSync(join(shipped, "dist/dataplane"))).not.toContain("http");

  const { artifact, compile } = await compiled();
  const to = await compile();
  const { port, pid } = await serving(serve(shipped, artifact));
  expect(programOf(pid)).toBe(join(shipped, "dist/dataplane/main.js"));
  expect((await ask(port, what)).echo?.port).toBe(to);
});

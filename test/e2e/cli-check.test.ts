// `balto check`: every mistake of a tree in one run, in four formats, with the exit status.

import { mkdirSync } from "node:fs";

import { expect, it } from "vitest";

import type { JsonReport } from "../../compiler/report/json.ts";
import { sarifFaults } from "../unit/sarif-schema.ts";
import { balto, folderWith, put, startBalto } from "./cli-process.ts";
import { service, tree, twelveMistakes, twelvePlaces } from "./cli-trees.ts";

it("prints twelve mistakes as text, sorted, on stderr", async () => {
  const folder = folderWith(twelveMistakes);
  const { status, out, err } = await balto(["check", "."], { cwd: folder });
  expect(status).toBe(1);
  expect(out).toBe("");
  const heads = [...err.matchAll(/^(\S+) error (BAL\d+) /gm)].map(([, place, code]) => {
    return `${place} ${code}`;
  });
  expect(heads).toEqual(twelvePlaces);
  expect(err).toMatch(/\n12 errors in 4 files\n$/);
  expect(err).not.toContain("\u001b");
});

it("prints them as JSON", async () => {
  const folder = folderWith(twelveMistakes);
  const { status, out, err } = await balto(["check", "--format", "json"], { cwd: folder });
  expect([status, err]).toEqual([1, ""]);
  const report = JSON.parse(out) as JsonReport;
  expect(report.summary).toEqual({ errors: 12, warnings: 0, files: 4 });
  const places = report.diagnostics.map(({ file, start, code }) => {
    return `${file}:${start.line}:${start.column} ${code}`;
  });
  expect(places).toEqual(twelvePlaces);
  for (const { help, message } of report.diagnostics) {
    expect(help).not.toBe("");
    expect(message).not.toBe("");
  }
});

it("prints them as SARIF that validates", async () => {
  const folder = folderWith(twelveMistakes);
  const { status, out } = await balto(["check", folder, "--format=sarif"]);
  expect(status).toBe(1);
  const log = JSON.parse(out) as { runs: [{ results: { ruleId: string }[] }] };
  expect(sarifFaults(log)).toEqual([]);
  const codes = twelvePlaces.map((place) => place.split(" ")[1]);
  expect(log.runs[0].results.map((result) => result.ruleId)).toEqual(codes);
});

it("prints them as annotations for GitHub", async () => {
  const folder = folderWith(twelveMistakes);
  const { status, out } = await balto(["check", "--format", "github"], { cwd: folder });
  expect(status).toBe(1);
  const places = [...out.matchAll(/^::error file=(.*?),line=(\d+),col=(\d+),.*title=(\w+)/gm)];
  expect(places.map(([, file, line, col, code]) => `${file}:${line}:${col} ${code}`)).toEqual(
    twelvePlaces,
  );
});

it("names paths from the root of the checkout in annotations", async () => {
  const folder = folderWith({ "deploy/tree/services/a.yaml": "name: [" });
  const { out } = await balto(["check", "tree", "--format", "github"], {
    cwd: `${folder}/deploy`,
    env: { GITHUB_WORKSPACE: folder },
  });
  expect(out).toContain("file=deploy/tree/services/a.yaml,");
});

it("accepts a good tree, and says so unless told to be quiet", async () => {
  const folder = folderWith(tree(service()));
  const loud = await balto(["validate", folder]);
  expect([loud.status, loud.out]).toEqual([0, ""]);
  expect(loud.err).toBe(`${folder}: 1 service, 1 backend, no errors\n`);
  const quiet = await balto(["check", folder, "-q"]);
  expect([quiet.status, quiet.out, quiet.err]).toEqual([0, "", ""]);
});

it("leaves the status 0 for warnings alone", async () => {
  const folder = folderWith({ "balto.config.yaml": "server:\n  port: 1\n" });
  const { status, err } = await balto(["check", folder]);
  expect(status).toBe(0);
  expect(err).toContain("warning BAL5002");
});

it("finds the tree: DIR, then BALTO_CONFIG, then configs, then the current folder", async () => {
  const folder = folderWith({});
  for (const name of ["named", "env", "configs", "."]) {
    for (const [path, text] of Object.entries(tree(service())))
      put(folder, `${name}/${path}`, text);
  }
  const env = { BALTO_CONFIG: `${folder}/env/balto.config.yaml` };
  const said = async (args: string[], extra: Record<string, string> = {}): Promise<string> => {
    const { err } = await balto(["check", ...args], { cwd: folder, env: extra });
    return err.split(":")[0] ?? "";
  };
  expect(await said(["named/"], env)).toBe("named");
  expect(await said([], env)).toBe(`${folder}/env`);
  expect(await said([])).toBe("configs");
  const inner = `${folder}/named`;
  expect((await balto(["check"], { cwd: inner })).err).toMatch(/^\.: 1 service/);
});

it("says what would do where there is no tree", async () => {
  const folder = folderWith({});
  mkdirSync(`${folder}/empty`);
  const none = await balto(["check"], { cwd: folder });
  expect(none.status).toBe(1);
  expect(none.err).toMatch(/no balto\.config\.yaml in configs\/ nor here\n.*balto init/);
  const missing = await balto(["check", "nowhere"], { cwd: folder });
  expect(missing.status).toBe(1);
  expect(missing.err).toMatch(/there is no folder nowhere\n.*balto init nowhere/);
  const empty = await balto(["check", "empty"], { cwd: folder });
  expect(empty.status).toBe(1);
  expect(empty.err).toContain("BAL5001");
});

it("colours only on request when stderr is a pipe, and never with NO_COLOR", async () => {
  const folder = folderWith(tree("name: ["));
  const check = async (env: Record<string, string>): Promise<boolean> => {
    return (await balto(["check", folder], { env })).err.includes("\u001b[");
  };
  expect(await check({})).toBe(false);
  expect(await check({ FORCE_COLOR: "1" })).toBe(true);
  expect(await check({ FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
});

it("is quiet when its reader goes away", async () => {
  const started = startBalto(["schema", "config"]);
  started.child.stdout?.destroy();
  const { status, err } = await started.ended;
  expect([status, err]).toEqual([0, ""]);
});

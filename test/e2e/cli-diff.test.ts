// `balto diff` and `balto replay`: real git, folders, artifacts, logs.

import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect, it } from "vitest";

import type { Diff } from "../../compiler/diff/diff.ts";
import type { ReplayResult } from "../../compiler/replay/replay.ts";
import { balto, folderWith, put, root } from "./cli-process.ts";

const config = 'server:\n  port: ":5500"\n';
const a = "name: a\ndomain: a.test\npath_prefix: /a/*\nports: [8081]\n";
const b = "name: b\ndomain: b.test\npath_prefix: /*\nports: [8082]\n";

/** A repository with a tree in configs/, committed. */
function repository(files: Record<string, string>): string {
  const folder = folderWith(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`configs/${path}`, text])),
  );
  git(folder, "init", "--quiet", "--initial-branch=main");
  commit(folder, "one");
  return folder;
}

function commit(folder: string, message: string): void {
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", message);
}

function git(folder: string, ...words: string[]): string {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  return execFileSync("git", [...identity, ...words], { cwd: folder, env }).toString();
}

it("compares revisions, and a revision with the working folder", async () => {
  const cwd = repository({
    "balto.config.yaml": config,
    "services/a.yaml": a,
    "services/b.yaml": b,
  });
  put(cwd, "configs/services/a.yaml", a.replace("/a/*", "/aa/*"));
  const working = await balto(["diff", "HEAD"], { cwd });
  expect(working.out).toMatch(/^HEAD:configs → configs: 2 classes of requests change: /);
  expect(working.out).toContain(
    "HIGH    now answered 404 by the gateway\n  GET http://a.test/a/any\n",
  );
  commit(cwd, "two");
  const { status, out } = await balto(["diff", "HEAD~1", "main", "--format", "json"], { cwd });
  const diff = JSON.parse(out) as Diff;
  expect(status).toBe(0);
  expect(diff.classes.map(({ changes }) => changes.map(({ kind }) => kind))).toEqual([
    ["refused"],
    ["new"],
  ]);
  expect(diff.classes[0]).toMatchObject({
    risk: "high",
    domains: ["a.test"],
    before: { status: 0, route: { service: "a", place: "services/a.yaml:1:1" } },
    after: { status: 404, route: null },
    witness: { method: "GET", url: "http://a.test/a/any", before: "GET /any", after: null },
  });
  expect(git(cwd, "status", "--porcelain")).toBe("");
});

it("says nothing of renamed and moved services, and ends with 2 where there is a difference", async () => {
  const cwd = repository({
    "balto.config.yaml": config,
    "services/a.yaml": a,
    "services/b.yaml": b,
  });
  rmSync(join(cwd, "configs/services/b.yaml"));
  put(cwd, "configs/services/z/moved.yaml", `# moved\n${b.replace("name: b", "name: renamed")}`);
  const same = await balto(["diff", "main:configs", "configs", "--exit-code"], { cwd });
  expect([same.status, same.out]).toEqual([0, "main:configs → configs: no request changes\n"]);
  put(cwd, "configs/balto.config.yaml", config.replace("5500", "5501"));
  const other = await balto(["diff", "main:configs/", "--exit-code"], { cwd });
  expect([other.status, other.out]).toEqual([
    2,
    "main:configs → configs: no request changes; 1 setting of the gateway\n\n" +
      "settings of the whole gateway\n  listen  :5500 → :5501\n",
  ]);
});

it("reads a tree of a revision as it reads a folder: below another folder, through links", async () => {
  const cwd = folderWith({ "gateway/conf/balto.config.yaml": config, "gateway/b.yaml": b });
  mkdirSync(join(cwd, "gateway/conf/services"));
  put(cwd, "gateway/conf/shared/a.txt", a);
  symlinkSync("../shared/a.txt", join(cwd, "gateway/conf/services/a.yaml"));
  git(cwd, "init", "--quiet", "--initial-branch=main");
  commit(cwd, "one");
  const same = await balto(["diff", "main:gateway/conf", "gateway/conf"], { cwd });
  expect([same.err, same.out]).toEqual([
    "",
    "main:gateway/conf → gateway/conf: no request changes\n",
  ]);
  symlinkSync("../../b.yaml", join(cwd, "gateway/conf/services/b.yaml"));
  commit(cwd, "two");
  const outside = await balto(["diff", "main:gateway/conf", "gateway/conf"], { cwd });
  expect(outside.status).toBe(1);
  expect(outside.err).toMatch(/BAL1001 [^]*it is a link to \.\.\/\.\.\/b\.yaml/);
  const env = { BALTO_CONFIG: "gateway/conf" };
  const named = await balto(["diff", "main~1", "main~1:"], { cwd, env });
  expect(named.out).toBe("main~1:gateway/conf → main~1:gateway/conf: no request changes\n");
});

it("compares artifacts, and prints Markdown for a pull request", async () => {
  const old = folderWith({ "balto.config.yaml": config, "services/a.yaml": a });
  const now = folderWith({
    "balto.config.yaml": config,
    "services/a.yaml": a.replace("8081", "8089"),
  });
  await balto(["compile", old, "-o", `${old}/a.artifact`]);
  const { out } = await balto(["diff", `${old}/a.artifact`, now, "--format", "markdown"]);
  expect(out).toMatch(
    /^<!-- balto-diff -->\n### Balto: 1 class of requests changes: 1 of high risk\n/,
  );
  expect(out).toContain("- `+ http://${env:BALTO_UPSTREAM_HOST:-localhost}:8089`\n");
});

it("says in one line what cannot be compared", async () => {
  const cwd = folderWith({ "balto.config.yaml": config, "services/a.yaml": a });
  const one = await balto(["diff", "nothing", "."], { cwd });
  expect(one.err).toBe(
    "balto diff: nothing is no folder, no file and no revision of git, and this is no git repository\n" +
      "  for example: balto diff main HEAD\n",
  );
  git(cwd, "init", "--quiet", "--initial-branch=main");
  commit(cwd, "one");
  for (const [words, message] of [
    [["diff", "--", "--upload-pack=x", "."], "is no folder, no file and no revision"],
    [["diff", "main:elsewhere", "."], "Not a valid object name"],
    [["diff", "balto.config.yaml~", "."], "is no folder, no file and no revision"],
    [["diff", "services/a.yaml", "."], "is not a sound artifact"],
  ] as const) {
    const { status, err } = await balto(words, { cwd });
    expect([status, err]).toEqual([1, expect.stringContaining(message)]);
  }
  put(cwd, "services/a.yaml", "domian: a\n");
  commit(cwd, "broken");
  const broken = await balto(["diff", "main~1", "main"], { cwd });
  expect(broken.status).toBe(1);
  expect(broken.err).toMatch(
    /^main:\/?services\/a\.yaml:1:1 error BAL2001[^]*main: does not compile\n$/,
  );
});

it("weighs a diff by the requests of a log", async () => {
  const cwd = repository({
    "balto.config.yaml": config,
    "services/a.yaml": a,
    "services/b.yaml": b,
  });
  put(cwd, "configs/services/a.yaml", a.replace("/a/*", "/aa/*"));
  const line = (host: string, path: string) =>
    `${JSON.stringify({ client: "10.0.0.1", method: "GET", host, path, status: 200 })}\n`;
  const log = join(cwd, "access.log");
  writeFileSync(log, "");
  for (let n = 0; n < 3000; n++) appendFileSync(log, line("b.test", `/p/${n}`));
  for (let n = 0; n < 1000; n++) appendFileSync(log, line("a.test", `/a/${n % 7}`));
  appendFileSync(log, "no log\n\r\n");
  appendFileSync(
    log,
    '10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a/x HTTP/1.1" 200 1 "-" "-"\r\n',
  );
  appendFileSync(
    log,
    'a.test 10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a\\x2Fx HTTP/1.1" 200 1',
  );
  const words = ["--from", "main"];
  const { status, out, err } = await balto(["replay", "access.log", ...words], { cwd });
  expect([status, err]).toEqual([0, ""]);
  expect(out).toBe(
    `4,001 requests, of which 1,001 (25.0%) change

 25.0%  HIGH    now answered 404 by the gateway  1,001 requests
                before  a  a.test/a/*
                after   404
                seen    GET http://a.test/a/0

1 more class of the diff has no request in this log

2 lines hold no request:
  line 4001: it is neither JSON nor the combined format
  line 4003: it names no host: give --host
`,
  );
  writeFileSync(`${log}.gz`, gzipSync(line("a.test", "/a/1").repeat(10)));
  const json = await balto(["replay", "access.log.gz", ...words, "--format", "json"], { cwd });
  expect(JSON.parse(json.out)).toMatchObject({
    requests: 10,
    changed: 10,
  } satisfies Partial<ReplayResult>);
  const input = Buffer.from('- - - [x] "GET /a/x HTTP/1.1" 200 1 "-" "-"\n');
  const piped = await balto(["replay", "-", ...words, "--host", "a.test"], { cwd, input });
  expect(piped.out).toMatch(/^1 request, of which 1 \(100\.0%\) changes\n/);
  const missing = await balto(["replay", "nothing.log", ...words], { cwd });
  expect([missing.status, missing.err]).toEqual([
    1,
    "balto replay: nothing.log cannot be read: no such file or directory\n",
  ]);
});

it("finds that the examples are what they were", async () => {
  const { out } = await balto(["diff", "examples/monorepo", "examples/monorepo"], { cwd: root });
  expect(out).toBe("examples/monorepo → examples/monorepo: no request changes\n");
});

// `balto fmt`: files in one form, written, checked or shown.

import { lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { balto, folderWith, root } from "./cli-process.ts";

const messy =
  "# head\nname:   a\ndomain:    a.test   # where\n\n\n\npath_prefix: /*\nports:\n    - 8081\n";
const tidy = "# head\nname: a\ndomain: a.test # where\n\npath_prefix: /*\nports:\n  - 8081\n";

const files = {
  "balto.config.yaml": "server:\n  port: 5500\n",
  "services/a.yaml": messy,
  "tests/a.yaml": "tests: [  ]\n",
  "services/notes.txt": "a:    b\n",
};

it("writes what is not in form, once, and says so", async () => {
  const cwd = folderWith(files);
  const first = await balto(["fmt"], { cwd });
  expect([first.status, first.out, first.err]).toEqual([
    0,
    "",
    "formatted: services/a.yaml\nformatted: tests/a.yaml\n",
  ]);
  expect(readFileSync(join(cwd, "services/a.yaml"), "utf8")).toBe(tidy);
  expect(readFileSync(join(cwd, "services/notes.txt"), "utf8")).toBe("a:    b\n");
  const second = await balto(["fmt", "."], { cwd });
  expect([second.status, second.err]).toEqual([0, "every file is in form\n"]);
});

it("checks and shows without writing", async () => {
  const cwd = folderWith(files);
  const check = await balto(["fmt", "--check"], { cwd });
  expect([check.status, check.err]).toEqual([
    1,
    "not in form: services/a.yaml\nnot in form: tests/a.yaml\n",
  ]);
  const diff = await balto(["fmt", "--diff", "services/a.yaml"], { cwd });
  expect([diff.status, diff.out]).toEqual([
    0,
    `--- services/a.yaml
+++ services/a.yaml
@@ -1,9 +1,7 @@
 # head
-name:   a
-domain:    a.test   # where
-
-
+name: a
+domain: a.test # where
 
 path_prefix: /*
 ports:
-    - 8081
+  - 8081
`,
  ]);
  expect(readFileSync(join(cwd, "services/a.yaml"), "utf8")).toBe(messy);
});

it("formats standard input, follows links, and keeps who may read a file", async () => {
  const piped = await balto(["fmt", "-"], { input: Buffer.from(messy) });
  expect([piped.status, piped.out]).toEqual([0, tidy]);
  const cwd = folderWith({ "real.yaml": messy });
  symlinkSync("real.yaml", join(cwd, "link.yaml"));
  writeFileSync(join(cwd, "secret.yaml"), messy, { mode: 0o600 });
  await balto(["fmt", "link.yaml", "secret.yaml"], { cwd });
  expect(lstatSync(join(cwd, "link.yaml")).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(cwd, "real.yaml"), "utf8")).toBe(tidy);
  expect(statSync(join(cwd, "secret.yaml")).mode & 0o777).toBe(0o600);
});

it("leaves alone what is no YAML, and says where it is not", async () => {
  const cwd = folderWith({
    "a.yaml": "a: [\n",
    "b.yaml": "a:  b\n",
    "c.yaml": new Uint8Array([0xff]),
  });
  const { status, err } = await balto(["fmt", "a.yaml", "b.yaml"], { cwd });
  expect(status).toBe(1);
  expect(err).toMatch(/^a\.yaml:\d+:\d+ left alone: .*\nformatted: b\.yaml\n$/);
  expect(readFileSync(join(cwd, "a.yaml"), "utf8")).toBe("a: [\n");
  const bytes = await balto(["fmt", "c.yaml"], { cwd });
  expect(bytes.err).toBe("balto fmt: c.yaml cannot be read: it is not UTF-8\n");
  const deep = await balto(["fmt", "-"], { input: Buffer.from("[".repeat(100_000)) });
  expect(deep.status).toBe(1);
  expect(deep.err).toMatch(/^balto fmt: standard input: .*\n$/);
});

it("the trees of this repository are in form", async () => {
  const folders = [
    "configs",
    "examples/backends",
    "examples/host-routing",
    "examples/monorepo",
    "examples/parameters",
  ];
  const { status, err } = await balto(["fmt", "--check", ...folders], { cwd: root });
  expect([status, err]).toEqual([0, "every file is in form\n"]);
});

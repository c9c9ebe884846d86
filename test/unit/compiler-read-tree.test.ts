import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readTree, TreeReader } from "../../compiler/read-tree.ts";
import type { SourceTree } from "../../compiler/source-tree.ts";

let base: string;
let root: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "balto-tree-")));
  root = join(base, "tree");
  mkdirSync(root);
});
afterEach(() => rmSync(base, { recursive: true }));

function write(path: string, text = "x: y\n"): string {
  const full = join(base, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

/** Path → text, or the fault. */
function summary(tree: SourceTree): Record<string, string> {
  return Object.fromEntries(
    tree.files.map(({ path, content }) => [
      path,
      content instanceof Uint8Array ? Buffer.from(content).toString() : `!${content.fault}`,
    ]),
  );
}

it("reads balto.config.yaml and everything below services/ and pools/", () => {
  write("tree/balto.config.yaml", "a\n");
  write("tree/services/a.yaml", "b\n");
  write("tree/services/team/deep/b.yml", "c\n");
  write("tree/services/notes.txt");
  write("tree/services/.hidden.yaml");
  write("tree/.git/x.yaml");
  write("tree/node_modules/x/y.yaml");
  write("tree/service/lost.yaml", "d\n");
  write("tree/pools/team/p.yaml", "e\n");
  write("tree/Pool/lost.yaml", "f\n");
  expect(summary(readTree(root))).toEqual({
    "Pool/lost.yaml": "f\n",
    "balto.config.yaml": "a\n",
    "pools/team/p.yaml": "e\n",
    "service/lost.yaml": "d\n",
    "services/a.yaml": "b\n",
    "services/team/deep/b.yml": "c\n",
  });
});

it("reads a ConfigMap mount, whose files are links into ..data", () => {
  write("tree/..2026_11_21/balto.config.yaml", "one\n");
  write("tree/..2026_11_21/services/a.yaml", "two\n");
  symlinkSync("..2026_11_21", join(root, "..data"));
  symlinkSync("..data/balto.config.yaml", join(root, "balto.config.yaml"));
  symlinkSync("..data/services", join(root, "services"));
  expect(summary(readTree(root))).toEqual({
    "balto.config.yaml": "one\n",
    "services/a.yaml": "two\n",
  });
});

it("reads a tree whose root is a link, as git-sync makes it", () => {
  write("tree/balto.config.yaml", "one\n");
  symlinkSync("tree", join(base, "current"));
  expect(summary(readTree(join(base, "current")))).toEqual({ "balto.config.yaml": "one\n" });
});

it("does not leave the tree through a link", () => {
  write("secret.yaml", "password: x\n");
  write("beside/a.yaml");
  write("tree/services/a.yaml", "b\n");
  symlinkSync("../secret.yaml", join(root, "balto.config.yaml"));
  symlinkSync("/etc/passwd", join(root, "services/passwd.yaml"));
  symlinkSync("../../beside", join(root, "services/team"));
  // A name that only begins like the tree is outside as well.
  write("tree-two/b.yaml");
  symlinkSync("../../tree-two/b.yaml", join(root, "services/two.yaml"));
  expect(summary(readTree(root))).toEqual({
    "balto.config.yaml": "!outside-tree",
    "services/a.yaml": "b\n",
    "services/passwd.yaml": "!outside-tree",
    "services/team": "!outside-tree",
    "services/two.yaml": "!outside-tree",
  });
});

it("neither waits for a FIFO nor follows what is no plain file", () => {
  mkdirSync(join(root, "services"));
  execFileSync("mkfifo", [join(root, "services/fifo.yaml")]);
  mkdirSync(join(root, "services/folder.yaml"));
  linkSync(write("outside.yaml"), join(root, "services/hard.yaml"));
  symlinkSync("loop.yaml", join(root, "services/loop.yaml"));
  symlinkSync("missing.yaml", join(root, "services/nowhere.yaml"));
  symlinkSync(".", join(root, "services/self"));
  symlinkSync("/dev/zero", join(root, "services/zero.yaml"));
  expect(summary(readTree(root))).toEqual({
    "services/fifo.yaml": "!not-a-file",
    "services/folder.yaml": "!not-a-file",
    "services/hard.yaml": "!not-a-file",
    "services/loop.yaml": "!not-a-file",
    "services/nowhere.yaml": "!unreadable",
    "services/self": "!not-a-file",
    "services/zero.yaml": "!outside-tree",
  });
});

it("reads each folder once, however links multiply it", () => {
  for (let level = 0; level < 30; level++) {
    const folder = join(root, "services", `level${level}`);
    mkdirSync(folder, { recursive: true });
    symlinkSync(`../level${level + 1}`, join(folder, "left"));
    symlinkSync(`../level${level + 1}`, join(folder, "right"));
  }
  write("tree/services/level30/a.yaml");
  const found = Object.values(summary(readTree(root)));
  expect(found.filter((text) => text === "x: y\n")).toHaveLength(1);
  expect(found).toContain("!not-a-file");
});

it("does not read beyond the limit of a file", () => {
  write("tree/services/a.yaml", "#".repeat(8 * 1024 * 1024 + 1));
  write("tree/services/b.yaml", "#".repeat(8 * 1024 * 1024));
  const [a, b] = readTree(root).files;
  expect(a?.content).toMatchObject({ fault: "too-large" });
  expect(b?.content).toHaveLength(8 * 1024 * 1024);
});

it("names a file whose name is not UTF-8", () => {
  write("tree/services/a.yaml", "b\n");
  const name = Buffer.concat([
    Buffer.from(`${root}/services/`),
    Buffer.from([0xff]),
    Buffer.from(".yaml"),
  ]);
  writeFileSync(name, "x");
  const faults = readTree(root).files.map(({ content }) => "fault" in content && content.fault);
  expect(faults).toContain("bad-name");
});

it("does not read again what has not been written since", () => {
  const path = write("tree/services/a.yaml", "one\n");
  write("tree/services/b.yaml", "two\n");
  const reader = new TreeReader(root, () => Date.now() + 60_000);
  const first = reader.read();
  expect(summary(first)).toEqual({ "services/a.yaml": "one\n", "services/b.yaml": "two\n" });
  // Of the same length, and with the old time of its last change put back.
  const { atime, mtime } = statSync(path);
  writeFileSync(path, "new\n");
  utimesSync(path, atime, mtime);
  const second = reader.read();
  expect(summary(second)).toEqual({ "services/a.yaml": "new\n", "services/b.yaml": "two\n" });
  expect(second.files[1]!.content).toBe(first.files[1]!.content);
  linkSync(path, join(base, "other"));
  rmSync(join(root, "services/b.yaml"));
  expect(summary(reader.read())).toEqual({ "services/a.yaml": "!not-a-file" });
});

it("reads again what was written so shortly ago that it may have been written since", () => {
  const path = write("tree/services/a.yaml", "0\n");
  const reader = new TreeReader(root);
  for (let version = 1; version < 10; version++) {
    expect(summary(reader.read())).toEqual({ "services/a.yaml": `${version - 1}\n` });
    writeFileSync(path, `${version}\n`);
  }
  const [one] = reader.read().files;
  expect(reader.read().files[0]!.content).not.toBe(one!.content);
});

it("knows whether the tree has changed since it was read", () => {
  const path = write("tree/services/a.yaml", "one\n");
  write("v1/b.yaml", "two\n");
  write("v2/b.yaml", "two\n");
  symlinkSync("../v1", join(root, "..data"));
  const reader = new TreeReader(root);
  expect(reader.hasChanged()).toBe(true);
  const changed = (change: () => void): boolean => {
    reader.read();
    expect(reader.hasChanged()).toBe(false);
    change();
    return reader.hasChanged();
  };
  expect(changed(() => write("tree/services/notes.txt"))).toBe(false);
  expect(changed(() => write("tree/tests/routes.yaml"))).toBe(false);
  const { atime, mtime } = statSync(path);
  const rewrite = (): void => {
    writeFileSync(path, "new\n");
    utimesSync(path, atime, mtime);
  };
  expect(changed(rewrite)).toBe(true);
  expect(changed(() => write("tree/services/team/c.yaml"))).toBe(true);
  expect(changed(() => rmSync(join(root, "services/team/c.yaml")))).toBe(true);
  expect(changed(() => symlinkSync("nowhere", join(root, "services/d.yaml")))).toBe(true);
  const flip = (): void => {
    rmSync(join(root, "..data"));
    symlinkSync("../v2", join(root, "..data"));
  };
  expect(changed(flip)).toBe(true);
  expect(changed(() => rmSync(root, { recursive: true }))).toBe(true);
  expect(() => reader.read()).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(reader.hasChanged()).toBe(false);
  mkdirSync(root);
  expect(reader.hasChanged()).toBe(true);
});

it("throws where there is no folder", () => {
  expect(() => readTree(join(base, "missing"))).toThrow(
    expect.objectContaining({ code: "ENOENT" }),
  );
  expect(() => readTree(write("file"))).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
});

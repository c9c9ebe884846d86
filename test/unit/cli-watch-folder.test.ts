import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type FolderWatch, watchFolder } from "../../cli/watch-folder.ts";
import { TreeReader } from "../../compiler/read-tree.ts";
import type { SourceTree } from "../../compiler/source-tree.ts";

let folder: string;
let reader: TreeReader;
let watch: FolderWatch | undefined;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "balto-watch-")));
  mkdirSync(join(folder, "services"));
  write("zero");
  reader = new TreeReader(folder);
  reader.read();
});
afterEach(async () => {
  await watch?.close();
  rmSync(folder, { recursive: true });
});

function write(text: string, name = "services/a.yaml"): void {
  writeFileSync(join(folder, name), text);
}

function textOf({ files }: SourceTree): string {
  return files.map(({ content }) => Buffer.from(content as Uint8Array).toString()).join();
}

/** Reads at each change, and keeps what was read once nothing more was written. */
function follow(afterReading: (text: string) => void = () => {}): {
  read: string[];
  used: string[];
} {
  const texts: { read: string[]; used: string[] } = { read: [], used: [] };
  watch = watchFolder({
    folder,
    hasChanged: () => reader.hasChanged(),
    onChange: async (isOver) => {
      const text = textOf(reader.read());
      texts.read.push(text);
      afterReading(text);
      if (await isOver()) texts.used.push(text);
    },
  });
  return texts;
}

it("reads what was written, once", async () => {
  const { used } = follow();
  write("one");
  await vi.waitFor(() => expect(used).toEqual(["one"]), 5_000);
  write("two");
  await vi.waitFor(() => expect(used).toEqual(["one", "two"]), 5_000);
});

it("sees what happened before it watched", async () => {
  write("before");
  const { used } = follow();
  await vi.waitFor(() => expect(used).toEqual(["before"]), 5_000);
});

it("uses nothing of a change that goes on while it is read, and then all of it", async () => {
  const { read, used } = follow((text) => {
    if (text === "half") write("whole");
  });
  write("half");
  await vi.waitFor(() => expect(used.at(-1)).toBe("whole"), 5_000);
  expect(used).not.toContain("half");
  expect(read).toContain("half");
});

it("uses what it has read where what was written meanwhile is none of its business", async () => {
  const { read, used } = follow((text) => {
    if (text === "one") write("x", "services/notes.txt");
  });
  write("one");
  await vi.waitFor(() => expect(used).toEqual(["one"]), 5_000);
  expect(read).toEqual(["one"]);
});

it("reads a change again that was taken back while the one behind it was read", async () => {
  let step = 0;
  const { used } = follow((text) => {
    if (text === "half" && step++ === 0) write("zero");
  });
  write("half");
  await vi.waitFor(() => expect(used.at(-1)).toBe("zero"), 5_000);
  expect(used).not.toContain("half");
});

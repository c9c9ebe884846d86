// A tree that Node's usual heap may be too small for is compiled by the same process begun anew, with room; any
// other is not.

import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { balto, folderWith } from "./cli-process.ts";
import { service } from "./cli-trees.ts";

/** Each start of Node says with which flags. */
const SAYS_FLAGS = {
  NODE_OPTIONS: `--import=data:text/javascript,console.error(\`<\${process.execArgv}>\`)`,
};

it("begins again with room for a tree of 400 MB, once, and says what it would have said", async () => {
  const folder = folderWith({ "services/a.yaml": service() });
  mkdirSync(join(folder, "services/large"));
  // A hole: it takes no room on the disk, and is too large to be read.
  writeFileSync(join(folder, "services/large/b.yaml"), "");
  truncateSync(join(folder, "services/large/b.yaml"), 400 * 1024 * 1024);
  const { status, err } = await balto(["check", folder], { env: SAYS_FLAGS });
  expect(status).toBe(1);
  expect(err).toContain("the file is larger than 8 MiB");
  const [first, second, ...more] = [...err.matchAll(/^<(.*)>$/gm)].map(([, flags]) => flags);
  expect([first, more]).toEqual(["", []]);
  expect(second).toMatch(/^--max-old-space-size=[0-9]+,--max-semi-space-size=[0-9]+$/);
});

it("does not begin again for a small tree", async () => {
  const folder = folderWith({ "services/a.yaml": service() });
  const { status, err } = await balto(["check", folder], { env: SAYS_FLAGS });
  expect(status).toBe(0);
  expect([...err.matchAll(/^<(.*)>$/gm)].map(([, flags]) => flags)).toEqual([""]);
});

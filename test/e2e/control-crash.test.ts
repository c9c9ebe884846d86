// The writer is killed between any two steps of a change. At the next start the change is there, wholly,
// or it never was: in the files, in git, in the artifact.

import { chmodSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { openContainer } from "../../artifact/container.ts";
import { compile } from "../../compiler/compile.ts";
import { readTree } from "../../compiler/read-tree.ts";
import type { Step } from "../../control/write/transaction.ts";
import { Repository, Tree } from "../harness/repository.ts";
import { temporaryFolder } from "../harness/artifact.ts";
import { Writer } from "../harness/writer.ts";
import { startBalto } from "./cli-process.ts";
import { API_ID, at, GIT, tree } from "./control-trees.ts";

const GOOD = { domain: "n.example.com", path_prefix: "/n", ports: ["1"] };

/** The kinds of changes, and where each one shows. */
const CHANGES = {
  edit: { line: `PATCH ${at(API_ID)}`, body: { ports: ["9000"] } },
  creation: { line: "POST /balto/services", body: GOOD },
  removal: { line: `DELETE ${at(API_ID)}`, body: undefined },
};
const kinds = Object.keys(CHANGES) as (keyof typeof CHANGES)[];

/** Steps after which the change is there to stay. */
const KEPT: { git: Step[]; plain: Step[] } = {
  git: ["commit", "artifact", "served", "done"],
  plain: ["done"],
};
const STEPS: Step[] = [
  "journal",
  "copies",
  "file",
  "staged",
  "commit",
  "artifact",
  "served",
  "done",
];

function digestOfTree(folder: string): string {
  const { artifact } = compile(readTree(folder));
  if (artifact === undefined) throw new Error("the tree does not compile");
  return openContainer(artifact).digest;
}

function digestOfArtifact(path: string): string {
  return openContainer(new Uint8Array(readFileSync(path))).digest;
}

async function killedAfter(step: Step, kind: keyof typeof CHANGES, files: Tree): Promise<string> {
  const artifact = join(temporaryFolder(), "balto.artifact");
  const writer = await Writer.over(files.folder, {
    artifact,
    env: { BALTO_TEST_DIE_AFTER: step },
  });
  const { line, body } = CHANGES[kind];
  await expect(writer.ask(line, body === undefined ? {} : { body })).rejects.toThrow();
  expect((await writer.exit).signal).toBe("SIGKILL");
  return artifact;
}

/** Nothing of the writer's own is left, whatever happened. */
function expectTidy(files: Tree, artifact: string): void {
  expect(readdirSync(join(files.folder, ".balto")).filter((name) => name !== "times.json")).toEqual(
    [".gitignore"],
  );
  const names = [
    ...readdirSync(files.folder),
    ...readdirSync(join(files.folder, "services")),
    ...readdirSync(join(artifact, "..")),
  ];
  expect(names.filter((name) => /balto-|\.before$|\.lock/.test(name))).toEqual([]);
}

for (const kind of kinds) {
  for (const step of STEPS.filter((name) => name !== "staged" || kind === "creation")) {
    it(`git: killed after "${step}" of a ${kind}`, async () => {
      const files = Repository.with(tree(GIT));
      const [before, head] = [files.files(), files.head];
      const artifact = await killedAfter(step, kind, files);
      const next = await Writer.over(files.folder, { artifact });
      const isKept = KEPT.git.includes(step);
      expect(files.state).toBe("");
      expect(files.log).toHaveLength(isKept ? 2 : 1);
      if (!isKept) expect([files.files(), files.head]).toEqual([before, head]);
      else expect(files.files()).not.toEqual(before);
      expect(digestOfArtifact(artifact)).toBe(digestOfTree(files.folder));
      expectTidy(files, artifact);
      // And it goes on.
      expect(
        (await next.ask("POST /balto/services", { body: { ...GOOD, domain: "m.x" } })).status,
      ).toBe(201);
      await next.end();
    });
  }

  for (const step of STEPS.filter((name) => name !== "staged" && name !== "commit")) {
    it(`no git: killed after "${step}" of a ${kind}`, async () => {
      const files = Tree.with(tree());
      const before = files.files();
      const artifact = await killedAfter(step, kind, files);
      const next = await Writer.over(files.folder, { artifact });
      if (KEPT.plain.includes(step)) expect(files.files()).not.toEqual(before);
      else expect(files.files()).toEqual(before);
      expect(digestOfArtifact(artifact)).toBe(digestOfTree(files.folder));
      expectTidy(files, artifact);
      await next.end();
    });
  }
}

it("git goes on when the writer is killed, and what it committed is there to stay", async () => {
  const files = Repository.with(tree(GIT));
  // The hook's parent is git, whose parent is the writer.
  const hook = `#!/bin/sh
kill -9 $(awk '/^PPid/ { print $2 }' /proc/$PPID/status)
sleep 1
`;
  files.write(".git/hooks/pre-commit", hook);
  chmodSync(join(files.folder, ".git/hooks/pre-commit"), 0o755);
  const artifact = join(temporaryFolder(), "balto.artifact");
  const writer = await Writer.over(files.folder, { artifact });
  const { line, body } = CHANGES.creation;
  await expect(writer.ask(line, { body })).rejects.toThrow();
  expect((await writer.exit).signal).toBe("SIGKILL");
  const next = await Writer.over(files.folder, { artifact });
  expect(files.log).toEqual(["Balto API: Add n.example.com/n", "Tester: Begin"]);
  expect(files.state).toBe("");
  expect(digestOfArtifact(artifact)).toBe(digestOfTree(files.folder));
  expectTidy(files, artifact);
  await next.end();
});

it("what somebody wrote after the crash is left alone", async () => {
  const files = Tree.with(tree());
  const artifact = await killedAfter("file", "edit", files);
  const byHand = files.read("services/api.yaml").replace("9000", "9001");
  files.write("services/api.yaml", byHand);
  const next = await Writer.over(files.folder, { artifact });
  expect(files.read("services/api.yaml")).toBe(byHand);
  expectTidy(files, artifact);
  await next.end();
});

it("a change that was cut off is mended by the next change, too, and told of in the log", async () => {
  const files = Tree.with(tree());
  const before = files.files();
  await killedAfter("file", "edit", files);
  const next = await Writer.over(files.folder, { args: ["--no-follow"] });
  expect(files.files()).toEqual(before);
  expect(next.log).toContainEqual(
    expect.objectContaining({ level: "warn", file: "services/api.yaml" }),
  );
  await next.end();
});

it("balto run mends the tree before it serves it", async () => {
  const files = Tree.with(tree());
  const before = files.files();
  await killedAfter("file", "removal", files);
  expect(existsSync(join(files.folder, "services/api.yaml"))).toBe(false);
  const running = startBalto(["run", files.folder, "--workers", "1"]);
  await running.says(/services\/api\.yaml: a change that was cut off was taken back/);
  await running.says(/"message":"Serving"/, 20_000);
  expect(files.files()).toEqual(before);
});

// Changes over the API as commits of a real repository: only the file that changed, and only when git is
// in a state to take it.

import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { inspect } from "../../artifact/inspect.ts";
import { Repository, Tree } from "../harness/repository.ts";
import { Writer } from "../harness/writer.ts";
import { API_FILE, API_ID, at, GIT, tree, WEB_ID } from "./control-trees.ts";

const GOOD = { domain: "n.example.com", path_prefix: "/n", ports: ["1"] };
const body = { ports: ["9000"] };

async function repository(): Promise<{ files: Repository; writer: Writer }> {
  const files = Repository.with(tree(GIT));
  return { files, writer: await Writer.over(files.folder) };
}

it("makes each change a commit of the one file, by who asked for it", async () => {
  const { files, writer } = await repository();
  // Somebody else's work, staged and not, is nobody's business here.
  files.write("services/shared.yaml", `${files.read("services/shared.yaml")}# by hand\n`);
  files.write("notes.txt", "staged");
  files.git("add", "notes.txt");
  const headers = {
    "balto-author": Buffer.from("Zoë Ω <zoe@example.com>").toString("latin1"),
    "x-request-id": "req-7",
  };
  const added = await writer.ask("POST /balto/services", { body: GOOD, headers });
  expect(added.status).toBe(201);
  expect(added.headers["balto-commit"]).toBe(files.head);
  expect(files.git("show", "--name-status", "--format=%an <%ae>|%cn|%B")).toBe(
    [
      "Zoë Ω <zoe@example.com>|Balto API|Add n.example.com/n",
      "",
      "File: services/n-example-com-n.yaml",
      "Request-Id: req-7",
      "",
      "",
      "A\tservices/n-example-com-n.yaml",
    ].join("\n"),
  );
  expect((await writer.ask(`PATCH ${at(API_ID)}`, { body })).status).toBe(200);
  expect((await writer.ask(`DELETE ${at("n.example.com-/n")}`)).status).toBe(204);
  expect(files.log).toEqual([
    "Balto API: Remove n.example.com/n",
    "Balto API: Change api.example.com/api/v1/*",
    "Zoë Ω: Add n.example.com/n",
    "Tester: Begin",
  ]);
  expect(files.state).toBe("A  notes.txt\n M services/shared.yaml");
  // The artifact is stamped with the commit that it was made from, outside its digest.
  const { json } = inspect(new Uint8Array(readFileSync(writer.artifact)));
  expect(JSON.stringify(json)).toContain(files.head);
});

it("refuses a file with changes that are not committed, and touches nothing", async () => {
  const { files, writer } = await repository();
  const refused = async (
    line: string,
    said: string,
    sent: object | "nothing" = body,
  ): Promise<void> => {
    const [before, state, head] = [files.files(), files.state, files.head];
    const question = sent === "nothing" ? {} : { body: sent };
    const { status, json } = await writer.ask(line, question);
    expect([status, json.error]).toEqual([409, expect.stringContaining(said)]);
    expect([files.files(), files.state, files.head]).toEqual([before, state, head]);
  };
  files.write("services/api.yaml", `${API_FILE}# not committed\n`);
  await refused(`PATCH ${at(API_ID)}`, "changes that are not committed");
  await refused(`DELETE ${at(API_ID)}`, "changes that are not committed", "nothing");
  files.git("add", "services/api.yaml");
  await refused(`PATCH ${at(API_ID)}`, "changes that are not committed");
  files.git("reset", "--quiet", "--hard");

  files.write("services/u.yaml", "domain: u.example.com\npath_prefix: /\nports: [1]\n");
  await refused(`PATCH ${at("u.example.com-/")}`, "has not been committed yet");
  files.write(".gitignore", "services/n-*\nservices/u.yaml\n");
  await refused(`PATCH ${at("u.example.com-/")}`, "is ignored by git");
  await refused("POST /balto/services", "is ignored by git", GOOD);
  files.git("clean", "-dfqx", "-e", ".balto");

  // Others may be dirty.
  files.write("services/shared.yaml", `${files.read("services/shared.yaml")}# by hand\n`);
  expect((await writer.ask(`PATCH ${at(API_ID)}`, { body })).status).toBe(200);
});

it("refuses everything while a merge, a rebase or a conflict is there", async () => {
  const { files, writer } = await repository();
  files.git("checkout", "--quiet", "-b", "other");
  files.write("readme.txt", "theirs");
  files.commitAll("Theirs");
  files.git("checkout", "--quiet", "main");
  files.write("readme.txt", "ours");
  files.commitAll("Ours");
  const refused = async (said: string): Promise<void> => {
    const [before, state] = [files.files(), files.state];
    const { status, json } = await writer.ask(`PATCH ${at(API_ID)}`, { body });
    expect([status, json.error]).toEqual([409, expect.stringContaining(said)]);
    expect([files.files(), files.state]).toEqual([before, state]);
  };
  expect(() => files.git("merge", "other")).toThrow();
  await refused("a merge is under way");
  files.git("merge", "--abort");
  expect(() => files.git("rebase", "other")).toThrow();
  await refused("a rebase is under way");
  files.git("rebase", "--abort");
  expect(() => files.git("cherry-pick", "other")).toThrow();
  await refused("a cherry-pick is under way");
  files.git("cherry-pick", "--quit");
  await refused("conflicts");
  files.git("reset", "--quiet", "--hard");
  files.write(".git/index.lock", "");
  await refused("another git command is at work");
});

it("says what a hook says, and takes the change back", async () => {
  const { files, writer } = await repository();
  files.write(".git/hooks/commit-msg", "#!/bin/sh\necho 'no ticket number' >&2; exit 1\n");
  chmodSync(join(files.folder, ".git/hooks/commit-msg"), 0o755);
  const [before, head, artifact] = [files.files(), files.head, readFileSync(writer.artifact)];
  for (const [line, sent] of [
    ["POST /balto/services", GOOD],
    [`PATCH ${at(API_ID)}`, body],
    [`PATCH ${at(WEB_ID)}`, body],
    [`DELETE ${at(API_ID)}`, undefined],
  ] as const) {
    const refused = await writer.ask(line, sent === undefined ? {} : { body: sent });
    expect([refused.status, refused.json.error]).toEqual([
      409,
      expect.stringContaining("no ticket number"),
    ]);
    expect([files.files(), files.state, files.head]).toEqual([before, "", head]);
    expect(readFileSync(writer.artifact)).toEqual(artifact);
  }
});

it("refuses an author that is none, and a tree that is in no repository", async () => {
  const { writer } = await repository();
  for (const author of ["ann", "Ann <>", "<ann@example.com>", "Ann <a b>"]) {
    const refused = await writer.ask(`PATCH ${at(API_ID)}`, {
      body,
      headers: { "balto-author": author },
    });
    expect(refused.status, author).toBe(400);
  }
  const bare = await Writer.over(Tree.with(tree(GIT)).folder, {
    env: { GIT_CEILING_DIRECTORIES: "/tmp" },
  });
  const refused = await bare.ask(`PATCH ${at(API_ID)}`, { body });
  expect(refused.status).toBe(409);
  expect(refused.json.error).toContain("git");
});

it("commits a tree that is a folder of a larger repository", async () => {
  const files = Repository.with(
    Object.fromEntries(
      Object.entries(tree(GIT)).map(([path, text]) => [`infra/balto/${path}`, text]),
    ),
  );
  const writer = await Writer.over(join(files.folder, "infra/balto"));
  expect((await writer.ask("POST /balto/services", { body: GOOD })).status).toBe(201);
  expect((await writer.ask(`PATCH ${at(API_ID)}`, { body })).status).toBe(200);
  expect(files.git("show", "--name-only", "--format=")).toBe("infra/balto/services/api.yaml");
  expect(files.state).toBe("");
});

it(
  "8 clients at a time: as many commits as changes, each of one file",
  { timeout: 120_000 },
  async () => {
    const { files, writer } = await repository();
    const client = async (number: number): Promise<void> => {
      for (let write = 0; write < 5; write++) {
        const added = { domain: `c${number}-${write}.example.com`, path_prefix: "/", ports: ["1"] };
        const { status } = await writer.ask("POST /balto/services", {
          body: added,
          withinMs: 60_000,
        });
        expect(status).toBe(201);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
    expect(files.log).toHaveLength(1 + 40);
    expect(files.state).toBe("");
    const touched = files.git("log", "--name-only", "--format=", "-40").split("\n").filter(Boolean);
    expect(new Set(touched).size).toBe(40);
    expect(touched).toHaveLength(40);
  },
);

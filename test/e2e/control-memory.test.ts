// What the writer remembers of the tree between two writes is never seen: whatever was written, refused or only
// tried before, what it publishes is what the files say.

import { readFileSync, writeFileSync } from "node:fs";

import { expect, it } from "vitest";

import { openContainer } from "../../artifact/container.ts";
import { compile } from "../../compiler/compile.ts";
import { readTree } from "../../compiler/read-tree.ts";
import { Tree } from "../harness/repository.ts";
import { Writer } from "../harness/writer.ts";
import { API_ID, at, tree } from "./control-trees.ts";

const body = (domain: string, ports: readonly number[]) => ({ domain, path_prefix: "/*", ports });

/** The digest of what is published, and that of the files compiled anew. */
function digests(writer: Writer, folder: string): [published: string, files: string] {
  const { artifact } = compile(readTree(folder));
  if (artifact === undefined) throw new Error("the tree has errors");
  const published = openContainer(new Uint8Array(readFileSync(writer.artifact)));
  return [published.digest, openContainer(artifact).digest];
}

it("publishes what the files say, after writes, refusals, dry runs and edits by hand", async () => {
  const { folder } = Tree.with(tree());
  const writer = await Writer.over(folder);
  const seen = new Set<string>();
  const expectAgreement = (): void => {
    const [published, files] = digests(writer, folder);
    expect(published).toBe(files);
    seen.add(published);
  };
  const write = async (line: string, sent: unknown, status: number): Promise<void> => {
    expect((await writer.ask(line, { body: sent })).status).toBe(status);
  };

  await write("POST /balto/services", body("a.example.org", [9001]), 201);
  expectAgreement();
  // Refused by the compiler, twice the same, and then tried without being written.
  await write("POST /balto/services", body("bad domain", [9001]), 400);
  await write("POST /balto/services", body("bad domain", [9001]), 400);
  await write("POST /balto/services?dry_run=true", body("b.example.org", [9002]), 200);
  expectAgreement();
  await write(`PATCH ${at(API_ID)}`, { ports: [9003] }, 200);
  expectAgreement();
  // By hand: a mistake, which every write is refused for, and its end.
  const file = `${folder}/services/api.yaml`;
  const good = readFileSync(file, "utf8");
  writeFileSync(file, `${good}colour: red\n`);
  await write("POST /balto/services", body("c.example.org", [9004]), 409);
  writeFileSync(file, good.replace("9003", "9005"));
  await write("POST /balto/services", body("c.example.org", [9004]), 201);
  expectAgreement();
  await write(`DELETE ${at("a.example.org-/*")}`, undefined, 204);
  expectAgreement();
  expect(seen.size).toBe(4);
});

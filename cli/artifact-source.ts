/**
 * Where an artifact comes from, as an operand says it: a folder, an artifact file, the URL of a Balto that
 * runs, or a revision of git, perhaps with a folder in it.
 */
import { existsSync, statSync } from "node:fs";

import { openArtifact } from "../artifact/view.ts";
import { compile } from "../compiler/compile.ts";
import { CONFIG_FILE } from "../compiler/parse/collect-files.ts";
import { formatters } from "../compiler/report/index.ts";
import { Failure } from "./failure.ts";
import { Git } from "./git.ts";
import { readGitTree } from "./git-tree.ts";
import { openLive } from "./live.ts";
import { openFile, openFolder, type OpenedArtifact } from "./opened-artifact.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/**
 * Opens what an operand names. A folder or file that exists goes before a revision of its name; `main:`
 * is a revision in any case.
 *
 * @throws Failure
 */
export async function openSource(operand: string, terminal: Terminal): Promise<OpenedArtifact> {
  if (/^https?:\/\//.test(operand)) return openLive(operand, terminal);
  if (existsSync(operand)) {
    const isTree = statSync(operand).isDirectory() || operand.endsWith(CONFIG_FILE);
    return isTree ? openFolder(operand, terminal) : openFile(operand);
  }
  return openRevision(operand, terminal);
}

function openRevision(operand: string, terminal: Terminal): OpenedArtifact {
  const colon = operand.indexOf(":");
  const revision = colon === -1 ? operand : operand.slice(0, colon);
  const named = colon === -1 ? "" : operand.slice(colon + 1).replace(/\/+$/, "");
  const git = new Git();
  const commit = git.commit(revision);
  if (commit === undefined) {
    const what = git.isRepository ? "" : ", and this is no git repository";
    throw new Failure(
      `${operand} is no folder, no file and no revision of git${what}`,
      "for example: balto diff main HEAD",
    );
  }
  const folder = named === "" ? usualFolder(git, commit, terminal) : named;
  const tree = readGitTree(git, commit, folder);
  const { artifact, diagnostics } = compile(tree);
  const name = `${revision}:${folder}`;
  if (artifact === undefined) {
    const { colour, columns } = terminal;
    const input = { diagnostics, tree, prefix: name, version: version() };
    terminal.note(formatters.text(input, { colour, columns }));
    throw new Failure(`${name} does not compile`);
  }
  return { name, view: openArtifact(artifact), tree, prefix: folder };
}

/** Where commands look for a tree when none is named, in that commit. */
function usualFolder(git: Git, commit: string, { env }: Terminal): string {
  const fromEnv = env["BALTO_CONFIG"];
  const candidates = fromEnv !== undefined && fromEnv !== "" ? [fromEnv] : ["configs", "."];
  for (const candidate of candidates) {
    const path = git.pathInRepository(candidate);
    if (path === undefined) continue;
    const file = path === "" ? CONFIG_FILE : `${path}/${CONFIG_FILE}`;
    if (git.has(commit, file)) return path;
  }
  throw new Failure(
    `there is no ${CONFIG_FILE} in configs/ nor here in that revision`,
    "name the folder of a config tree: main:gateway/configs",
  );
}

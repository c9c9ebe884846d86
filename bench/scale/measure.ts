/**
 * One size of tree, measured in a process of its own: a cold compile as `balto compile` does it, then
 * one file changed again and again as `balto compile --watch` sees it, then the artifact itself.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Matcher } from "../../artifact/match.ts";
import { openArtifact } from "../../artifact/view.ts";
import { FolderCompiler } from "../../cli/compiled-folder.ts";
import { changesText, routeChanges } from "../../cli/model-summary.ts";
import { publish } from "../../cli/publish.ts";
import { compile } from "../../compiler/compile.ts";
import { DiagnosticLog } from "../../compiler/diagnostic-log.ts";
import { compare } from "../../compiler/diff/diff.ts";
import { CompileMemory } from "../../compiler/memory.ts";
import { collectFiles } from "../../compiler/parse/collect-files.ts";
import { reach } from "../../compiler/reach/reach.ts";
import { gather } from "../../compiler/resolve/resolve.ts";
import { nsPerCall } from "../harness.ts";
import { configTree, requestTo, SERVICES_PER_FILE, writeTree } from "./tree.ts";

export interface Measured {
  coldMs: number;
  /** Of the whole process while it compiled cold. */
  coldMiB: number;
  /** From the changed file on the disk to the new artifact there, the middle of several. */
  changedMs: number;
  reachMs: number;
  /** Of two artifacts that differ in one service in a hundred: what becomes of which requests. */
  diffMs: number;
  bytes: number;
  openMs: number;
  firstNs: number;
  lastNs: number;
}

const CHANGES = 7;

async function measure(count: number, folder: string): Promise<Measured> {
  const tree = join(folder, "tree");
  const artifact = join(folder, "balto.artifact");
  writeTree(tree, configTree(count));

  const compiler = new FolderCompiler(tree);
  const start = performance.now();
  let { result } = compiler.compile();
  if (result === undefined) throw new Error("the tree has errors");
  publish(artifact, result.artifact);
  const coldMs = performance.now() - start;
  const coldMiB = process.resourceUsage().maxRSS / 1024;

  const changed: number[] = [];
  for (let version = 1; version <= CHANGES; version++) {
    const { path, content } = configTree(100, version).files[1]!;
    writeFileSync(join(tree, path), content as Uint8Array);
    const begin = performance.now();
    const before = result;
    ({ result } = compiler.compile());
    if (result === undefined || result.digest === before.digest) throw new Error("nothing changed");
    changesText(routeChanges(before.model, result.model));
    publish(artifact, result.artifact);
    changed.push(performance.now() - begin);
  }
  return {
    coldMs,
    coldMiB,
    changedMs: changed.toSorted((a, b) => a - b)[CHANGES >> 1]!,
    reachMs: reachMs(count),
    diffMs: diffMs(readFileSync(artifact), count),
    ...(await served(readFileSync(artifact), count)),
  };
}

/** Reachability alone, on what is read already. */
function reachMs(count: number): number {
  const log = new DiagnosticLog();
  const memory = new CompileMemory();
  const read = memory.readFiles(collectFiles(configTree(count), log), log);
  const changes = memory.changes(gather(read));
  const start = performance.now();
  reach(changes, log);
  return performance.now() - start;
}

function diffMs(file: Uint8Array, count: number): number {
  const { artifact } = compile(configTree(count, CHANGES + 1, "one in a hundred"));
  const [before, after] = [openArtifact(file), openArtifact(artifact!)];
  const start = performance.now();
  const { diff } = compare(before, after);
  const ms = performance.now() - start;
  if (diff.classes.length < count / SERVICES_PER_FILE) throw new Error("too few classes");
  return ms;
}

async function served(file: Uint8Array, count: number) {
  const start = performance.now();
  const view = openArtifact(file);
  const openMs = performance.now() - start;
  const matcher = new Matcher(view);
  const call = (index: number) => {
    const request = requestTo(index);
    const [host, path] = [Buffer.from(request.host), Buffer.from(request.path)];
    return () => matcher.match(matcher.host(host, 0, host.length), 0, path, 0, path.length);
  };
  // Neither is a canary, nor has a parameter.
  const [first, last] = [call(0), call(count - 4)];
  if (first() < 0 || last() < 0) throw new Error("no route");
  const firstNs = await nsPerCall(first);
  return { bytes: file.byteLength, openMs, firstNs, lastNs: await nsPerCall(last) };
}

if (import.meta.main) {
  const [count, folder] = process.argv.slice(2) as [string, string];
  process.stdout.write(JSON.stringify(await measure(Number(count), folder)));
}

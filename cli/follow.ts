/**
 * Follows a config tree: compiles it again whenever it changes, publishes what is good, and says in
 * one line what became of each change. A bad tree is reported and changes nothing.
 */
import { acquireLock, type Lock } from "../control/write/lock-file.ts";
import { counted, summary } from "../compiler/report/index.ts";
import { clockTime } from "./clock-time.ts";
import { reportText, shortDigest } from "./compiled-folder.ts";
import type { CompiledFolder, CompileResult, FolderCompiler } from "./compiled-folder.ts";
import { Failure, reason } from "./failure.ts";
import { IdleCollection } from "./idle-collection.ts";
import { changesText, contents, routeChanges } from "./model-summary.ts";
import { StandingWarnings } from "./standing-warnings.ts";
import type { Terminal } from "./terminal.ts";
import { watchFolder } from "./watch-folder.ts";
import type { FolderWatch } from "./watch-folder.ts";

export interface FollowOptions {
  /** Of the folder; it has made `first`. */
  compiler: FolderCompiler;
  /** Where artifacts go: whoever else publishes there waits while a tree is compiled and published. */
  artifact: string;
  /** May throw a Failure: then what was published before stays the last good. */
  publish: (result: CompileResult) => void;
  /** What happens to the last good one when a tree is bad: "keeps serving". */
  kept: string;
  /** Leaves out the lines about good changes. */
  quiet: boolean;
  terminal: Terminal;
}

/** @param first what it was at first: its diagnostics have been printed, its result is published */
export function follow(first: CompiledFolder, options: FollowOptions): FolderWatch {
  const { compiler, terminal } = options;
  const { folder } = compiler;
  let published = first.result;
  const collection = new IdleCollection(published?.artifact.length ?? 0);
  const standing = new StandingWarnings(first.diagnostics);
  const say = (text: string): void => terminal.note(`${clockTime()} ${folder}: ${text}\n`);
  const bad = (text: string): void => {
    const rest =
      published === undefined
        ? "waiting for a good tree"
        : `the last good one (${shortDigest(published.digest)}) ${options.kept}`;
    say(`${text}; ${rest}`);
  };

  const onChange = async (isOver: () => Promise<boolean>): Promise<void> => {
    let lock: Lock | undefined;
    let bytes = 0;
    collection.busy();
    try {
      lock = await artifactLock(options.artifact);
      const made = attempted(() => compiler.compile());
      if (!(await isOver())) return;
      const compiled = made();
      const { result, diagnostics } = compiled;
      bytes = result?.artifact.length ?? 0;
      const fresh = standing.fresh(diagnostics);
      // Also where nothing changed: somebody else may have published since.
      try {
        if (result !== undefined) options.publish(result);
      } finally {
        terminal.note(reportText({ ...compiled, diagnostics: fresh }, "text", terminal));
      }
      if (result === undefined) {
        bad(summary(diagnostics));
        return;
      }
      const left = asBefore(diagnostics.length - fresh.length);
      if (!options.quiet) say(goodLine(compiled, result, published) + left);
      published = result;
    } catch (error) {
      // Whatever it is, what is served is served by another process: go on.
      bad(error instanceof Failure ? error.message : `this is a bug in balto: ${reason(error)}`);
    } finally {
      lock?.release();
      collection.idle(bytes);
    }
  };
  return watchFolder({ folder, hasChanged: () => compiler.hasChanged(), onChange });
}

/** Longer than anybody holds it: a change by the API waits for git and for the data plane. */
const LOCK_MS_MAX = 150_000;

/** While it is held nobody else compiles and publishes to there. @throws Failure */
export async function artifactLock(artifact: string): Promise<Lock> {
  try {
    return await acquireLock(`${artifact}.lock`, LOCK_MS_MAX);
  } catch (error) {
    throw new Failure(`${artifact} cannot be published: ${reason(error)}`);
  }
}

/** What a good compile brought, beside what was published before. */
function goodLine(
  { elapsedMs }: CompiledFolder,
  { model, digest }: CompileResult,
  published: CompileResult | undefined,
): string {
  const what =
    published === undefined
      ? contents(model)
      : published.digest === digest
        ? "nothing changed"
        : changesText(routeChanges(published.model, model));
  return `${what} · ${digestAndTime(digest, elapsedMs)}`;
}

function asBefore(warnings: number): string {
  return warnings === 0 ? "" : ` · ${counted(warnings, "warning")} as before`;
}

/** `digest 3f2a9c1d04be · 12 ms`: the end of every line about a good compile. */
export function digestAndTime(digest: string, elapsedMs: number): string {
  return `digest ${shortDigest(digest)} · ${Math.max(1, Math.round(elapsedMs))} ms`;
}

/** Does something now; what came of it, a value or an error, is given later. */
function attempted<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

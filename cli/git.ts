/**
 * Git, read only: what a revision is, and files of it. Nothing is checked out, and no configuration of the
 * repository can make git run a program here.
 */
import { execFileSync } from "node:child_process";
import { relative, resolve } from "node:path";

import { Failure, reason } from "./failure.ts";

/** A file of a revision. */
export interface GitEntry {
  /** Relative to the repository, `/`-separated. */
  path: string;
  kind: "file" | "link" | "other";
  object: string;
}

/** More of one git's output is refused. */
const OUTPUT_BYTES_MAX = 600 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

export class Git {
  readonly #folder: string;

  constructor(folder = ".") {
    this.#folder = folder;
  }

  /** The commit that a revision names, undefined where it names none. */
  commit(revision: string): string | undefined {
    // A revision is no flag, and no range.
    if (revision.startsWith("-") || revision.includes("..")) return undefined;
    const text = this.#tryRun([
      "rev-parse",
      "--verify",
      "--quiet",
      "--end-of-options",
      `${revision}^{commit}`,
    ]);
    return text?.toString().trim();
  }

  /** True where this is inside a repository. */
  get isRepository(): boolean {
    return this.#tryRun(["rev-parse", "--git-dir"]) !== undefined;
  }

  /** A path as seen from the top of the repository; undefined where it is outside. */
  pathInRepository(path: string): string | undefined {
    const top = this.#tryRun(["rev-parse", "--show-toplevel"])?.toString().replace(/\n$/, "");
    if (top === undefined) return undefined;
    const inside = relative(top, resolve(this.#folder, path)).replaceAll("\\", "/");
    return inside === ".." || inside.startsWith("../") ? undefined : inside;
  }

  /** True where a commit has this file or folder. */
  has(commit: string, path: string): boolean {
    return this.#tryRun(["cat-file", "-e", `${commit}:${path}`]) !== undefined;
  }

  /** The files below a folder of a commit. @throws Failure */
  list(commit: string, folder: string): GitEntry[] {
    const at = folder === "" || folder === "." ? commit : `${commit}:${folder}`;
    const text = this.#run(["ls-tree", "-r", "-z", "--full-tree", at]).toString();
    return text
      .split("\0")
      .filter((line) => line !== "")
      .map((line) => {
        const [meta, path] = line.split("\t", 2) as [string, string];
        const [mode, type, object] = meta.split(" ") as [string, string, string];
        const kind = type !== "blob" ? "other" : mode === "120000" ? "link" : "file";
        return { path, kind, object };
      });
  }

  /** Contents by object, in one call. @throws Failure */
  read(objects: readonly string[]): Map<string, Uint8Array> {
    const contents = new Map<string, Uint8Array>();
    if (objects.length === 0) return contents;
    const output = this.#run(["cat-file", "--batch"], `${objects.join("\n")}\n`);
    for (let at = 0; at < output.length;) {
      const line = output.indexOf(0x0a, at);
      const [object = "", type, size] = output.toString("latin1", at, line).split(" ");
      if (type !== "blob") throw new Failure(`git has no object ${object}`);
      const end = line + 1 + Number(size);
      contents.set(object, new Uint8Array(output.subarray(line + 1, end)));
      at = end + 1;
    }
    return contents;
  }

  #tryRun(words: readonly string[]): Buffer | undefined {
    try {
      return this.#run(words);
    } catch {
      return undefined;
    }
  }

  #run(words: readonly string[], input = ""): Buffer {
    try {
      return execFileSync("git", ["-c", "core.fsmonitor=false", ...words], {
        cwd: this.#folder,
        input,
        maxBuffer: OUTPUT_BYTES_MAX,
        timeout: TIMEOUT_MS,
        stdio: ["pipe", "pipe", "pipe"],
        env: { ...process.env, GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" },
      });
    } catch (error) {
      const { code, stderr } = error as { code?: string; stderr?: Buffer };
      if (code === "ENOENT") throw new Failure("there is no git here");
      const [line = ""] = (stderr?.toString() ?? "").split("\n", 1);
      throw new Failure(line === "" ? `git failed: ${reason(error)}` : line);
    }
  }
}

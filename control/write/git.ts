/**
 * What the writer asks of git: may this file be committed, commit it alone, take that back. All of it
 * through the git command, so that hooks, signing and identities are those of the repository.
 */
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

import type { Author } from "../../compiler/resolve/api.ts";

/** Why git does not take a change, for people; nothing has been done. */
export class GitRefusal extends Error {
  override name = "GitRefusal";
}

/** A file, `/`-separated and relative to the tree. */
export interface CommitRequest {
  path: string;
  message: string;
  author: Author;
  committer: Author;
}

/** A command that takes longer is ended. Hooks count. */
const COMMAND_MS_MAX = 10_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/** What lies in the git folder while something is under way that a commit would disturb. */
const UNDER_WAY: Readonly<Record<string, string>> = {
  MERGE_HEAD: "a merge",
  CHERRY_PICK_HEAD: "a cherry-pick",
  REVERT_HEAD: "a revert",
  "rebase-merge": "a rebase",
  "rebase-apply": "a rebase",
  BISECT_LOG: "a bisect",
};

/** The repository that a tree is in. */
export class Repository {
  readonly #tree: string;
  /** The folder of the repository's files, of this worktree alone. */
  readonly #gitFolder: string;

  constructor(tree: string, gitFolder: string) {
    this.#tree = tree;
    this.#gitFolder = gitFolder;
  }

  /** @throws GitRefusal where the tree is in none, or git cannot be run */
  static async of(tree: string): Promise<Repository> {
    const args = ["rev-parse", "--is-inside-work-tree", "--absolute-git-dir"];
    const [inside, folder = ""] = (await git(tree, args)).split("\n");
    if (inside !== "true") throw new GitRefusal("the tree is not in a working tree of git");
    return new Repository(tree, folder);
  }

  /** The commit that HEAD is at, "" before the first. */
  async head(): Promise<string> {
    try {
      return (await this.#git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])).trim();
    } catch (error) {
      if (error instanceof CommandError && error.status === 1) return "";
      throw error;
    }
  }

  /**
   * Sees to it that a commit of this file would hold this change and nothing else.
   *
   * @throws GitRefusal
   */
  async check(path: string, isNew: boolean): Promise<void> {
    for (const [name, what] of Object.entries(UNDER_WAY)) {
      if (exists(join(this.#gitFolder, name))) throw new GitRefusal(`${what} is under way`);
    }
    if (exists(join(this.#gitFolder, "index.lock"))) {
      throw new GitRefusal("another git command is at work (there is an index.lock)");
    }
    const top = (await this.#git(["rev-parse", "--show-toplevel"])).trim();
    const unmerged = await git(top, ["ls-files", "--unmerged", "-z"]);
    if (unmerged !== "") throw new GitRefusal("the working tree has conflicts");
    const options = ["--porcelain=v1", "-z", "--untracked-files=all", "--ignored=matching"];
    const state = await this.#git(["status", ...options, "--", path]);
    const letters = state.slice(0, 2);
    if (letters === "!!" || (isNew && (await this.#isIgnored(path)))) {
      throw new GitRefusal(`${path} is ignored by git`);
    }
    if (letters === "??") throw new GitRefusal(`${path} has not been committed yet`);
    if (letters !== "") throw new GitRefusal(`${path} has changes that are not committed`);
  }

  /**
   * Commits one file as it is now.
   *
   * @param staged is called when something has happened that `unstage` would have to take back
   * @returns the commit
   * @throws GitRefusal
   */
  async commit(request: CommitRequest, isNew: boolean, staged: () => void): Promise<string> {
    const { path, message, author, committer } = request;
    if (isNew) {
      await this.#git(["add", "--intent-to-add", "--", path]);
      staged();
    }
    const settings = ["-c", "gc.auto=0", "-c", "maintenance.auto=false"];
    const options = ["--only", "--quiet", "--cleanup=verbatim", "--file=-"];
    const by = `--author=${author.name} <${author.email}>`;
    const args = [...settings, "commit", ...options, by, "--", path];
    const env = { GIT_COMMITTER_NAME: committer.name, GIT_COMMITTER_EMAIL: committer.email };
    await this.#git(args, { env, input: message });
    return this.head();
  }

  /** Lets the index forget what `commit` put there. */
  async unstage(path: string): Promise<void> {
    const args =
      (await this.head()) === ""
        ? ["rm", "--cached", "--quiet", "--ignore-unmatch", "--", path]
        : ["reset", "--quiet", "--", path];
    await this.#git(args);
  }

  /** Takes a commit back, if nothing came after it. The file itself is the caller's business. */
  async takeBack(path: string, before: string, commit: string): Promise<void> {
    const args = before === "" ? ["-d", "HEAD", commit] : ["HEAD", before, commit];
    await this.#git(["update-ref", "-m", "balto: a change was taken back", ...args]);
    await this.unstage(path);
  }

  /** The bytes of a file in HEAD; undefined where HEAD does not have it. */
  async inHead(path: string): Promise<Buffer | undefined> {
    const listed = await this.#git(["ls-tree", "-z", "HEAD", "--", path]);
    const blob = /^\d+ blob ([0-9a-f]+)\t/.exec(listed)?.[1];
    return blob === undefined ? undefined : run(this.#tree, ["cat-file", "blob", blob], {});
  }

  /** Waits for a git command of a process that has died: it goes on without its parent. */
  async settled(withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    do await new Promise((resolve) => setTimeout(resolve, 50));
    while (exists(join(this.#gitFolder, "index.lock")) && performance.now() < end);
  }

  async #isIgnored(path: string): Promise<boolean> {
    try {
      // It takes paths, not patterns, and refuses to be told so.
      const env = { GIT_LITERAL_PATHSPECS: "0" };
      await this.#git(["check-ignore", "--quiet", "--", path], { env });
      return true;
    } catch (error) {
      if (error instanceof CommandError && error.status === 1) return false;
      throw error;
    }
  }

  #git(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return git(this.#tree, args, options);
  }
}

interface RunOptions {
  env?: Readonly<Record<string, string>>;
  input?: string;
}

/** A command that ended with another status than 0. */
class CommandError extends GitRefusal {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

async function git(
  folder: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return (await run(folder, args, options)).toString("utf8");
}

function run(folder: string, args: readonly string[], options: RunOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      args,
      {
        cwd: folder,
        env: { ...surroundings(), ...options.env },
        encoding: "buffer",
        timeout: COMMAND_MS_MAX,
        killSignal: "SIGTERM",
        maxBuffer: OUTPUT_BYTES_MAX,
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const said = stderr.toString().trim().split("\n").slice(0, 5).join("; ");
        const why = error.killed === true ? `took longer than ${COMMAND_MS_MAX} ms` : said;
        const status = typeof error.code === "number" ? error.code : undefined;
        const command = args.find((word) => /^[a-z]/.test(word) && !word.includes(".")) ?? "";
        reject(new CommandError(`git ${command}: ${why || error.message}`, status));
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}

/** Nothing asks, nothing is translated, and no variable leads to another repository. */
function surroundings(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^GIT_(?:DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|NAMESPACE)$/.test(name)) {
      env[name] = value;
    }
  }
  return {
    ...env,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_EDITOR: "true",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_OPTIONAL_LOCKS: "0",
  };
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

// Repository: a config tree in a git repository, and what git says of it.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { onTestFinished } from "vitest";

/** A folder of files. */
export class Tree {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A folder with these files that goes when the test is over. */
  static with(files: Readonly<Record<string, string>>): Tree {
    const folder = mkdtempSync(join(tmpdir(), "balto-tree-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const tree = new Tree(folder);
    for (const [path, text] of Object.entries(files)) tree.write(path, text);
    return tree;
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** Every file with its text, what is the writer's own left out. */
  files(): Record<string, string> {
    const names = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    const files: Record<string, string> = {};
    for (const entry of names) {
      const path = join(entry.parentPath, entry.name).slice(this.folder.length + 1);
      if (entry.isFile() && !/^(?:\.git|\.balto)\//.test(path)) files[path] = this.read(path);
    }
    return files;
  }
}

/** A tree that is the top of a repository, everything in it committed. */
export class Repository extends Tree {
  static override with(files: Readonly<Record<string, string>>): Repository {
    const { folder } = Tree.with(files);
    const repository = new Repository(folder);
    repository.git("init", "--quiet", "--initial-branch=main");
    repository.git("config", "user.name", "Tester");
    repository.git("config", "user.email", "tester@example.com");
    repository.commitAll("Begin");
    return repository;
  }

  /** What a git command prints, without the line end. */
  git(...args: readonly string[]): string {
    return execFileSync("git", args, {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trimEnd();
  }

  commitAll(message: string): void {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", message);
  }

  get head(): string {
    return this.git("rev-parse", "HEAD");
  }

  /** What git has to say of the working tree and the index: "" where all is committed. */
  get state(): string {
    return this.git("status", "--porcelain=v1", "--untracked-files=all");
  }

  /** Commits, the newest first: `author: subject`. */
  get log(): string[] {
    return this.git("log", "--format=%an: %s").split("\n");
  }
}

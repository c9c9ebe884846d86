// A disk that is full, or becomes read-only, while the API writes: nothing is lost, and the answer says so.

import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, truncateSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { temporaryFolder } from "../harness/artifact.ts";
import { Tree } from "../harness/repository.ts";
import { Writer } from "../harness/writer.ts";
import { API_ID, at, tree } from "./control-trees.ts";

/** A writer whose tree, and artifact, are on a small disk of its own. */
interface SmallDisk {
  writer: Writer;
  /** The tree, as it is seen from outside. */
  files: Tree;
  /** Leaves so many pages of 4 KiB free. */
  leave: (pages: number) => void;
  free: () => void;
  remount: (option: "ro" | "rw") => void;
}

const DISK_BYTES = 512 * 1024;
const PAGE_BYTES = 4096;

/** Mounting needs a mount namespace of one's own, which not every system gives to every user. */
const canMount = spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status === 0;

async function smallDisk(): Promise<SmallDisk> {
  const seed = Tree.with(tree());
  const mount = join(temporaryFolder(), "disk");
  mkdirSync(mount);
  const script = `mount -t tmpfs -o size=${DISK_BYTES} tmpfs "$1" && mkdir "$1/tree" && cp -r "$2/." "$1/tree" && shift 2 && exec "$@"`;
  const writer = await Writer.over(join(mount, "tree"), {
    artifact: join(mount, "balto.artifact"),
    prefix: ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", mount, seed.folder],
  });
  const { pid } = writer.child;
  const outside = `/proc/${pid}/root${mount}`;
  const filler = join(outside, "filler");
  const fill = (): void => {
    try {
      for (;;) appendFileSync(filler, Buffer.alloc(PAGE_BYTES));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
    }
  };
  const free = (bytes: number): void => {
    const { stdout } = spawnSync("stat", ["-c", "%s", filler], { encoding: "utf8" });
    truncateSync(filler, Math.max(0, Number(stdout) - bytes));
  };
  return {
    writer,
    files: new Tree(join(outside, "tree")),
    leave: (pages) => {
      fill();
      free(pages * PAGE_BYTES);
    },
    free: () => truncateSync(filler, 0),
    remount: (option) => {
      const { status, stderr } = spawnSync(
        "nsenter",
        [...inNamespaceOf(pid), "mount", "-o", `remount,${option}`, mount],
        { encoding: "utf8" },
      );
      expect([status, stderr]).toEqual([0, ""]);
    },
  };
}

function inNamespaceOf(pid: number | undefined): string[] {
  return [`--target=${pid}`, "--mount", "--user", "--preserve-credentials"];
}

const CHANGES = [
  { line: `PATCH ${at(API_ID)}`, body: { ports: ["9000"] } },
  { line: "POST /balto/services", body: { domain: "n.x", path_prefix: "/", ports: ["1"] } },
  { line: `DELETE ${at("shop.example.com-/*")}`, body: undefined },
];

it.skipIf(!canMount)("a full disk: 507, and everything is as it was", async () => {
  const { writer, files, leave, free } = await smallDisk();
  for (const { line, body } of CHANGES) {
    const question = body === undefined ? {} : { body };
    let succeeded = false;
    let refused = 0;
    for (let pages = 0; !succeeded; pages++) {
      const before = files.files();
      leave(pages);
      const { status, json } = await writer.ask(line, question);
      free();
      if (status < 300) {
        succeeded = true;
        continue;
      }
      refused++;
      expect([status, json.error]).toEqual([
        507,
        "nothing was changed: no space is left on the disk",
      ]);
      expect(files.files()).toEqual(before);
      expect(pages).toBeLessThan(30);
    }
    expect(refused, `${line} met a full disk`).toBeGreaterThan(0);
  }
  expect((await writer.ask("GET /balto/services")).json).toHaveLength(3);
  expect((await writer.service(API_ID)).ports).toEqual(["9000"]);
});

it.skipIf(!canMount)("a read-only disk: 500, and it goes on when that is over", async () => {
  const { writer, files, remount } = await smallDisk();
  // The writer's own folder is there from the first change on, and before it.
  for (const _ of [1, 2]) {
    const before = files.files();
    remount("ro");
    for (const { line, body } of CHANGES) {
      const { status, json } = await writer.ask(line, body === undefined ? {} : { body });
      expect([status, json.error]).toEqual([
        500,
        "nothing was changed: the file system is read-only",
      ]);
    }
    expect((await writer.ask("GET /balto/services")).json).toHaveLength(3);
    remount("rw");
    expect(files.files()).toEqual(before);
    const patched = await writer.ask(`PATCH ${at(API_ID)}`, { body: { ports: ["9001"] } });
    expect(patched.status).toBe(200);
  }
});

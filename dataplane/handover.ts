/**
 * Handover: a process that starts beside another on the same address takes over the sockets the other
 * listens with. Both accept from them until one stops, so no connection is ever in the queue of a
 * socket that closes.
 *
 * Each group, the sockets that a worker has opened, is given at a path of its own,
 * `<folder>/<host>_<port>.<number>`, in a folder that only this user can enter. The youngest process
 * has the paths; should it end before the others, one of them takes them back, which it learns by
 * holding a connection to `….owner`.
 */
import { lstatSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTaker } from "./descriptor-passing.ts";
import type { Log } from "./log.ts";
import { reason } from "./reason.ts";

/** Where a group is given. */
export function handoverPath(base: string, group: number): string {
  return `${base}.${group}`;
}

interface Address {
  host: string;
  port: number;
}

/** How often it is seen whether the paths still lead here. */
const WATCH_MS = 500;

/** One process's side of it: what it may take, and what it offers. */
export class Handover {
  readonly #log: Log;
  readonly #env: NodeJS.ProcessEnv;
  readonly #offers: { path: string; inode: number; server: Server }[] = [];
  #successor: Socket | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(log: Log, env: NodeJS.ProcessEnv = process.env) {
    this.#log = log;
    this.#env = env;
  }

  /**
   * Where all paths of an address begin; undefined where there is no handover: nobody can come beside a
   * port that was not named.
   */
  base({ host, port }: Address): string | undefined {
    if (port === 0) return undefined;
    try {
      const folder = handoverFolder(this.#env);
      ensureOwn(folder);
      return join(folder, `${encodeURIComponent(host)}_${port}`);
    } catch (error) {
      this.#cannot(error);
      return undefined;
    }
  }

  /**
   * Offers so many groups; the paths lead here from now on, and no longer to the process before.
   *
   * @param give is given a connection's descriptor and the number of the group that is wanted; false
   *   where it cannot give it
   */
  async offer(
    address: Address,
    groups: number,
    give: (group: number, fd: number) => boolean,
  ): Promise<void> {
    const base = this.base(address);
    if (base === undefined) return;
    const own = `${base}.owner`;
    try {
      for (let group = 0; group < groups; group++) {
        const server = await this.#offer(handoverPath(base, group));
        onTaker(server, (fd) => give(group, fd));
      }
      // What a process with more of them has left behind would be asked in vain.
      rmSync(handoverPath(base, groups), { force: true });
      const owner = await this.#offer(own);
      owner.on("connection", (socket) =>
        socket
          .unref()
          .on("error", () => {})
          .resume(),
      );
    } catch (error) {
      this.#cannot(error);
      return this.withdraw();
    }
    const again = (): void => {
      this.withdraw();
      void this.offer(address, groups, give);
    };
    this.#watch = setInterval(() => this.#lookForSuccessor(own, again), WATCH_MS);
    this.#watch.unref();
  }

  /** Ends. Paths that lead to a successor by now are left alone. */
  withdraw(): void {
    clearInterval(this.#watch);
    this.#successor?.removeAllListeners("close").destroy();
    this.#successor = undefined;
    for (const { path, inode, server } of this.#offers.splice(0)) {
      server.close();
      if (inodeOf(path) === inode) rmSync(path, { force: true });
    }
  }

  #lookForSuccessor(own: string, gone: () => void): void {
    const inode = this.#offers.at(-1)?.inode;
    if (this.#successor !== undefined || inodeOf(own) === inode) return;
    this.#successor = connect(own);
    this.#successor
      .unref()
      .on("error", () => {})
      .on("close", gone)
      .resume();
  }

  /**
   * A socket is bound under another name first: at its own name it replaces the one before in one
   * step, and libuv, which removes what it has bound, cannot remove a successor's.
   */
  async #offer(path: string): Promise<Server> {
    const bound = `${path}.${process.pid}`;
    rmSync(bound, { force: true });
    const server = await listen(bound);
    this.#offers.push({ path, inode: statSync(bound).ino, server });
    renameSync(bound, path);
    return server;
  }

  #cannot(error: unknown): void {
    this.#log.write("warn", "dataplane", "No handover between processes on this port", {
      error: reason(error),
    });
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** Not XDG_RUNTIME_DIR: a service and a shell see different ones, and both processes need the same. */
function handoverFolder(env: NodeJS.ProcessEnv): string {
  const named = env["BALTO_RUNTIME_DIR"];
  if (named !== undefined && named !== "") return named;
  return join(tmpdir(), `balto-${process.getuid?.() ?? 0}`);
}

/** Whoever can write here could take the port, or give us another: nobody else may. */
function ensureOwn(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not a folder of this user alone (mode 0700)`);
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(path, () => {
      server.on("error", () => {});
      server.unref();
      resolve(server);
    });
  });
}

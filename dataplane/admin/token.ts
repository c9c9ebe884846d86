/**
 * Token: what operators prove themselves with. It is given in the environment, or stands in a file,
 * which is made at the first start.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import type { Log } from "../log.ts";
import { reason } from "../reason.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A file is looked at again after so long: it may have been replaced. */
const FRESH_MS = 1_000;
const TOKEN_BYTES = 32;
const FILE_BYTES_MAX = 4_096;

export class AdminToken {
  /** Where it stands; undefined where it was given in the environment. */
  readonly file: string | undefined;
  readonly #log: Log;
  /** Undefined where there is none: then nobody has it. */
  #digest: Buffer | undefined;
  #stamp = "";
  #lookedAt = 0;
  #complaint = "";

  constructor(env: Env, log: Log) {
    this.#log = log;
    const given = env["BALTO_ADMIN_TOKEN"];
    if (given !== undefined && given !== "") {
      this.file = undefined;
      this.#digest = sha256(given);
      return;
    }
    const named = env["BALTO_ADMIN_TOKEN_FILE"];
    this.file = named !== undefined && named !== "" ? named : usualFile(env);
    this.#make(this.file);
    this.#read(this.file);
  }

  /** There is one. */
  get exists(): boolean {
    return this.#digest !== undefined;
  }

  /** True where a request's `Authorization` has it. */
  accepts(authorization: string | undefined): boolean {
    const given = bearerOf(authorization);
    if (this.file !== undefined && performance.now() - this.#lookedAt > FRESH_MS)
      this.#read(this.file);
    if (given === undefined || this.#digest === undefined) return false;
    // Of digests neither content nor length shows in the time that it takes.
    return timingSafeEqual(sha256(given), this.#digest);
  }

  /** Makes the file, whole at once, and never over one that another process has just made. */
  #make(file: string): void {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) return;
    const temporary = `${file}.${randomBytes(6).toString("hex")}`;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const text = `${randomBytes(TOKEN_BYTES).toString("hex")}\n`;
      writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
      linkSync(temporary, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") this.#complain(reason(error));
    } finally {
      try {
        unlinkSync(temporary);
      } catch {
        // It was never there.
      }
    }
  }

  #read(file: string): void {
    this.#lookedAt = performance.now();
    const stat = statSync(file, { throwIfNoEntry: false });
    const stamp = stat === undefined ? "" : `${stat.ino} ${stat.mtimeMs} ${stat.size} ${stat.mode}`;
    if (stamp === this.#stamp && stamp !== "") return;
    this.#stamp = stamp;
    try {
      this.#digest = sha256(tokenIn(file));
      this.#complaint = "";
    } catch (error) {
      this.#digest = undefined;
      this.#complain(reason(error));
    }
  }

  /** Says it once. */
  #complain(error: string): void {
    if (this.#complaint !== "") return;
    this.#complaint = error;
    this.#log.write("warn", "admin", "There is no admin token: writing is refused", {
      token_file: this.file,
      error,
    });
  }
}

/** @throws Error that says why it cannot be used */
function tokenIn(file: string): string {
  const fd = openSync(file, "r");
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) throw new Error("it is no small file");
    const isRoots = stat.uid === 0;
    if (stat.uid !== process.getuid?.() && !isRoots) throw new Error("it belongs to somebody else");
    if ((stat.mode & 0o022) !== 0) throw new Error("others may write it: chmod 600");
    // What is mounted into a container is readable for all of it.
    if ((stat.mode & 0o004) !== 0 && !isRoots) throw new Error("others may read it: chmod 600");
    const token = readFileSync(fd, "utf8").trim();
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("it does not hold one word");
    return token;
  } finally {
    closeSync(fd);
  }
}

function usualFile(env: Env): string {
  const state = env["XDG_STATE_HOME"];
  const home = env["HOME"];
  let folder = "/var/lib";
  if (state !== undefined && state.startsWith("/")) folder = state;
  else if (home !== undefined && home !== "") folder = join(home, ".local/state");
  return join(folder, "balto/admin.token");
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "")?.[1];
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * The token of the API: where it is found, by the writer, by the data plane, which makes it at its first
 * start, and by the command.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";

import { writeNew } from "./write/durable-file.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Where a token is, and what it is; `token` is undefined where there is none yet. */
export interface FoundToken {
  token: string | undefined;
  /** The file it is in or belongs in; undefined where it is given in the environment. */
  file: string | undefined;
}

/** BALTO_ADMIN_TOKEN, else the file BALTO_ADMIN_TOKEN_FILE, else the file that Balto makes. */
export function findToken(env: Env): FoundToken {
  const given = env["BALTO_ADMIN_TOKEN"];
  if (given !== undefined && given !== "") return { token: given, file: undefined };
  const named = env["BALTO_ADMIN_TOKEN_FILE"];
  const file = named !== undefined && named !== "" ? named : usualFile(env);
  return { token: tokenIn(file), file };
}

/**
 * The token; one is made where there is none.
 *
 * @throws Error with `code` where the file cannot be written
 */
export function ensureToken(env: Env): { token: string; file: string | undefined } {
  const { token, file } = findToken(env);
  if (token !== undefined) return { token, file };
  if (file === undefined) throw new Error("there is no token");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Whole at once, and never over one that another process has just made.
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  writeNew(temporary, Buffer.from(`${randomBytes(32).toString("hex")}\n`));
  try {
    chmodSync(temporary, 0o600);
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(temporary);
  }
  const made = tokenIn(file);
  if (made === undefined) throw new Error(`${file} holds no token`);
  return { token: made, file };
}

function usualFile(env: Env): string {
  const state = env["XDG_STATE_HOME"];
  const home = env["HOME"];
  const folder =
    state !== undefined && state.startsWith("/")
      ? state
      : home !== undefined && home !== ""
        ? join(home, ".local/state")
        : "/var/lib";
  return join(folder, "balto/admin.token");
}

function tokenIn(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return undefined;
    const token = readFileSync(file, "utf8").trim();
    return /^[\x21-\x7e]+$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
}

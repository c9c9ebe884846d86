/**
 * A folder of our own for the artifact that `balto run` publishes: readable by this user only, and
 * outside the tree, so that a git checkout stays clean.
 */
import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isAlive } from "../control/write/lock-file.ts";

export interface PrivateFolder {
  path: string;
  remove: () => void;
}

const NAME = /^balto-run-([0-9]+)-[A-Za-z0-9]{6}$/;

export function makePrivateFolder(
  env: Readonly<Record<string, string | undefined>>,
): PrivateFolder {
  const parent = runtimeFolder(env["XDG_RUNTIME_DIR"]) ?? tmpdir();
  removeAbandoned(parent);
  // mkdtemp makes it with mode 0700.
  const path = mkdtempSync(join(parent, `balto-run-${process.pid}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const RUNTIME_PATH_BYTES_MAX = 64;

function runtimeFolder(path: string | undefined): string | undefined {
  if (path === undefined || !path.startsWith("/")) return undefined;
  // Below it lie Unix sockets, whose addresses are short.
  if (Buffer.byteLength(path) > RUNTIME_PATH_BYTES_MAX) return undefined;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory() ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A `balto run` that was killed could not tidy up: the next one does. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      const path = join(parent, name);
      if (statSync(path).uid === process.getuid?.()) rmSync(path, { recursive: true, force: true });
    } catch {
      // Another run was faster.
    }
  }
}

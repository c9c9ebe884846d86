/** Keys that a command is given: files in PEM, and a private key also as a variable of the environment. */
import { readFileSync, statSync } from "node:fs";
import type { KeyObject } from "node:crypto";

import { SIGNATURES_MAX } from "../artifact/layout.ts";
import {
  KeyError,
  readSigningKey,
  readTrustedKey,
  sign,
  type TrustedKey,
} from "../artifact/signature.ts";
import { Failure, reason, UsageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** `env:NAME` instead of a path. */
const FROM_ENV = /^env:(.*)$/s;

/**
 * Reads a private key; one that others can read is warned of.
 *
 * @param source a path, or `env:NAME`
 * @throws Failure
 */
function signingKey(source: string, terminal: Terminal): KeyObject {
  const name = FROM_ENV.exec(source)?.[1];
  const pem = name === undefined ? readKey(source) : terminal.env[name];
  if (pem === undefined || pem === "") throw new Failure(`--sign: ${name} is not set`);
  const key = usable("--sign", source, () => readSigningKey(pem));
  if (name === undefined) warnOfReaders(source, terminal);
  return key;
}

/**
 * What puts the signatures of these keys to an artifact; without keys it stays as it is.
 *
 * @param sources as `signingKey` takes them
 * @throws Failure
 * @throws UsageError where there are too many
 */
export function signer(
  sources: readonly string[],
  terminal: Terminal,
): (artifact: Uint8Array) => Uint8Array {
  if (sources.length > SIGNATURES_MAX) {
    throw new UsageError(`--sign is given more than ${SIGNATURES_MAX} times`);
  }
  const keys = sources.map((source) => signingKey(source, terminal));
  return (artifact) => (keys.length === 0 ? artifact : sign(artifact, keys));
}

/**
 * Reads a public key.
 *
 * @throws Failure
 */
export function trustedKey(path: string): TrustedKey {
  return usable("--trust", path, () => readTrustedKey(readKey(path)));
}

/**
 * Paths of trusted keys: those of the flag, else those of the environment.
 *
 * @throws Failure where the environment names none: nobody sets the variable to trust everything
 */
export function trustedPaths(flag: readonly string[], env: Terminal["env"]): readonly string[] {
  const named = env[TRUST_VARIABLE];
  if (flag.length > 0 || named === undefined) return flag;
  const paths = named.split(":");
  if (!paths.includes("")) return paths;
  throw new Failure(
    `${TRUST_VARIABLE} is set, but ${named === "" ? "names no key" : `"${named}" has an empty path`}`,
    `name public keys, "a.pub:b.pub", or unset it to serve what nobody signed`,
  );
}

const TRUST_VARIABLE = "BALTO_TRUST";

function usable<T>(flag: string, source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new Failure(`${flag}: ${source} ${error.message}`, error.help);
  }
}

function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${reason(error)}`);
  }
}

/** A pipe, `<(vault read …)`, has no other readers. */
function warnOfReaders(path: string, terminal: Terminal): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || (stat.mode & 0o077) === 0) return;
  const mode = (stat.mode & 0o777).toString(8).padStart(3, "0");
  terminal.note(`warning: ${path} can be read by others (mode ${mode}): chmod 600 ${path}\n`);
}

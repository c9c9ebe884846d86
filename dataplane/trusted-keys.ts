/**
 * Trusted keys: read once, when the process starts. With at least one, no artifact is served that none
 * of them has signed.
 */
import { readFileSync } from "node:fs";

import { KeyError, readTrustedKey, type TrustedKey } from "../artifact/signature.ts";
import { reason } from "./reason.ts";

/**
 * Reads public keys.
 *
 * @returns the keys, or what is wrong with one of them
 */
export function readTrustedKeys(paths: readonly string[]): TrustedKey[] | string {
  const keys: TrustedKey[] = [];
  for (const path of paths) {
    try {
      keys.push(readTrustedKey(readFileSync(path, "utf8")));
    } catch (error) {
      if (error instanceof KeyError) return `--trust: ${path} ${error.message}: ${error.help}`;
      return `--trust: ${path} cannot be read: ${reason(error)}`;
    }
  }
  return keys;
}

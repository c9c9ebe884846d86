// Corpus: inputs that fuzzing begins from. A file each, the bytes as they stand, in a folder a target.
// What a long run finds is put there by hand, and tried again by every run of the tests.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Target } from "./invariants.ts";

const FOLDER = fileURLToPath(new URL("./corpus", import.meta.url));

/** An input and what it is called. */
export interface Seed {
  name: string;
  bytes: Buffer;
}

/** The inputs kept for a target. */
export function corpusOf(target: Target): Seed[] {
  const folder = join(FOLDER, target);
  return readdirSync(folder)
    .toSorted()
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

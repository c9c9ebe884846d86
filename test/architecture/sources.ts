// The TypeScript files of the repository that people write.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Source {
  /** Path from the root of the repository, with forward slashes. */
  readonly file: string;
  readonly text: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const generated = /\.gen\.ts$|^test\/golden\//;

/** All sources under the given folders. A folder that does not exist yet holds none. */
export function readSources(folders: readonly string[]): Source[] {
  return folders
    .filter((folder) => existsSync(root + folder))
    .flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, encoding: "utf8" }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter((file) => file.endsWith(".ts") && !generated.test(file))
    .toSorted()
    .map((file) => ({ file, text: readFileSync(root + file, "utf8") }));
}

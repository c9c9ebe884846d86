/** Which config tree a command means: the one named, else BALTO_CONFIG, else the usual places. */
import { statSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

import { looksLikeBalance } from "../compiler/import/balance.ts";
import { CONFIG_FILE } from "../compiler/parse/collect-files.ts";
import { Failure } from "./failure.ts";
import { readForeign } from "./foreign-file.ts";

/** Where a tree is looked for when none is named. */
const USUAL_FOLDERS = ["configs", "."];

/**
 * The folder, spelled as it should be printed.
 *
 * @throws Failure when there is no such folder
 */
export function configFolder(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (named !== undefined) return existing(named, "");
  const fromEnv = env["BALTO_CONFIG"];
  if (fromEnv !== undefined && fromEnv !== "") return existing(fromEnv, " (BALTO_CONFIG names it)");
  const found = USUAL_FOLDERS.find((folder) => isFile(join(folder, CONFIG_FILE)));
  if (found !== undefined) return found;
  throw new Failure(
    `there is no ${CONFIG_FILE} in configs/ nor here`,
    "name the folder of a config tree, or let `balto init` make one",
  );
}

/** People also name the file in it, and the Go Balto's BALTO_CONFIG did. */
function existing(path: string, from: string): string {
  const folder = basename(path) === CONFIG_FILE && isFile(path) ? dirname(path) : path;
  let stat;
  try {
    stat = statSync(folder);
  } catch {
    throw new Failure(`there is no folder ${path}${from}`, `\`balto init ${path}\` makes one`);
  }
  if (!stat.isDirectory()) {
    if (stat.isFile() && looksLikeBalance(basename(folder), readForeign(folder))) {
      throw new Failure(
        `${path}${from} is a file of Balance`,
        `\`balto import balance ${path} -o configs\` makes a config tree of it`,
      );
    }
    throw new Failure(`${path}${from} is not a folder`, `name the folder that has ${CONFIG_FILE}`);
  }
  const spelled = normalize(folder);
  return spelled.length > 1 && spelled.endsWith("/") ? spelled.slice(0, -1) : spelled;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

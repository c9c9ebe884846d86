/** wrk, the load of the benchmarks: one thread of it on one core. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { find } from "./process.ts";

/** What wrk is to do. */
export interface WrkRun {
  url: string;
  connections: number;
  seconds: number;
  core: number;
  /** What requests and their pauses are; "" is one GET after the other. */
  lua: string;
  /** Where the script is put. */
  folder: string;
}

/** The command that does it, and its arguments. @throws Error where wrk is not installed */
export function wrkCommand(run: WrkRun): [string, string[]] {
  const wrk = find("wrk");
  if (wrk === undefined) throw new Error("the load of this benchmark is wrk: install it");
  const { url, connections, seconds, core, lua, folder } = run;
  const script = join(folder, "load.lua");
  writeFileSync(script, lua);
  const options = [`-c${connections}`, `-d${seconds}s`, "-t1", "-s", script];
  return ["taskset", ["-c", String(core), wrk, ...options, url]];
}

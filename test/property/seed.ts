/**
 * The seed of a run of property tests: another one each time, printed, so that a failure can be had
 * again with `BALTO_SEED=<number>`. `BALTO_EFFORT=<factor>` tries so many times as much.
 */
import { randomInt } from "node:crypto";

/** What every generator of this file's run begins with. */
export const seed: number = Number(process.env["BALTO_SEED"] ?? randomInt(2 ** 31));

/** How many times as many cases as usual. */
export const effort: number = Number(process.env["BALTO_EFFORT"] ?? 1);

process.stdout.write(`property tests: BALTO_SEED=${seed}\n`);

/** A file of another program, read whole; never without a limit, and never waiting for a FIFO. */
import { readFileSync, statSync } from "node:fs";

import { FILE_BYTES_MAX } from "../compiler/parse/collect-files.ts";
import { Failure, reason } from "./failure.ts";

/** @throws Failure when it cannot be read, or is no file of a sensible size */
export function readForeign(path: string): Uint8Array {
  let stat;
  try {
    stat = statSync(path);
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${reason(error)}`);
  }
  if (!stat.isFile()) throw new Failure(`${path} is not a file`);
  if (stat.size > FILE_BYTES_MAX) {
    throw new Failure(`${path} is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`);
  }
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${reason(error)}`);
  }
}

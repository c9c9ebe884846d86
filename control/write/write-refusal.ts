/**
 * What of all that can go wrong with a write a client is told, and as what.
 */
import type { WriteError } from "../../compiler/write-artifact.ts";
import { Refusal } from "../refusal.ts";
import { GitRefusal } from "./git.ts";
import { LockedError } from "./lock-file.ts";
import { ChangedMeanwhile, RollbackError } from "./transaction.ts";

/** The refusal that an error comes down to; the error itself where it is a bug. */
export function refusalOf(error: unknown): unknown {
  const refuse = (status: number, message: string, fields = {}): Refusal =>
    new Refusal(status, message, { fields, cause: error });
  if (error instanceof GitRefusal) return refuse(409, error.message);
  if (error instanceof LockedError) return refuse(503, error.message, { "Retry-After": "1" });
  if (error instanceof RollbackError) return refuse(500, error.message);
  if (error instanceof ChangedMeanwhile) {
    return refuse(409, "somebody else edits the file: nothing was changed, try again");
  }
  const { code } = error as NodeJS.ErrnoException | WriteError;
  if (code === "ELOOP") return refuse(409, "the file is a link: edit what it leads to");
  const reason = code === undefined ? undefined : DISK_REASONS[code];
  if (reason === undefined) return error;
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return refuse(isFull ? 507 : 500, `nothing was changed: ${reason}`);
}

const DISK_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "the writer may not write there",
  EPERM: "the writer may not write there",
  EIO: "the disk reports an error",
  EXDEV: "the file is on another file system than the tree",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
};

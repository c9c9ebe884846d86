/**
 * Reason: an error as one line for people.
 */

/** The system's common errors in words, the first line of any other. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EADDRINUSE") return "the address is in use";
  return message.split("\n", 1)[0] as string;
}

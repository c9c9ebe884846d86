/** Every part of a draft is there once no error was reported: anything else is a bug of the compiler. */
export function known<T>(part: T | undefined): T {
  if (part === undefined)
    throw new Error("a part of a service is missing, and nothing was reported");
  return part;
}

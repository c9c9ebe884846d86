/** What the command's exit status says; `docs/cli.md` lists the same. */
export const EXIT_OK = 0;
/** The tree has errors, the artifact is bad, something could not be done. */
export const EXIT_FAILED = 1;
/** There are differences, where that was asked for: `balto diff --exit-code`. */
export const EXIT_DIFFERENT = 2;
/** The command line itself is wrong (sysexits EX_USAGE). */
export const EXIT_USAGE = 64;
/** Balto is wrong (sysexits EX_SOFTWARE). */
export const EXIT_BUG = 70;

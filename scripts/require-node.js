// Guard before npm scripts. Plain JavaScript that old Node versions can run, for they are who it speaks to:
// npm skips a failed optional dependency without a word, and scripts would then run on the system's Node.

const required = 24;
const major = Number(process.versions.node.split(".")[0]);

if (!(major >= required)) {
  process.stderr.write(
    [
      `balto: Node ${required} or newer is needed, but this is Node ${process.versions.node} (${process.execPath}).`,
      "The repository carries Node 24 as an optional dependency for Linux on x64 and arm64. To mend it:",
      "  - run `npm ci` without --omit=optional, then start scripts with `npm run` or `make`;",
      "  - on other systems put Node 24 or newer first in PATH (https://nodejs.org).",
      "",
    ].join("\n"),
  );
  process.exitCode = 69;
}

/** `balto compile`. */
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { FolderCompiler } from "../compiled-folder.ts";
import { configFolder } from "../config-folder.ts";
import { makeRoom } from "../heap.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { digestAndTime, follow } from "../follow.ts";
import { signer } from "../key-file.ts";
import { contents } from "../model-summary.ts";
import { publish, publishChange } from "../publish.ts";
import { printReport, REPORT_FLAGS } from "../report-flags.ts";
import { stopSignal } from "../stop-signals.ts";

/** A commit id or a tag; the container takes no longer one. */
const REVISION_BYTES_MAX = 256;

export const compileCommand: AnyCommand = command({
  name: "compile",
  summary: "Compile a config tree to an artifact",
  description: `
The artifact is written beside its place and renamed, so a reader sees the old one or the new one. With
errors nothing is written. The same tree gives the same bytes everywhere; --revision stamps a commit
beside them, outside the digest. -o - writes to standard output.

--sign puts a signature beside them too, for balto serve --trust; balto keygen makes the keys. Given
twice, both keys sign: so old and new are both served while keys change.

With --watch it goes on until SIGINT or SIGTERM, and each change of the tree is compiled and reported
in one line, with the warnings that are new; a tree with errors leaves the last good artifact in place.`,
  operand: { name: "DIR", summary: "The config tree" },
  flags: {
    output: {
      type: "string",
      short: "o",
      value: "FILE",
      summary: "Where the artifact goes",
      required: "where should the artifact go?",
    },
    watch: { type: "boolean", summary: "Compile again whenever the tree changes" },
    revision: { type: "string", value: "REV", summary: "Stamp a source revision into it" },
    sign: {
      type: "string",
      value: "KEY",
      summary: "Sign it with this private key: a file, or env:NAME",
      repeated: true,
    },
    ...REPORT_FLAGS,
  },
  examples: [
    "balto compile configs -o balto.artifact",
    "balto compile configs -o balto.artifact --watch",
    "balto compile -o balto.artifact --revision $(git rev-parse HEAD)",
    "balto compile configs -o balto.artifact --sign release.key",
  ],
  run: async ({ operand, flags, terminal }) => {
    const { output, watch, revision = "", quiet } = flags;
    const toOut = output === "-";
    if (toOut && watch) {
      throw new UsageError("--watch needs a file to write to, not standard output", [
        "for example: balto compile configs -o balto.artifact --watch",
      ]);
    }
    if (toOut && terminal.outIsTerminal) {
      throw new UsageError("the artifact is binary and standard output is a terminal", [
        "for example: balto compile configs -o - | balto inspect -",
      ]);
    }
    if (/\p{Cc}/u.test(revision)) {
      throw new UsageError("--revision holds a control character", [
        "for example: --revision $(git rev-parse HEAD)",
      ]);
    }
    if (Buffer.byteLength(revision) > REVISION_BYTES_MAX) {
      throw new UsageError(`--revision takes at most ${REVISION_BYTES_MAX} bytes`, [
        "for example: --revision $(git rev-parse HEAD)",
      ]);
    }
    const signed = signer(flags.sign, terminal);
    const folder = configFolder(operand, terminal.env);
    makeRoom(folder);
    const compiler = new FolderCompiler(folder, revision);
    const compiled = compiler.compile();
    const { result, elapsedMs } = compiled;
    printReport(compiled, flags.format ?? "text", terminal, toOut);
    if (result !== undefined) {
      if (toOut) terminal.out(signed(result.artifact));
      else publish(output, signed(result.artifact));
      const what = `${folder}: ${contents(result.model)}`;
      if (!quiet) terminal.note(`${what} · ${digestAndTime(result.digest, elapsedMs)}\n`);
    }
    if (!watch) return result === undefined ? EXIT_FAILED : EXIT_OK;

    const following = follow(compiled, {
      compiler,
      artifact: output,
      publish: ({ artifact }) => publishChange(output, signed(artifact)),
      kept: "stays",
      quiet,
      terminal,
    });
    await stopSignal();
    await following.close();
    return EXIT_OK;
  },
});

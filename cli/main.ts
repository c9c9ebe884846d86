/**
 * The `balto` command: picks the subcommand, and turns however it ends into a message and an exit
 * status. What each subcommand does is under commands/.
 */
import { readArguments } from "./arguments.ts";
import type { AnyCommand } from "./command.ts";
import { commands } from "./commands/index.ts";
import { EXIT_BUG, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./exit-code.ts";
import { Failure, UsageError } from "./failure.ts";
import { commandHelp, overview } from "./help.ts";
import { near } from "./near.ts";
import { processTerminal } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

const terminal = processTerminal();
process.on("uncaughtException", (error) => {
  terminal.note(bugReport(error, terminal));
  // What the process was doing is unknown: nothing may go on.
  process.exit(EXIT_BUG);
});
const status = await main(process.argv.slice(2), terminal);
// A stream's late error may have set a status of its own.
process.exitCode ??= status;

async function main(words: readonly string[], io: Terminal): Promise<number> {
  let command: AnyCommand | undefined;
  try {
    const [first, ...rest] = words;
    if (first === undefined) {
      io.note(overview(commands));
      return EXIT_USAGE;
    }
    const global = globalWord(first, rest);
    if (global === "help") {
      io.out(overview(commands));
      return EXIT_OK;
    }
    command = findCommand(global === undefined ? first : global.command);
    const read = readArguments(command, global === undefined ? rest : global.words);
    if (read.help) {
      io.out(commandHelp(command));
      return EXIT_OK;
    }
    const { operand, operands, flags } = read;
    return await command.run({ operand, operands, flags, terminal: io });
  } catch (error) {
    return ended(error, command, io);
  }
}

/** `--help`, `help [COMMAND]` and `--version` stand where a command's name does. */
function globalWord(
  first: string,
  rest: readonly string[],
): "help" | { command: string; words: string[] } | undefined {
  if (first === "--version" || first === "-V") return { command: "version", words: [] };
  if (first === "--help" || first === "-h" || first === "help") {
    const about = rest[0];
    return about === undefined ? "help" : { command: about, words: ["--help"] };
  }
  return undefined;
}

function findCommand(word: string): AnyCommand {
  const found = commands.find(({ name, aliases = [] }) => name === word || aliases.includes(word));
  if (found !== undefined) return found;
  if (word.startsWith("-")) {
    throw new UsageError(`the command comes first, then flags such as ${word}`, [
      "for example: balto check configs",
    ]);
  }
  const meant = near(
    word,
    commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  );
  throw new UsageError(
    `there is no command "${word}"`,
    meant === undefined ? [] : [`did you mean balto ${meant}?`],
  );
}

function ended(error: unknown, command: AnyCommand | undefined, io: Terminal): number {
  const name = command === undefined ? "balto" : `balto ${command.name}`;
  if (error instanceof UsageError) {
    const more = `see \`${name} --help\``;
    io.note(`${name}: ${[error.message, ...error.hints, more].join("\n  ")}\n`);
    return EXIT_USAGE;
  }
  if (error instanceof Failure) {
    io.note(`${name}: ${error.message}${error.help === "" ? "" : `\n  ${error.help}`}\n`);
    return EXIT_FAILED;
  }
  io.note(bugReport(error, io));
  return EXIT_BUG;
}

function bugReport(error: unknown, { env }: Terminal): string {
  const debug = env["BALTO_DEBUG"];
  if (debug !== undefined && debug !== "" && error instanceof Error) {
    return `balto: this is a bug in balto: ${error.stack ?? error.message}\n`;
  }
  const [line = ""] = String(error).split("\n", 1);
  return `balto: this is a bug in balto: ${line} (BALTO_DEBUG=1 shows where)\n`;
}

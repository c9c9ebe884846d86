/** Help texts, made of the commands' descriptions. */
import { COMMON_FLAGS, operandsOf } from "./arguments.ts";
import type { AnyCommand, Flag } from "./command.ts";

/** What `balto` and `balto --help` print. */
export function overview(commands: readonly AnyCommand[]): string {
  const rows = commands.map(({ name, aliases = [], summary }): Row => {
    return [name, aliases.length === 0 ? summary : `${summary} (also: ${aliases.join(", ")})`];
  });
  return [
    "Balto: a gateway whose configuration is compiled.",
    "",
    "Usage: balto COMMAND [ARGUMENTS]",
    "",
    "Commands:",
    ...table(rows),
    "",
    "`balto COMMAND --help` says more of each.",
    "Exit status: 0 fine, 1 errors found or failed, 2 differences (diff --exit-code), 64 wrong usage,",
    "70 a bug in balto.",
    "",
  ].join("\n");
}

/** What `balto COMMAND --help` prints. */
export function commandHelp(command: AnyCommand): string {
  const { aliases = [], flags, examples, description, summary } = command;
  const rows = operandsOf(command).map(({ name, summary: text }): Row => [name, text]);
  for (const [name, flag] of Object.entries({ ...flags, ...COMMON_FLAGS })) {
    rows.push([flagLabel(name, flag), flagSummary(flag)]);
  }
  return [
    `${summary}.`,
    "",
    `Usage: ${usageLine(command)}`,
    ...(aliases.length > 0
      ? [`Also:  ${aliases.map((alias) => `balto ${alias}`).join(", ")}`]
      : []),
    "",
    ...table(rows),
    "",
    description.trim(),
    "",
    "Examples:",
    ...examples.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

/** `balto compile [DIR] -o FILE [--watch]`. */
export function usageLine(command: AnyCommand): string {
  const { name, flags } = command;
  const words = [`balto ${name}`];
  for (const operand of operandsOf(command)) {
    if (operand.after !== undefined) words.push(`[${operand.after.join(" | ")}]`);
    const word = operand.repeated === undefined ? operand.name : `${operand.name}...`;
    words.push(operand.required === undefined ? `[${word}]` : word);
  }
  const all = Object.entries<Flag>(flags);
  for (const [flagName, flag] of all.toSorted(([, a], [, b]) => rank(a) - rank(b))) {
    const dashed = flag.short === undefined ? `--${flagName}` : `-${flag.short}`;
    const word = flag.type === "boolean" ? dashed : `${dashed} ${flag.value ?? "VALUE"}`;
    const more = flag.repeated === undefined ? "" : "...";
    words.push(flag.required === undefined ? `[${word}]${more}` : word + more);
  }
  return words.join(" ");
}

type Row = [label: string, text: string];

function rank(flag: Flag): number {
  return flag.required === undefined ? 1 : 0;
}

function flagLabel(name: string, flag: Flag): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  return `${short}--${name}${flag.type === "boolean" ? "" : ` ${flag.value ?? "VALUE"}`}`;
}

function flagSummary({ summary, choices }: Flag): string {
  return choices === undefined ? summary : `${summary}: ${choices.join(", ")}`;
}

function table(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`);
}

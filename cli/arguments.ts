/**
 * Reads a command line against a command's description. A mistake is answered with what would
 * complete the line, never with a bare "invalid argument".
 */
import { parseArgs } from "node:util";

import type { AnyCommand, Flag, Flags, Invocation, Operand } from "./command.ts";
import { UsageError } from "./failure.ts";
import { near } from "./near.ts";

export type ReadArguments =
  | { help: true }
  | ({ help: false } & Omit<Invocation<Flags>, "terminal">);

/** @throws UsageError */
export function readArguments(command: AnyCommand, words: readonly string[]): ReadArguments {
  const flags: Flags = { ...command.flags, ...COMMON_FLAGS };
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(flags).map(([name, { type, short }]) => [
        name,
        short === undefined ? { type } : { type, short },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean | string[]> = {};
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags[token.name];
    if (flag === undefined) throw unknownFlag(token.rawName, flags);
    const value = flagValue(command, token.name, flag, token.rawName, token.value);
    const before = values[token.name];
    if (flag.repeated === undefined || typeof value === "boolean") values[token.name] = value;
    else values[token.name] = Array.isArray(before) ? [...before, value] : [value];
  }
  if (values["help"] === true) return { help: true };
  const [first = ""] = operands;
  if (operands.length > 1 && command.operand?.after?.includes(first) === true) operands.shift();
  checkOperands(command, operands);
  for (const [name, flag] of Object.entries(command.flags)) {
    if (flag.type === "boolean") values[name] ??= false;
    if (flag.repeated !== undefined) values[name] ??= [];
    if (flag.required !== undefined && values[name] === undefined) {
      throw incomplete(command, `${spelled(name, flag)} is missing: ${flag.required}`);
    }
  }
  const flagValues = values as Invocation<Flags>["flags"];
  return { help: false, operand: operands[0], operands, flags: flagValues };
}

/** Every command has these. */
export const COMMON_FLAGS = {
  help: { type: "boolean", short: "h", summary: "Show this help" },
} as const satisfies Flags;

/** How a flag is named to people: `-o FILE`, `--watch`. */
function spelled(name: string, flag: Flag): string {
  const dashed = flag.short === undefined || name === "help" ? `--${name}` : `-${flag.short}`;
  return flag.type === "boolean" ? dashed : `${dashed} ${flag.value ?? "VALUE"}`;
}

function flagValue(
  command: AnyCommand,
  name: string,
  flag: Flag,
  written: string,
  value: string | undefined,
): string | boolean {
  if (flag.type === "boolean") {
    if (value === undefined) return true;
    throw new UsageError(`${written} takes no value, but got "${value}"`, [written]);
  }
  // A flag where a value is due is a forgotten value; "-" alone is the standard stream.
  if (value === undefined || value === "" || (value.startsWith("--") && value.length > 2)) {
    throw incomplete(command, `${spelled(name, flag)}: the ${flag.value ?? "value"} is missing`);
  }
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    throw notAChoice(written, value, flag.choices);
  }
  return value;
}

/** What a command takes in the order in which it is written. */
export function operandsOf({ operand, further = [] }: AnyCommand): readonly Operand[] {
  return operand === undefined ? further : [operand, ...further];
}

function checkOperands(command: AnyCommand, given: readonly string[]): void {
  const { name } = command;
  const operands = operandsOf(command);
  const tooMany = given[operands.length];
  if (tooMany !== undefined && operands.at(-1)?.repeated === undefined) {
    const [only] = operands;
    const takes =
      only === undefined
        ? `${name} takes no argument`
        : operands.length === 1
          ? `${name} takes one ${only.name}`
          : `${name} takes ${operands.map((operand) => operand.name).join(" and ")}`;
    throw new UsageError(`"${tooMany}" is too much: ${takes}`, command.examples);
  }
  for (const [index, operand] of operands.entries()) {
    const value = given[index];
    if (value === undefined && operand.required !== undefined) {
      throw incomplete(command, `${operand.name} is missing: ${operand.required}`);
    }
    if (value !== undefined && operand.choices !== undefined && !operand.choices.includes(value)) {
      throw notAChoice(operand.name, value, operand.choices);
    }
  }
}

function unknownFlag(written: string, flags: Flags): UsageError {
  const name = written.replace(/^-+/, "");
  const meant = near(name, Object.keys(flags));
  const hints = meant === undefined ? [] : [`did you mean --${meant}?`];
  return new UsageError(`there is no flag ${written}`, hints);
}

function notAChoice(what: string, value: string, choices: readonly string[]): UsageError {
  const meant = near(value, choices);
  const hints = meant === undefined ? [] : [`did you mean ${meant}?`];
  const list = choices.join(", ").replace(/, ([^,]*)$/, " or $1");
  return new UsageError(`${what} is ${list}, not "${value}"`, hints);
}

function incomplete(command: AnyCommand, message: string): UsageError {
  return new UsageError(message, [`for example: ${command.examples[0]}`]);
}

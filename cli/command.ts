/**
 * What a subcommand is: a name, what it takes, and a function. Everything that is said about it
 * (help, usage errors, the check of docs/cli.md) is derived from this description.
 */
import type { Terminal } from "./terminal.ts";

export interface Flag {
  type: "boolean" | "string";
  short?: string;
  /** Placeholder of its value in help, `FILE`. */
  value?: string;
  /** The only values it takes. */
  choices?: readonly string[];
  /** What it does, one line, no full stop. */
  summary: string;
  /** A flag that must be given; the text says what is asked for: "where should the artifact go?" */
  required?: string;
  /** It may be given several times; its value is the list. */
  repeated?: true;
}

export type Flags = Readonly<Record<string, Flag>>;

/** The values of a set of flags: a choice is one of its words, what is required is there. */
export type FlagValues<F extends Flags> = {
  [Name in keyof F]: F[Name]["type"] extends "boolean"
    ? boolean
    : F[Name] extends { repeated: true }
      ? readonly string[]
      : F[Name] extends { required: string }
        ? Value<F[Name]>
        : Value<F[Name]> | undefined;
};

type Value<F extends Flag> = F extends { choices: readonly (infer Word)[] } ? Word : string;

export interface Operand {
  /** Placeholder, `DIR`. */
  name: string;
  summary: string;
  choices?: readonly string[];
  /** As in `Flag`. */
  required?: string;
  /** It may be given several times. Only the last operand may. */
  repeated?: true;
  /** Words one of which may stand before it. */
  after?: readonly string[];
}

export interface Invocation<F extends Flags> {
  /** The operand, undefined when it was not given; a required one is there. */
  operand: string | undefined;
  /** All operands as they were given, the first one included. */
  operands: readonly string[];
  flags: FlagValues<F>;
  terminal: Terminal;
}

export interface CommandOptions<F extends Flags> {
  name: string;
  aliases?: readonly string[];
  /** One line for the list of commands, no full stop. */
  summary: string;
  /** Further paragraphs of its help. */
  description: string;
  operand?: Operand;
  /** Operands behind the first. */
  further?: readonly Operand[];
  flags: F;
  /** Whole command lines; the first completes a usage error. */
  examples: readonly [string, ...string[]];
  /** Gives the exit status. */
  run: (invocation: Invocation<F>) => number | Promise<number>;
}

export type AnyCommand = CommandOptions<Flags>;

/** Says nothing at run time: it is there to infer the types of the flags. */
export function command<const F extends Flags>(options: CommandOptions<F>): AnyCommand {
  // The one place where the flags' own types are forgotten: arguments.ts makes values that fit them.
  return options as unknown as AnyCommand;
}

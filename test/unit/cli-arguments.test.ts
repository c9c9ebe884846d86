// The argument layer: what it reads, and that a command gets exactly what its description promises.

import { expect, it } from "vitest";

import { readArguments } from "../../cli/arguments.ts";
import { command } from "../../cli/command.ts";
import type { AnyCommand } from "../../cli/command.ts";
import { UsageError } from "../../cli/failure.ts";
import { usageLine } from "../../cli/help.ts";
import { near } from "../../cli/near.ts";
import { mayColour } from "../../cli/terminal.ts";

const sample: AnyCommand = command({
  name: "sample",
  summary: "A sample",
  description: "",
  operand: { name: "DIR", summary: "A folder" },
  flags: {
    output: { type: "string", short: "o", value: "FILE", summary: "", required: "where to?" },
    kind: { type: "string", value: "KIND", choices: ["one", "two"], summary: "" },
    loud: { type: "boolean", summary: "" },
  },
  examples: ["balto sample dir -o file"],
  run: () => 0,
});

it("reads flags in every spelling and place", () => {
  for (const words of [
    ["dir", "-o", "file", "--kind", "two", "--loud"],
    ["--kind=two", "--output=file", "--loud", "dir"],
    ["-ofile", "--loud", "--kind", "two", "--", "dir"],
  ]) {
    expect(readArguments(sample, words)).toEqual({
      help: false,
      operand: "dir",
      operands: ["dir"],
      flags: { output: "file", kind: "two", loud: true },
    });
  }
});

it("leaves what was not given undefined, switches false", () => {
  expect(readArguments(sample, ["-o", "-"])).toEqual({
    help: false,
    operand: undefined,
    operands: [],
    flags: { output: "-", loud: false },
  });
});

it("takes the last of a flag that is given twice", () => {
  expect(readArguments(sample, ["-o", "a", "-o", "b"])).toMatchObject({ flags: { output: "b" } });
});

const several: AnyCommand = command({
  name: "several",
  summary: "Several operands",
  description: "",
  operand: { name: "A", summary: "The first", required: "which first?" },
  further: [{ name: "FILE", summary: "Files", repeated: true }],
  flags: { header: { type: "string", short: "H", value: "FIELD", summary: "", repeated: true } },
  examples: ["balto several a b"],
  run: () => 0,
});

it("lists what may be given several times", () => {
  expect(readArguments(several, ["a", "-H", "x: 1", "b", "--header", "y: 2", "c"])).toEqual({
    help: false,
    operand: "a",
    operands: ["a", "b", "c"],
    flags: { header: ["x: 1", "y: 2"] },
  });
  expect(readArguments(several, ["a"])).toMatchObject({ operands: ["a"], flags: { header: [] } });
  expect(() => readArguments(several, [])).toThrow("A is missing: which first?");
  expect(usageLine(several)).toBe("balto several A [FILE...] [-H FIELD]...");
});

it("shows help whatever else is missing", () => {
  expect(readArguments(sample, ["--help"])).toEqual({ help: true });
  expect(readArguments(sample, ["x", "-h"])).toEqual({ help: true });
});

it("refuses what it does not know, with a hint", () => {
  const refused = (words: string[]): UsageError => {
    try {
      readArguments(sample, words);
    } catch (error) {
      if (error instanceof UsageError) return error;
    }
    throw new Error("it was not refused");
  };
  expect(refused([]).message).toBe("-o FILE is missing: where to?");
  expect(refused([]).hints).toEqual(["for example: balto sample dir -o file"]);
  expect(refused(["-o"]).message).toContain("the FILE is missing");
  expect(refused(["-o", "--loud"]).message).toContain("the FILE is missing");
  expect(refused(["-o", ""]).message).toContain("the FILE is missing");
  expect(refused(["--ouput", "x"]).hints).toEqual(["did you mean --output?"]);
  expect(refused(["-o", "x", "--kind", "three"]).message).toBe('--kind is one or two, not "three"');
  expect(refused(["-o", "x", "--loud=1"]).message).toContain("takes no value");
  expect(refused(["-o", "x", "a", "b"]).message).toContain('"b" is too much');
});

it("finds the word that was meant: mistyped, begun, or none", () => {
  const words = ["compile", "check", "inspect", "init"];
  expect(near("chekc", words)).toBe("check");
  expect(near("comp", words)).toBe("compile");
  expect(near("insp", words)).toBe("inspect");
  expect(near("zebra", words)).toBeUndefined();
});

it("colours terminals only, and minds NO_COLOR before FORCE_COLOR", () => {
  const [terminal, pipe] = [{ isTTY: true }, { isTTY: false }];
  expect(mayColour({}, terminal)).toBe(true);
  expect(mayColour({}, pipe)).toBe(false);
  expect(mayColour({ TERM: "dumb" }, terminal)).toBe(false);
  expect(mayColour({ NO_COLOR: "1" }, terminal)).toBe(false);
  expect(mayColour({ NO_COLOR: "" }, terminal)).toBe(true);
  expect(mayColour({ FORCE_COLOR: "1" }, pipe)).toBe(true);
  expect(mayColour({ FORCE_COLOR: "0" }, terminal)).toBe(false);
  expect(mayColour({ FORCE_COLOR: "1", NO_COLOR: "1" }, terminal)).toBe(false);
});

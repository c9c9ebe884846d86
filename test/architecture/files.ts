// How files are named and how long they may be.

import { basename } from "node:path";

const linesMax = 500;
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const drawers = /^(utils?|helpers?|common)(\.|$)/;

/** What is wrong with a file's name or size, a sentence for each. */
export function fileViolations(file: string, text: string): string[] {
  const name = basename(file);
  const lines = text.split("\n").length - 1;
  const violations: string[] = [];
  if (!kebabCase.test(name)) violations.push(`${file} is not named in kebab-case`);
  if (drawers.test(name)) violations.push(`${file} is a drawer: name the concept it holds`);
  if (lines > linesMax) violations.push(`${file} has ${lines} lines, more than ${linesMax}`);
  return violations;
}

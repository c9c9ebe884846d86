import { expect, test } from "vitest";

import { hexTexts } from "../../../dataplane/observation/hex.ts";
import { readTraceParent } from "../../../dataplane/observation/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

function read(text: string): { flags: number; trace: string; parent: string } {
  const bytes = Buffer.from(`x${text}y`, "latin1");
  const words = new Int32Array(8);
  const flags = readTraceParent(bytes, 1, bytes.length - 1, words, 1);
  return { flags, trace: hexTexts(words, 1, 5), parent: hexTexts(words, 5, 7) };
}

test.each([
  ["sampled", `00-${TRACE}-${PARENT}-01`, 1],
  ["not sampled", `00-${TRACE}-${PARENT}-00`, 0],
  ["random and sampled", `00-${TRACE}-${PARENT}-03`, 3],
  ["all flags", `00-${TRACE}-${PARENT}-ff`, 255],
  ["a later version", `cc-${TRACE}-${PARENT}-01`, 1],
  ["a later version that says more", `01-${TRACE}-${PARENT}-01-what-the-future`, 1],
  ["high bits", `00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01`, 1],
])("%s is read", (_, text, flags) => {
  const found = read(text);
  expect(found.flags).toBe(flags);
  expect(text).toContain(`-${found.trace}-${found.parent}-`);
});

test.each([
  ["nothing", ""],
  ["one character short", `00-${TRACE}-${PARENT}-0`],
  ["more in version 00", `00-${TRACE}-${PARENT}-01-more`],
  ["one character more in version 00", `00-${TRACE}-${PARENT}-010`],
  ["a later version without a dash behind", `01-${TRACE}-${PARENT}-01x`],
  ["version ff", `ff-${TRACE}-${PARENT}-01`],
  ["no version", `zz-${TRACE}-${PARENT}-01`],
  ["upper case", `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ["upper case in the parent", `00-${TRACE}-00F067AA0BA902B7-01`],
  ["upper case in the flags", `00-${TRACE}-${PARENT}-0A`],
  ["a trace of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
  ["a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["other dashes", `00_${TRACE}_${PARENT}_01`],
  ["a letter in the trace", `00-${TRACE.slice(0, 31)}g-${PARENT}-01`],
  ["no flags", `00-${TRACE}-${PARENT}-zz`],
  ["bytes of other alphabets", `00-${"\xe9".repeat(32)}-${PARENT}-01`],
])("%s is no traceparent", (_, text) => {
  expect(read(text).flags).toBe(-1);
});

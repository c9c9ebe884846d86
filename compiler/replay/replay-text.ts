/**
 * A replay as a person reads it: what changes for most requests first.
 */
import { grouped } from "../../artifact/grouped.ts";
import { changeDetails, changeTitle, outcomeText } from "../diff/change-text.ts";
import { painter, type Role } from "../report/colour.ts";
import { counted } from "../report/counted.ts";
import { printable } from "../report/printable.ts";
import type { ReplayResult, WeighedClass } from "./replay.ts";

const ROLES: Record<WeighedClass["risk"], Role> = { high: "error", medium: "warning", low: "note" };

/** The text, with a line end after each line. */
export function replayText(result: ReplayResult, options: { colour: boolean }): string {
  const paint = painter(options.colour);
  const { requests, changed, classes, unreadable } = result;
  const lines = [
    `${counted(requests, "request")}, of which ${grouped(changed)} (${shareOf(changed, requests)}) ${changed === 1 ? "changes" : "change"}`,
  ];
  for (const each of classes.filter((one) => one.requests > 0)) {
    const share = shareOf(each.requests, requests).padStart(6);
    const risk = paint(ROLES[each.risk], each.risk.toUpperCase().padEnd(6));
    const [first, ...others] = each.changes;
    lines.push(
      "",
      `${share}  ${risk}  ${paint("place", printable(changeTitle(first!)))}  ${counted(each.requests, "request")}`,
      ...changeDetails(first!).map((detail) => `${INDENT}  ${printable(detail)}`),
      ...others.flatMap((change) => [
        INDENT + printable(changeTitle(change)),
        ...changeDetails(change).map((detail) => `${INDENT}  ${printable(detail)}`),
      ]),
      `${INDENT}${paint("note", "before")}  ${printable(outcomeText(each.before))}`,
      `${INDENT}${paint("note", "after ")}  ${printable(outcomeText(each.after))}`,
      `${INDENT}${paint("note", "seen  ")}  ${printable(each.seen)}`,
    );
  }
  const unseen = classes.filter((one) => one.requests === 0).length;
  if (unseen > 0) {
    const have = unseen === 1 ? "more class of the diff has" : "more classes of the diff have";
    lines.push("", `${unseen} ${have} no request in this log`);
  }
  if (unreadable.count > 0) {
    const hold = unreadable.count === 1 ? "line holds" : "lines hold";
    lines.push("", `${grouped(unreadable.count)} ${hold} no request:`);
    for (const { line, reason } of unreadable.examples) lines.push(`  line ${line}: ${reason}`);
  }
  return `${lines.join("\n")}\n`;
}

const INDENT = " ".repeat(16);

function shareOf(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (part * 100) / whole;
  return `${percent > 0 && percent < 0.1 ? "<0.1" : percent.toFixed(1)}%`;
}

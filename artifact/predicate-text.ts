/**
 * A predicate in a few words, as reports and diagnostics show it: `header x-team is "a"`.
 */
import type { Predicate } from "./model.ts";

export function predicateText({ subject, name, kind, value }: Predicate): string {
  return `${subject} ${name} ${WORDS[kind](JSON.stringify(value))}`;
}

const WORDS: Record<Predicate["kind"], (value: string) => string> = {
  exact: (value) => `is ${value}`,
  prefix: (value) => `begins with ${value}`,
  regex: (value) => `matches ${value}`,
  present: () => "is present",
  absent: () => "is absent",
};

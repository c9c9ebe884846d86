/**
 * 6xxx: imports: what a file of another program says that a tree cannot say the same way.
 */
import type { Entry, Text } from "./entry.ts";

export const IMPORT_CODES = {
  BAL6101: {
    name: "not-a-balance-file",
    severity: "error",
    text: (): Text => [
      "this is no Balance file",
      "a Balance file has `backends` and `mode`, `listen` or `load_balancer` at its top",
    ],
  },
  BAL6102: {
    name: "unknown-mode",
    severity: "error",
    text: (p: { mode: string }): Text => [
      `the mode "${p.mode}" is not tcp or http`,
      "set it to tcp or http",
    ],
  },
  BAL6103: {
    name: "not-imported",
    severity: "warning",
    text: (p: { key: string; reason: string }): Text => [`${p.key} is not imported`, p.reason],
  },
  BAL6104: {
    name: "unknown-import-key",
    severity: "warning",
    text: (p: { key: string }): Text => [
      `${p.key} is no key of a Balance file, so it is not imported`,
      "Balance ignores it too; look for a misspelling",
    ],
  },
  BAL6105: {
    name: "unreadable-import-value",
    severity: "error",
    text: (p: { key: string; value: string; expected: string }): Text => [
      `${p.key} is ${p.value}, and must be ${p.expected}`,
      p.expected === "a duration"
        ? "write it as Go does, such as 500ms, 5s or 1m30s"
        : `write ${p.expected}`,
    ],
  },
  BAL6106: {
    name: "backend-without-address",
    severity: "error",
    text: (): Text => [
      "a backend without an address",
      "give every backend an address, and at least one backend",
    ],
  },
  BAL6107: {
    name: "unknown-import-algorithm",
    severity: "error",
    text: (p: { algorithm: string }): Text => [
      `Balance has no algorithm "${p.algorithm}"`,
      "see `load_balancer.algorithm` in Balance's documentation",
    ],
  },
  BAL6108: {
    name: "imported-differently",
    severity: "warning",
    text: (p: { key: string; what: string }): Text => [
      `${p.key} does not mean quite the same here`,
      p.what,
    ],
  },
  BAL6109: {
    name: "unknown-import-backend",
    severity: "error",
    text: (p: { name: string }): Text => [
      `there is no backend named "${p.name}"`,
      "name one of `backends`",
    ],
  },
} as const satisfies Record<`BAL6${number}`, Entry>;

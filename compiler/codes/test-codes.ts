/**
 * 6xxx: route tests: what is wrong with a test as such. That a test fails is no diagnostic.
 */
import type { Entry, Text } from "./entry.ts";

export const TEST_CODES = {
  BAL6001: {
    name: "bad-test-request",
    severity: "error",
    text: (p: { reason: string; help: string }): Text => [p.reason, p.help],
  },
  BAL6002: {
    name: "unknown-name-in-test",
    severity: "error",
    text: (p: { what: string; name: string; near: string | undefined }): Text => [
      `there is no ${p.what} "${p.name}"`,
      p.near === undefined ? "name one of the tree; null is no route" : `did you mean "${p.near}"?`,
    ],
  },
  BAL6003: {
    name: "empty-expectation",
    severity: "error",
    text: (): Text => [
      "this test expects nothing, so it cannot fail",
      "say which route takes the request, or which status it is answered with",
    ],
  },
} as const satisfies Record<`BAL6${number}`, Entry>;

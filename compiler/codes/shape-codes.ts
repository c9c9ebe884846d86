/**
 * 2xxx: shape: keys and types that a schema does not allow.
 */
import type { Entry, Text } from "./entry.ts";

export const SHAPE_CODES = {
  BAL2001: {
    name: "unknown-key",
    severity: "error",
    text: (p: { key: string; near: string | undefined; known: readonly string[] }): Text => [
      `unknown key "${p.key}"`,
      p.near === undefined
        ? p.key === "<<"
          ? "merge keys are not part of YAML 1.2: write the keys out"
          : `known here: ${p.known.join(", ")}`
        : `did you mean "${p.near}"?`,
    ],
  },
  BAL2002: {
    name: "wrong-type",
    severity: "error",
    text: (p: { expected: string; found: string; hint: string | undefined }): Text => [
      `must be ${p.expected}, and is ${p.found}`,
      p.hint ?? `write ${p.expected}`,
    ],
  },
  BAL2003: {
    name: "missing-key",
    severity: "error",
    text: (p: { keys: readonly string[] }): Text => [
      `the key ${p.keys.map((key) => `"${key}"`).join(" or ")} is missing`,
      `add ${p.keys.join(" or ")}`,
    ],
  },
  BAL2004: {
    name: "unknown-value",
    severity: "error",
    text: (p: { value: string; near: string | undefined; known: readonly string[] }): Text => [
      `"${p.value}" is not one of ${p.known.join(", ")}`,
      p.near === undefined ? `write one of ${p.known.join(", ")}` : `did you mean "${p.near}"?`,
    ],
  },
  BAL2005: {
    name: "out-of-range",
    severity: "error",
    text: (p: { value: number; minimum: number; maximum: number }): Text => [
      `${p.value} is not between ${p.minimum} and ${p.maximum}`,
      `write a number from ${p.minimum} to ${p.maximum}`,
    ],
  },
  BAL2006: {
    name: "empty-list",
    severity: "error",
    text: (p: { key: string }): Text => [
      `the list "${p.key}" is empty`,
      "add an item, or remove the key",
    ],
  },
  BAL2007: {
    name: "conflicting-keys",
    severity: "error",
    text: (p: { keys: readonly string[] }): Text => [
      `${p.keys.map((key) => `"${key}"`).join(" and ")} exclude each other`,
      `keep one of ${p.keys.join(" and ")}`,
    ],
  },
  BAL2008: {
    name: "repeated-item",
    severity: "error",
    text: (p: { value: string }): Text => [`"${p.value}" is in the list twice`, "remove one"],
  },
} as const satisfies Record<`BAL2${number}`, Entry>;

/**
 * 1xxx: files and their YAML: what stands between a tree and its values.
 */
import type { Entry, Text } from "./entry.ts";

export const FILE_CODES = {
  BAL1001: {
    name: "outside-tree",
    severity: "error",
    text: (p: { detail: string }): Text => [
      `this file leads out of the tree: ${p.detail}`,
      "put the file itself into the tree; links may only point inside it",
    ],
  },
  BAL1002: {
    name: "not-a-file",
    severity: "error",
    text: (p: { detail: string }): Text => [
      `this is not a regular file: ${p.detail}`,
      "remove it, or put a regular file in its place",
    ],
  },
  BAL1003: {
    name: "too-large",
    severity: "error",
    text: (p: { detail: string }): Text => [p.detail, "split it into several files or trees"],
  },
  BAL1004: {
    name: "unreadable",
    severity: "error",
    text: (p: { detail: string }): Text => [
      `cannot be read: ${p.detail}`,
      "check the permissions of the file and of the folders above it",
    ],
  },
  BAL1005: {
    name: "bad-name",
    severity: "error",
    text: (p: { detail: string }): Text => [
      `the name of this file cannot be used: ${p.detail}`,
      "rename it; letters, digits, dots, dashes and underscores are always fine",
    ],
  },
  BAL1010: {
    name: "not-utf-8",
    severity: "error",
    text: (p: { byte: number }): Text => [
      `byte 0x${p.byte.toString(16).padStart(2, "0").toUpperCase()} is not UTF-8`,
      "save the file as UTF-8",
    ],
  },
  BAL1011: {
    name: "byte-order-mark",
    severity: "error",
    text: (): Text => [
      "the file begins with a byte order mark",
      "save the file as UTF-8 without BOM",
    ],
  },
  BAL1012: {
    name: "utf-16",
    severity: "error",
    text: (): Text => ["the file is UTF-16", "save the file as UTF-8 without BOM"],
  },
  BAL1013: {
    name: "control-character",
    severity: "error",
    text: (p: { character: string }): Text => [
      `the character ${p.character} is not allowed in YAML`,
      "remove it",
    ],
  },
  BAL1020: {
    name: "yaml-syntax",
    severity: "error",
    text: (p: { message: string; hint: string | undefined }): Text => [
      `not YAML: ${p.message}`,
      p.hint ?? "mend the YAML; the rest of this file is checked after that",
    ],
  },
  BAL1021: {
    name: "duplicate-key",
    severity: "error",
    text: (p: { key: string }): Text => [
      `the key "${p.key}" is given twice`,
      "keep one of the two",
    ],
  },
  BAL1022: {
    name: "multiple-documents",
    severity: "error",
    text: (): Text => [
      "a second YAML document begins here",
      "put it into a file of its own, or list the services under `services:`",
    ],
  },
  BAL1023: {
    name: "yaml-tag",
    severity: "error",
    text: (p: { tag: string }): Text => [
      `the tag ${p.tag} is not supported`,
      "remove the tag; quote the value where text is meant",
    ],
  },
  BAL1024: {
    name: "yaml-directive",
    severity: "error",
    text: (p: { directive: string }): Text => [
      `the directive ${p.directive} is not supported`,
      "remove the line; files are YAML 1.2",
    ],
  },
  BAL1025: {
    name: "alias-bomb",
    severity: "error",
    text: (p: { alias: string; limit: number }): Text => [
      `with *${p.alias} the aliases of this file stand for more than ${p.limit} values`,
      "write the values out, or use fewer aliases",
    ],
  },
  BAL1026: {
    name: "too-many-anchors",
    severity: "error",
    text: (p: { limit: number }): Text => [
      `the file has more than ${p.limit} anchors`,
      "write the values out, or split the file",
    ],
  },
  BAL1027: {
    name: "too-deep",
    severity: "error",
    text: (p: { limit: number }): Text => [
      `values are nested more than ${p.limit} deep`,
      "no key of Balto is so deep: look for a bracket that is not closed",
    ],
  },
  BAL1028: {
    name: "alias-cycle",
    severity: "error",
    text: (p: { alias: string }): Text => [
      `*${p.alias} stands inside the value it refers to`,
      "write the value out",
    ],
  },
  BAL1029: {
    name: "unknown-alias",
    severity: "error",
    text: (p: { alias: string; near: string | undefined }): Text => [
      `no anchor &${p.alias} stands before this alias in the file`,
      p.near === undefined
        ? "quote the value where a text that begins with * is meant"
        : `did you mean *${p.near}?`,
    ],
  },
  BAL1030: {
    name: "changed-value",
    severity: "error",
    text: (p: { written: string; read: string }): Text => [
      `YAML reads ${p.written} as the number ${p.read}`,
      `write ${p.read} for the number, or "${p.written}" for the text`,
    ],
  },
  BAL1031: {
    name: "bad-key",
    severity: "error",
    text: (p: { found: string }): Text => [
      `a key must be text, and this is ${p.found}`,
      "write the key as a plain word",
    ],
  },
  BAL1032: {
    name: "too-complex",
    severity: "error",
    text: (p: { limit: number }): Text => [
      `the file has more than ${p.limit} YAML tokens`,
      "split it into several files",
    ],
  },
  BAL1033: {
    name: "too-many-errors",
    severity: "error",
    text: (p: { limit: number }): Text => [
      `more than ${p.limit} errors in this file: the others are not listed`,
      "mend the ones that are listed first: many may have one cause",
    ],
  },
} as const satisfies Record<`BAL1${number}`, Entry>;

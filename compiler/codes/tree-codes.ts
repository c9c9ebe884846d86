/**
 * 5xxx: the tree as a whole, and what is allowed but probably not meant.
 */
import type { Entry, Text } from "./entry.ts";

export const TREE_CODES = {
  BAL5001: {
    name: "empty-tree",
    severity: "error",
    text: (): Text => [
      "there is no configuration here: neither balto.config.yaml nor services/*.yaml",
      "run balto init to make one, or name the folder that holds it",
    ],
  },
  BAL5002: {
    name: "no-services",
    severity: "warning",
    text: (p: { disabled: number }): Text => [
      p.disabled === 0
        ? "the tree has no service: every request is answered 404"
        : `all ${p.disabled} services are disabled: every request is answered 404`,
      "add a service under services/",
    ],
  },
  BAL5003: {
    name: "ignored-file",
    severity: "warning",
    text: (p: { near: string | undefined }): Text => [
      "this file is not read",
      p.near === undefined ? "move it below services/, or remove it" : `did you mean ${p.near}?`,
    ],
  },
  BAL5004: {
    name: "empty-file",
    severity: "warning",
    text: (): Text => ["this file holds nothing", "add a service, or remove the file"],
  },
  BAL5005: {
    name: "repeated-backend",
    severity: "warning",
    text: (p: { url: string }): Text => [
      `the backend ${p.url} is in this service twice`,
      "remove one; to give it more traffic, raise its weight",
    ],
  },
  BAL5006: {
    name: "unused-weight",
    severity: "warning",
    text: (p: { algorithm: string }): Text => [
      `weights have no effect under ${p.algorithm}`,
      "set global.load_balancing.algorithm to weighted-rr, or remove the weights",
    ],
  },
} as const satisfies Record<`BAL5${number}`, Entry>;

/**
 * 4xxx: links: what services cannot have together.
 */
import { METHODS_MAX } from "../../artifact/layout.ts";
import type { Entry, Text } from "./entry.ts";

export const LINK_CODES = {
  BAL4001: {
    name: "duplicate-service",
    severity: "error",
    text: (p: { name: string; given: boolean }): Text => [
      `two services are named "${p.name}"`,
      p.given
        ? "rename one of them"
        : "give this service a name of its own; without one it is its first domain and its pattern",
    ],
  },
  BAL4002: {
    name: "duplicate-route",
    severity: "error",
    text: (p: { domain: string; pattern: string; methods: string; other: string }): Text => [
      `${p.methods} ${p.domain}${p.pattern} is already taken by the service "${p.other}"`,
      "change the domain, the pattern or the methods of one of them, or set enabled: false",
    ],
  },
  BAL4003: {
    name: "parameter-names-differ",
    severity: "error",
    text: (p: { domain: string; prefix: string; name: string; other: string }): Text => [
      `under ${p.domain}${p.prefix} the parameter is ":${p.name}" here and ":${p.other}" elsewhere`,
      "give it one name: at one position of a host a parameter has one name",
    ],
  },
  BAL4004: {
    name: "too-many-methods",
    severity: "error",
    text: (p: { method: string }): Text => [
      `"${p.method}" is method number ${METHODS_MAX + 1} of the tree; ${METHODS_MAX} are supported`,
      "use fewer different methods; leave methods out where every method is meant",
    ],
  },
} as const satisfies Record<`BAL4${number}`, Entry>;

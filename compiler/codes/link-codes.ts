/**
 * 4xxx: links: what services, streams and pools cannot have together.
 */
import { METHODS_MAX } from "../../artifact/layout.ts";
import { TABLE_MEMBERS_MAX } from "../../artifact/maglev.ts";
import type { Entry, Text } from "./entry.ts";

/** Where a request goes that seems to be for a service. */
export function goesTo({ request, taker }: { request?: string; taker?: string }): string {
  if (request === undefined || taker === undefined) return "others take all of its requests";
  return `${request} goes to "${taker}"`;
}

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
      "change the domain, the pattern, the methods or the conditions of one of them, or set enabled: false",
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
  BAL4005: {
    name: "duplicate-pool",
    severity: "error",
    text: (p: { name: string; owner: "pool" | "service" }): Text => [
      p.owner === "pool"
        ? `two pools are named "${p.name}"`
        : `"${p.name}" is the name of a service with backends of its own`,
      p.owner === "pool"
        ? "rename one of them"
        : "rename the pool, or let the service use it: the backends of both would be counted as one",
    ],
  },
  BAL4006: {
    name: "unknown-pool",
    severity: "error",
    text: (p: { name: string; near: string | undefined }): Text => [
      `there is no pool "${p.name}"`,
      p.near === undefined ? "add it under pools/, or name another" : `did you mean "${p.near}"?`,
    ],
  },
  BAL4007: {
    name: "pool-with-settings",
    severity: "error",
    text: (p: { key: string; owner: "service" | "stream"; pool: string }): Text => [
      `"${p.key}" stands in a ${p.owner} that uses the pool "${p.pool}"`,
      `move it to the pool: it is the same for all ${p.owner}s that use it`,
    ],
  },
  BAL4008: {
    name: "too-many-to-hash",
    severity: "error",
    text: (p: { backends: number } | { entriesMax: number }): Text =>
      "backends" in p
        ? [
            `${p.backends} backends are hashed; ${TABLE_MEMBERS_MAX} of one pool are supported`,
            "split the pool, or choose another algorithm, such as p2c",
          ]
        : [
            `the tables of the pools that hash have more than ${p.entriesMax} entries in all`,
            "choose another algorithm for most of them, or let services share named pools",
          ],
  },
  BAL4009: {
    name: "duplicate-stream",
    severity: "error",
    text: (p: { name: string }): Text => [
      `two streams are named "${p.name}"`,
      "rename one of them",
    ],
  },
  BAL4010: {
    name: "duplicate-listener",
    severity: "error",
    text: (p: { listen: string; other: string }): Text => [
      `"${p.listen}" is where ${p.other} listens`,
      "change the port or the host of one of them",
    ],
  },
  BAL4011: {
    name: "duplicate-server-name",
    severity: "error",
    text: (p: { name: string }): Text => [
      `the server name "${p.name}" is in this stream twice`,
      "remove one: a connection goes to one place",
    ],
  },
  BAL4012: {
    name: "wrong-scheme",
    severity: "error",
    text: (p: { what: string; is: string; due: string }): Text => [
      `${p.what} is ${p.is}, and ${p.due} is what is spoken here`,
      `write ${p.due}:// in the URLs, or use other backends`,
    ],
  },
  BAL4013: {
    name: "mixed-pool",
    severity: "error",
    text: (p: { pool: string; by: string; other: string }): Text => [
      `the pool "${p.pool}" is used by ${p.by} here and by ${p.other} elsewhere`,
      "make two pools of it: what counts as a failure, and what is in flight, is not the same",
    ],
  },
  BAL4014: {
    name: "not-for-streams",
    severity: "error",
    text: (p: { key: string; reason: string }): Text => [
      `${p.key} is not possible here: ${p.reason}`,
      "leave it out",
    ],
  },
  BAL4020: {
    name: "outside-ownership",
    severity: "error",
    text: (p: { claim: string; folder: string }): Text => [
      `${p.claim} does not belong to the services of ${p.folder}`,
      "claim what does, or have it added to their entry in owners",
    ],
  },
  BAL4021: {
    name: "owned-by-others",
    severity: "error",
    text: (p: { claim: string; region: string; folder: string }): Text => [
      `${p.claim} belongs to the services of ${p.folder}, which own ${p.region}`,
      "move the service there, claim something else, or have the entry in owners changed",
    ],
  },
  BAL4022: {
    name: "priority-over-owner",
    severity: "error",
    text: (p: { claim: string; region: string; folder: string }): Text => [
      `by its priority ${p.claim} takes requests for ${p.region}, which belongs to the services of ${p.folder}`,
      "leave the priority out: then they are asked first for what is theirs",
    ],
  },
  BAL4101: {
    name: "unreachable-route",
    severity: "error",
    text: (p: { service: string; isCovered: boolean; request?: string; taker?: string }): Text => [
      p.isCovered
        ? `no request can reach the service "${p.service}": ${goesTo(p)}`
        : `no request can reach the service "${p.service}": what it asks for excludes itself`,
      p.isCovered
        ? "raise its priority, ask for more in the others, or remove it"
        : "look for conditions that exclude each other",
    ],
  },
  BAL4102: {
    name: "ambiguous-routes",
    severity: "error",
    text: (p: { service: string; other: string; request: string }): Text => [
      `"${p.service}" and "${p.other}" are equally specific, and both take ${p.request}`,
      "give one of them a priority, or a condition that excludes the other",
    ],
  },
} as const satisfies Record<`BAL4${number}`, Entry>;

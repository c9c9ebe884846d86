/**
 * 5xxx: the tree as a whole, and what is allowed but probably not meant.
 */
import { goesTo } from "./link-codes.ts";
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
        ? "the tree has no service and no stream: every request is answered 404"
        : `all ${p.disabled} services and streams are disabled: every request is answered 404`,
      "add a service under services/, or a stream under streams/",
    ],
  },
  BAL5003: {
    name: "ignored-file",
    severity: "warning",
    text: (p: { near: string | undefined }): Text => [
      "this file is not read",
      p.near === undefined
        ? "move it below services/, pools/ or streams/, or remove it"
        : `did you mean ${p.near}?`,
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
      `the backend ${p.url} is there twice`,
      "remove one; to give it more traffic, raise its weight",
    ],
  },
  BAL5006: {
    name: "unused-weight",
    severity: "warning",
    text: (p: { algorithm: string }): Text => [
      `weights have no effect under ${p.algorithm}`,
      `set load_balancing.algorithm to ${
        p.algorithm === "round-robin" ? "weighted-rr" : "weighted-least-connections"
      }, or remove the weights`,
    ],
  },
  BAL5007: {
    name: "unused-pool",
    severity: "warning",
    text: (p: { name: string }): Text => [
      `no service and no stream uses the pool "${p.name}"`,
      "name it where it is meant, or remove it",
    ],
  },
  BAL5008: {
    name: "unused-setting",
    severity: "warning",
    text: (p: { key: string; reason: string; help: string }): Text => [
      `${p.key} has no effect: ${p.reason}`,
      p.help,
    ],
  },
  BAL5009: {
    name: "inverted-times",
    severity: "warning",
    text: (p: { key: string; value: string; other: string; limit: string; what: string }): Text => [
      `${p.key} is ${p.value} and ${p.other} ${p.limit}: ${p.what}`,
      `set ${p.key} below ${p.other}, or leave it out`,
    ],
  },
  BAL5010: {
    name: "retry-amplification",
    severity: "warning",
    text: (p: { requests: number; unsafe: boolean; hedged: boolean }): Text => [
      `one request can become ${p.requests} to the backends` +
        (p.unsafe ? ", each of which may be carried out" : ""),
      p.hedged
        ? "lower retry.attempts, or leave out hedge: each attempt is hedged"
        : "lower retry.attempts: backends that are slow already get the more to do",
    ],
  },
  BAL5011: {
    name: "no-capacity",
    severity: "warning",
    text: (p: { backends: number }): Text => [
      `all ${p.backends} backends are disabled: every request is answered 503`,
      "enable one of them",
    ],
  },
  BAL5012: {
    name: "retried-success",
    severity: "warning",
    text: (p: { statuses: string }): Text => [
      `answers with ${p.statuses} are tried again, though another backend would say the same`,
      "list statuses from 500 on, 408, 425 or 429",
    ],
  },
  BAL5013: {
    name: "refused-cookie",
    severity: "warning",
    text: (): Text => [
      "browsers refuse a cookie with same_site: none that is not secure",
      "set secure to true, or same_site to lax",
    ],
  },
  BAL5014: {
    name: "inexact-weight",
    severity: "warning",
    text: (p: { weight: number; wanted: string; given: string }): Text => [
      `the weight ${p.weight} is ${p.wanted} of the pool's, and the table of its hashes gives it ${p.given}`,
      "choose weights that are not so far apart, or an algorithm without a table, such as weighted-rr",
    ],
  },
  BAL5015: {
    name: "no-start-page",
    severity: "warning",
    text: (p: { domain: string; request: string; more: number }): Text => [
      `no route of ${p.domain} takes its start page: ${p.request} is answered 404` +
        (p.more === 0 ? "" : `; ${p.more} more ${p.more === 1 ? "host" : "hosts"} likewise`),
      "add a route for / or /*, or say why not in the line above: # balto-ignore BAL5015 and the reason",
    ],
  },
  BAL5016: {
    name: "host-without-certificate",
    severity: "warning",
    text: (p: { domain: string; file: string; names: string; more: number }): Text => [
      `the certificate ${p.file} is not for ${p.domain}: clients refuse it there` +
        (p.more === 0 ? "" : `; ${p.more} more ${p.more === 1 ? "host" : "hosts"} likewise`),
      `take a certificate that has this name among its own, which are ${p.names}`,
    ],
  },
  BAL5017: {
    name: "too-many-series",
    severity: "warning",
    text: (p: { count: number; limit: number }): Text => [
      `${p.count} backends of routes are more than metrics are kept for: each thread counts ${p.limit} sets of labels`,
      "set global.metrics.enabled to false, or watch balto_unrecorded_total and say here that you do",
    ],
  },
  BAL5018: {
    name: "open-admin",
    severity: "warning",
    text: (p: { what: string; help: string }): Text => [p.what, p.help],
  },
  BAL5101: {
    name: "partly-shadowed",
    severity: "warning",
    text: (p: {
      service: string;
      shadowed: string;
      lost: string;
      kept: string;
      by: "priority" | "conditions";
    }): Text => [
      p.by === "priority"
        ? `by its priority "${p.service}" takes requests of "${p.shadowed}", whose pattern is closer: ` +
          `${p.lost} goes here, ${p.kept} still goes there`
        : `requests that "${p.service}" and "${p.shadowed}" both ask for go here: ` +
          `${p.lost} does, ${p.kept} still goes there`,
      "if that is meant, say so in the line above: # balto-ignore BAL5101 and the reason",
    ],
  },
  BAL5102: {
    name: "unreachable-on-host",
    severity: "warning",
    text: (p: {
      service: string;
      domains: readonly string[];
      request?: string;
      taker?: string;
    }): Text => [
      `no request to ${p.domains.join(", ")} can reach the service "${p.service}": ${goesTo(p)}`,
      "leave that domain out, or raise the priority of this service",
    ],
  },
  BAL5103: {
    name: "undecided-route",
    severity: "warning",
    text: (p: { service: string }): Text => [
      `whether every request that "${p.service}" asks for reaches it is too hard to tell`,
      "use fewer and simpler conditions, exact ones before expressions",
    ],
  },
  BAL5104: {
    name: "unused-ignore",
    severity: "warning",
    text: (p: { code: string }): Text => [
      `there is no ${p.code} in the next line to ignore`,
      "remove this comment, or move it to the line above what it is about",
    ],
  },
  BAL5105: {
    name: "bad-ignore",
    severity: "warning",
    text: (p: { reason: string }): Text => [
      p.reason,
      "write # balto-ignore, the code of a warning, and why it is no mistake",
    ],
  },
} as const satisfies Record<`BAL5${number}`, Entry>;

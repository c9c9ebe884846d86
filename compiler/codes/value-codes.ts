/**
 * 3xxx: values: texts that do not mean what they should.
 */
import type { Entry, Text } from "./entry.ts";

export const VALUE_CODES = {
  BAL3001: {
    name: "bad-duration",
    severity: "error",
    text: (p: { reason: string; hint: string | undefined }): Text => [
      p.reason,
      p.hint ?? "write numbers with units h, m, s or ms, such as 500ms, 5s or 1m30s",
    ],
  },
  BAL3002: {
    name: "bad-port",
    severity: "error",
    text: (p: { reason: string }): Text => [
      p.reason,
      "write a port such as 8080, host:port, or a URL",
    ],
  },
  BAL3003: {
    name: "bad-url",
    severity: "error",
    text: (p: { reason: string }): Text => [
      `not the URL of a backend: ${p.reason}`,
      "write scheme, host and port, such as http://10.0.0.7:8080",
    ],
  },
  BAL3004: {
    name: "bad-domain",
    severity: "error",
    text: (p: { domain: string; reason: string }): Text => [
      `the domain "${p.domain}" ${p.reason}`,
      "write a host such as api.example.com, *.example.com, or * for any",
    ],
  },
  BAL3005: {
    name: "bad-pattern",
    severity: "error",
    text: (p: { pattern: string; reason: string; help: string }): Text => [
      `the pattern "${p.pattern}" ${p.reason}`,
      p.help,
    ],
  },
  BAL3006: {
    name: "bad-method",
    severity: "error",
    text: (p: { method: string; reason: string; near: string | undefined }): Text => [
      `"${p.method}" ${p.reason}`,
      p.near === undefined ? "write a method such as GET or POST" : `did you mean "${p.near}"?`,
    ],
  },
  BAL3007: {
    name: "bad-network",
    severity: "error",
    text: (p: { text: string; reason: string; hint: string | undefined }): Text => [
      `"${p.text}" ${p.reason}`,
      p.hint ?? "write an address such as 10.0.0.7, or a network such as 10.0.0.0/8 or fd00::/8",
    ],
  },
  BAL3008: {
    name: "bad-listen-address",
    severity: "error",
    text: (p: { reason: string }): Text => [
      `Balto cannot listen there: ${p.reason}`,
      'write a port such as ":5500", or host and port such as "127.0.0.1:5500"',
    ],
  },
  BAL3009: {
    name: "bad-reference",
    severity: "error",
    text: (p: { reason: string }): Text => [
      `not a reference: ${p.reason}`,
      "write ${env:NAME}, ${env:NAME:-default} or ${file:/absolute/path}",
    ],
  },
  BAL3010: {
    name: "reference-not-allowed",
    severity: "error",
    text: (): Text => [
      "a reference is not allowed here",
      "write the value itself; references stand in ports, backends[].url, server.port, listen, " +
        "logging.path, tls.cert_file, tls.key_file, sticky.secret, health_check.headers, " +
        "access_log.path, tracing.endpoint, admin.listen and admin.writer_url",
    ],
  },
  BAL3011: {
    name: "literal-secret",
    severity: "error",
    text: (p: { what: string; hint: string | undefined }): Text => [
      `${p.what} stands in the configuration`,
      p.hint ?? "keep secrets in files or the environment, name them here, and change this one now",
    ],
  },
  BAL3012: {
    name: "bad-service-name",
    severity: "error",
    text: (p: { name: string; reason: string }): Text => [
      `the name "${p.name}" ${p.reason}`,
      "use letters, digits and . _ - / : @ *, at most 200",
    ],
  },
  BAL3013: {
    name: "bad-origin",
    severity: "error",
    text: (p: { origin: string; reason: string }): Text => [
      `"${p.origin}" ${p.reason}`,
      "write scheme and host, such as https://app.example.com, or * for any",
    ],
  },
  BAL3014: {
    name: "tls-without-files",
    severity: "error",
    text: (p: { keys: readonly string[] }): Text => [
      `TLS is enabled without ${p.keys.join(" and ")}`,
      "give the paths of certificate and key, or set enabled: false",
    ],
  },
  BAL3015: {
    name: "bad-path",
    severity: "error",
    text: (p: { reason: string }): Text => [
      `not the path of a file: ${p.reason}`,
      "write the path of a file on the machine that serves",
    ],
  },
  BAL3016: {
    name: "bad-size",
    severity: "error",
    text: (p: { reason: string; hint: string | undefined }): Text => [
      p.reason,
      p.hint ?? "write a number with a unit B, KiB, MiB or GiB, such as 512B, 16KiB or 10MiB",
    ],
  },
  BAL3017: {
    name: "bad-status",
    severity: "error",
    text: (p: { text: string; hint: string | undefined }): Text => [
      `"${p.text}" is neither a status nor a range of statuses`,
      p.hint ?? 'write a status from 100 to 599, or a range such as "500-599"',
    ],
  },
  BAL3018: {
    name: "bad-hash-key",
    severity: "error",
    text: (p: { reason: string }): Text => [
      `not a key to hash: ${p.reason}`,
      "write source-ip, path, header:NAME, cookie:NAME or query:NAME",
    ],
  },
  BAL3019: {
    name: "bad-retry-condition",
    severity: "error",
    text: (p: { text: string; near: string | undefined; hint: string | undefined }): Text => [
      `"${p.text}" is nothing that can be tried again`,
      p.near === undefined
        ? (p.hint ?? 'write connect-failure, reset, timeout, or statuses such as 503 or "502-504"')
        : `did you mean "${p.near}"?`,
    ],
  },
  BAL3020: {
    name: "bad-http-text",
    severity: "error",
    text: (p: { what: string; text: string; reason: string }): Text => [
      `the ${p.what} "${p.text}" ${p.reason}`,
      "HTTP gives such a text no meaning, or another one: write one that it takes",
    ],
  },
  BAL3021: {
    name: "sticky-without-secret",
    severity: "error",
    text: (): Text => [
      "sticky sessions have no secret: anybody could make such a cookie and choose a backend",
      "add secret: ${env:STICKY_SECRET}, at least 16 characters, or set enabled: false",
    ],
  },
  BAL3022: {
    name: "bad-server-name",
    severity: "error",
    text: (p: { name: string; reason: string }): Text => [
      `the server name "${p.name}" ${p.reason}`,
      "write a name such as a.example.com, or *.example.com",
    ],
  },
  BAL3023: {
    name: "bad-owner",
    severity: "error",
    text: (p: { text: string; reason: string }): Text => [
      `the folder "${p.text}" ${p.reason}`,
      "name a folder or file below services/, such as services/payments/",
    ],
  },
  BAL3050: {
    name: "bad-endpoint",
    severity: "error",
    text: (p: { reason: string }): Text => [
      `not the URL of a service: ${p.reason}`,
      "write scheme, host and port, such as http://otel-collector:4318",
    ],
  },
  BAL3051: {
    name: "bad-admin-address",
    severity: "error",
    text: (p: { reason: string }): Text => [
      `the admin endpoints cannot be there: ${p.reason}`,
      "write host:port such as 127.0.0.1:5501, or a socket such as unix:/run/balto/admin.sock",
    ],
  },
  BAL3060: {
    name: "bad-author",
    severity: "error",
    text: (p: { author: string; reason: string }): Text => [
      `the author "${p.author}" ${p.reason}`,
      "write a name and an address, such as Platform Team <platform@example.com>",
    ],
  },
  BAL3101: {
    name: "bad-predicate",
    severity: "error",
    text: (p: { reason: string; help: string }): Text => [p.reason, p.help],
  },
  BAL3102: {
    name: "bad-regex",
    severity: "error",
    text: (p: { regex: string; reason: string; help: string }): Text => [
      `the expression "${p.regex}" ${p.reason}`,
      p.help,
    ],
  },
} as const satisfies Record<`BAL3${number}`, Entry>;

/**
 * The schemas of the API beside those of services.
 */
import { object, ref, type Schema } from "./openapi.ts";
import { serviceSchemas } from "./service-schemas.ts";

const string = { type: "string" };
const number = { type: "number" };
const integer = { type: "integer" };
const boolean = { type: "boolean" };
const digest = {
  description: "SHA-256 of an artifact's content.",
  type: "string",
  pattern: "^[0-9a-f]{64}$",
};
const position = object({ line: integer, column: integer });

/** All schemas, by name. */
export function schemas(): Record<string, Schema> {
  return {
    ...serviceSchemas(),
    Error: {
      ...object(
        {
          error: { description: "What is wrong, one line for people.", type: "string" },
          diagnostics: { type: "array", items: ref("Diagnostic") },
          diff: { description: "The change that was refused, as a unified diff.", type: "string" },
        },
        ["diagnostics", "diff"],
      ),
    },
    Diagnostic: object({
      code: { type: "string", pattern: "^BAL[0-9]{4}$" },
      name: string,
      severity: { enum: ["error", "warning"] },
      message: string,
      file: { description: "Relative to the tree.", type: "string" },
      start: position,
      end: position,
      notes: {
        type: "array",
        items: object({ message: string, file: string, start: position, end: position }, [
          "file",
          "start",
          "end",
        ]),
      },
      help: string,
    }),
    Preview: object(
      {
        dry_run: { const: true },
        action: { enum: ["create", "replace", "remove"] },
        service: ref("ServiceResource"),
        file: { description: "The file that would change, relative to the tree.", type: "string" },
        diff: { description: "How it would, as a unified diff.", type: "string" },
        digest,
        diagnostics: { type: "array", items: ref("Diagnostic") },
      },
      ["service", "dry_run"],
    ),
    Check: {
      type: "object",
      required: ["valid"],
      properties: { valid: boolean },
      oneOf: [
        { allOf: [{ properties: { valid: { const: true } } }, ref("Preview")] },
        { allOf: [{ properties: { valid: { const: false } } }, ref("Error")] },
      ],
    },
    Question: {
      description: "A request, to be explained.",
      type: "object",
      required: ["url"],
      properties: {
        method: { type: "string", default: "GET" },
        url: { type: "string", examples: ["http://api.example.com/api/v1/users/1"] },
        headers: {
          description: "Fields in their order; a Host takes the place of the URL's.",
          type: "array",
          items: object({ name: string, value: string }),
        },
        from: { type: "string", description: "The client's IP address.", default: "127.0.0.1" },
      },
    },
    Explanation: {
      description: "What becomes of the request, and why; as `balto explain --format json` has it.",
      type: "object",
      required: ["request", "status", "why", "route", "near_misses", "upstream", "pool"],
      properties: {
        status: { type: "integer", description: "Balto's own answer; 0 where a backend answers." },
        why: string,
        route: { type: ["object", "null"] },
        near_misses: { type: "array", items: { type: "object" } },
        upstream: { type: ["object", "null"] },
        pool: { type: ["object", "null"] },
      },
    },
    Status: object({ status: { const: "ok" } }),
    Readiness: object(
      {
        status: { enum: ["ready", "not ready"] },
        checks: { type: "object", additionalProperties: string },
      },
      ["checks"],
    ),
    Stats: object({
      status: { const: "ok" },
      uptime: { type: "string", examples: ["1h2m3s"] },
      start_time: { type: "string", format: "date-time" },
      services: integer,
      resources: object({
        memory: { type: "object", additionalProperties: number },
        cpu: { type: "object", additionalProperties: number },
      }),
    }),
    Artifact: object({
      digest,
      commit: { description: "The revision it is stamped with, or empty.", type: "string" },
      generation: { description: "How many this process has loaded.", type: "integer" },
      since: { type: "string", format: "date-time" },
      format_version: integer,
    }),
    Reload: object(
      {
        result: { enum: ["loaded", "unchanged", "refused"] },
        digest: { ...digest, description: "Of what is served now." },
        generation: integer,
        error: { description: "Why it was refused.", type: "string" },
      },
      ["error"],
    ),
    BackendState: object(
      {
        id: { description: "As in the metrics: `<domain>-<url>`.", type: "string" },
        pool: string,
        url: string,
        weight: number,
        services: { type: "array", items: object({ service: string, route: string }) },
        streams: {
          description: "Names of the streams whose connections it gets.",
          type: "array",
          items: string,
        },
        in_flight: integer,
        healthy: boolean,
        ejected: boolean,
        breaker: { enum: ["closed", "open", "half-open"] },
        breaker_transitions: {
          description: "How often the breaker has come to each state.",
          type: "object",
          additionalProperties: integer,
        },
        ewma_ms: number,
        draining: boolean,
        priority: integer,
      },
      [
        "streams",
        "healthy",
        "ejected",
        "breaker",
        "breaker_transitions",
        "ewma_ms",
        "draining",
        "priority",
      ],
    ),
  };
}

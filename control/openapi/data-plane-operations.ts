/**
 * The operations that the data plane answers itself, described.
 */
import { answer, errors, type PathItem, ref, type Schema, text } from "./openapi.ts";

const tags = ["data plane"];
const denied = errors({ 401: "No token, or a wrong one" });
const backendId: Schema = {
  name: "id",
  in: "path",
  required: true,
  description: "The id of a backend as `/balto/backends` and the metrics give it, percent-encoded.",
  schema: { type: "string" },
};
const notFound = errors({
  404: "There is no such backend",
});

/** Probes, numbers, what is served. */
export const DATA_PLANE_PATHS: Readonly<Record<string, PathItem>> = {
  "/health": {
    get: {
      operationId: "getHealth",
      summary: "The process answers",
      tags,
      security: [],
      responses: { 200: answer("It does", ref("Status")) },
    },
  },
  "/livez": {
    get: {
      operationId: "getLiveness",
      summary: "The process is alive",
      tags,
      security: [],
      responses: { 200: answer("It is", ref("Status")) },
    },
  },
  "/readyz": {
    get: {
      operationId: "getReadiness",
      summary: "The process wants traffic",
      tags,
      security: [],
      parameters: [
        {
          name: "verbose",
          in: "query",
          description: "Every check by name. Asks for the rights of a reader.",
          allowEmptyValue: true,
          schema: { type: "string" },
        },
      ],
      responses: {
        200: answer("It does", ref("Readiness")),
        503: answer("It has no artifact yet, or is draining", ref("Readiness")),
      },
    },
  },
  "/balto/health/stats": {
    get: {
      operationId: "getStats",
      summary: "How long it has run, and what it takes",
      tags,
      responses: { 200: answer("The numbers", ref("Stats")), ...denied },
    },
  },
  "/balto/metrics": {
    get: {
      operationId: "getMetrics",
      summary: "Metrics for Prometheus",
      tags,
      responses: {
        200: text("Text exposition format", "text/plain; version=0.0.4"),
        ...denied,
        ...errors({ 503: "global.metrics.enabled is false" }),
      },
    },
  },
  "/balto/artifact": {
    get: {
      operationId: "getArtifact",
      summary: "What is being served",
      tags,
      parameters: [
        {
          name: "format",
          in: "query",
          description: "`binary` gives the artifact itself.",
          schema: { enum: ["binary"] },
        },
      ],
      responses: {
        200: {
          description: "What is being served",
          headers: { ETag: { schema: { type: "string" } } },
          content: {
            "application/json": { schema: ref("Artifact") },
            "application/octet-stream": {},
          },
        },
        ...denied,
      },
    },
  },
  "/balto/reload": {
    post: {
      operationId: "reload",
      summary: "Look at the artifact's file at once",
      description: "Answered when every worker serves what was found, or it was refused.",
      tags,
      responses: { 200: answer("What came of it", ref("Reload")), ...denied },
    },
  },
  "/balto/backends": {
    get: {
      operationId: "listBackends",
      summary: "Every backend and how it does",
      tags,
      responses: {
        200: answer("The backends", { type: "array", items: ref("BackendState") }),
        ...denied,
      },
    },
  },
  "/balto/backends/{id}/drain": {
    post: {
      operationId: "drainBackend",
      summary: "Send a backend nothing new",
      tags,
      parameters: [backendId],
      responses: { 200: answer("The backend", ref("BackendState")), ...denied, ...notFound },
    },
  },
  "/balto/backends/{id}/undrain": {
    post: {
      operationId: "undrainBackend",
      summary: "Send a backend requests again",
      tags,
      parameters: [backendId],
      responses: { 200: answer("The backend", ref("BackendState")), ...denied, ...notFound },
    },
  },
  "/balto/events": {
    get: {
      operationId: "getEvents",
      summary: "Reloads, health and breakers as they happen",
      description:
        "Server-sent events `reload`, `health` and `breaker`, each with JSON data. `Last-Event-ID` gives what was missed, as far as it is kept.",
      tags,
      parameters: [{ name: "Last-Event-ID", in: "header", schema: { type: "string" } }],
      responses: { 200: text("The stream", "text/event-stream"), ...denied },
    },
  },
};

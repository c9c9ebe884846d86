/**
 * The operations of the writer, described.
 */
import { answer, errors, json, type PathItem, ref, type Schema } from "./openapi.ts";

const tags = ["services"];

const id: Schema = {
  name: "id",
  in: "path",
  required: true,
  description: "The id of a service, or `domain-path_prefix`, percent-encoded.",
  schema: { type: "string" },
};
const header = (name: string, description: string): Schema => ({
  name,
  in: "header",
  description,
  schema: { type: "string" },
});
const ifMatch = header(
  "If-Match",
  "The ETag of what was read: 412 if it has changed since. Required with `api.require_if_match`.",
);
const ifNoneMatch = header("If-None-Match", "An ETag: 304 if it is still the one.");
const author = header("Balto-Author", "Author of the commit: `Name <address>`.");
const dryRun: Schema = {
  name: "dry_run",
  in: "query",
  description: "true writes nothing and answers 200 with what would be written.",
  schema: { type: "boolean", default: false },
};

const etag: Schema = { ETag: { description: "Strong.", schema: { type: "string" } } };
const written: Schema = {
  ...etag,
  "Balto-Digest": { description: "The artifact that has the change.", schema: { type: "string" } },
  "Balto-Commit": {
    description: "The commit, where changes are committed.",
    schema: { type: "string" },
  },
};
const location: Schema = {
  Location: { description: "Of the service.", schema: { type: "string" } },
};

const body = (name: string, ...types: readonly string[]): Schema => ({
  required: true,
  content: json(ref(name), ...types),
});
const orPreview = (name: string): Schema => ({ anyOf: [ref(name), ref("Preview")] });

const refused = {
  400: "Malformed, a field missing or unknown, or it does not compile",
  401: "No token, or a wrong one",
  403: "Pages of this origin may not write",
  405: "There is no writer here",
  409: "It is there already, or files or git are in a state that must be mended by hand",
  412: "It has changed since it was read",
  413: "The body is larger than 1 MiB",
  415: "The body is not JSON",
  428: "If-Match is required",
  500: "The disk refused, or a bug; nothing was changed",
  503: "Too busy, or the data plane did not serve the change; nothing was changed",
  507: "No space left; nothing was changed",
} as const;
const reading = errors({ 401: refused[401], 503: "No tree has compiled since the start" });
const writing = errors(refused);
const notFound = errors({ 404: "There is no such service" });
const unchanged = { 304: { description: "It is still the one of If-None-Match", headers: etag } };

/** Services, and questions about them. */
export const SERVICE_PATHS: Readonly<Record<string, PathItem>> = {
  "/balto/services": {
    get: {
      operationId: "listServices",
      summary: "All services, by id",
      tags,
      parameters: [ifNoneMatch],
      responses: {
        200: answer("The services", { type: "array", items: ref("ServiceResource") }, etag),
        ...unchanged,
        ...reading,
      },
    },
    post: {
      operationId: "createService",
      summary: "Add a service",
      description:
        "It goes to a file of its own under services/. When this is answered, the change is written, committed where that is configured, and served.",
      tags,
      parameters: [
        dryRun,
        header("If-Match", "The ETag of the list."),
        header("If-None-Match", "`*`: it must not be there yet."),
        author,
      ],
      requestBody: body("Service"),
      responses: {
        200: answer("What would be written (dry_run)", ref("Preview")),
        201: answer("The service, served", ref("ServiceResource"), { ...written, ...location }),
        ...writing,
      },
    },
  },
  "/balto/services/{id}": {
    get: {
      operationId: "getService",
      summary: "One service",
      tags,
      parameters: [id, ifNoneMatch],
      responses: {
        200: answer("The service", ref("ServiceResource"), etag),
        ...unchanged,
        ...notFound,
        ...reading,
      },
    },
    put: {
      operationId: "replaceService",
      summary: "Replace a service",
      description: "Keys that are not sent are removed. Another domain or path makes another id.",
      tags,
      parameters: [id, dryRun, ifMatch, author],
      requestBody: body("Service"),
      responses: {
        200: answer("The service, served", orPreview("ServiceResource"), written),
        ...notFound,
        ...writing,
      },
    },
    patch: {
      operationId: "patchService",
      summary: "Change keys of a service",
      tags,
      parameters: [id, dryRun, ifMatch, author],
      requestBody: body("ServicePatch", "application/merge-patch+json", "application/json"),
      responses: {
        200: answer("The service, served", orPreview("ServiceResource"), written),
        ...notFound,
        ...writing,
      },
    },
    delete: {
      operationId: "removeService",
      summary: "Remove a service",
      tags,
      parameters: [id, dryRun, ifMatch, author],
      responses: {
        200: answer("What would be written (dry_run)", ref("Preview")),
        204: { description: "It is gone, and not served any more", headers: written },
        ...notFound,
        ...writing,
      },
    },
  },
  "/balto/check": {
    post: {
      operationId: "checkService",
      summary: "What would become of a service; nothing is written",
      description: "Created where it is not there, replaced where it is.",
      tags,
      requestBody: body("Service"),
      responses: {
        200: answer("Whether it would be taken, and why not", ref("Check")),
        ...errors({
          400: "The body is malformed",
          401: refused[401],
          413: refused[413],
          415: refused[415],
        }),
      },
    },
  },
  "/balto/explain": {
    post: {
      operationId: "explainRequest",
      summary: "What becomes of a request; nothing is sent",
      tags,
      requestBody: body("Question"),
      responses: {
        200: answer("The route that takes it, and why", ref("Explanation")),
        ...errors({
          400: "The body is malformed",
          401: refused[401],
          413: refused[413],
          415: refused[415],
          503: "The tree has not compiled since the start",
        }),
      },
    },
  },
  "/balto/openapi.json": {
    get: {
      operationId: "getOpenApi",
      summary: "This document",
      tags,
      responses: {
        200: answer("OpenAPI 3.1", { type: "object" }),
        ...errors({ 401: refused[401] }),
      },
    },
  },
};

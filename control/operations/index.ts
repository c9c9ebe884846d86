/**
 * The operations of the writer, by method and path. control/openapi/ describes each.
 */
import type { Route } from "../http/router.ts";
import { openApiDocument } from "../openapi/document.ts";
import { drainBackend, listBackends, undrainBackend } from "./backends.ts";
import { explainRequest } from "./explain.ts";
import type { Operation } from "./operation.ts";
import { getService, listServices } from "./read-services.ts";
import {
  checkService,
  createService,
  patchService,
  removeService,
  replaceService,
} from "./write-services.ts";

const health: Operation = () => ({ status: 200, body: { status: "ok" } });
const openApi: Operation = () => ({ status: 200, body: openApiDocument() });

export const OPERATIONS: readonly Route<Operation>[] = [
  { method: "GET", path: "/health", handler: health },
  { method: "GET", path: "/balto/services", handler: listServices },
  { method: "POST", path: "/balto/services", handler: createService },
  { method: "GET", path: "/balto/services/{id}", handler: getService },
  { method: "PUT", path: "/balto/services/{id}", handler: replaceService },
  { method: "PATCH", path: "/balto/services/{id}", handler: patchService },
  { method: "DELETE", path: "/balto/services/{id}", handler: removeService },
  { method: "POST", path: "/balto/check", handler: checkService },
  { method: "POST", path: "/balto/explain", handler: explainRequest },
  { method: "GET", path: "/balto/openapi.json", handler: openApi },
  { method: "GET", path: "/balto/backends", handler: listBackends },
  { method: "POST", path: "/balto/backends/{id}/drain", handler: drainBackend },
  { method: "POST", path: "/balto/backends/{id}/undrain", handler: undrainBackend },
];

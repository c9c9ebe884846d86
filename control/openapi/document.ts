/**
 * The OpenAPI document: every operation of the API, whichever process answers it.
 */
import { DATA_PLANE_PATHS } from "./data-plane-operations.ts";
import type { Schema } from "./openapi.ts";
import { schemas } from "./schemas.ts";
import { SERVICE_PATHS } from "./service-operations.ts";

/** Of the API, not of Balto: a minor step adds, a major step may break. */
const API_VERSION = "1.0.0";

/** The document as `GET /balto/openapi.json` gives it. */
export function openApiDocument(): Schema {
  return (document ??= {
    openapi: "3.1.0",
    info: {
      title: "Balto",
      version: API_VERSION,
      description:
        "Services of a gateway whose configuration is compiled. A change is answered when it is written to the config tree, compiled, and served.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://localhost:5500" }],
    security: [{ bearer: [] }],
    tags: [
      { name: "services", description: "Read and written in the config tree." },
      { name: "data plane", description: "What the process that serves traffic says of itself." },
    ],
    paths: { ...DATA_PLANE_PATHS, ...SERVICE_PATHS },
    components: {
      schemas: schemas(),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description:
            "BALTO_ADMIN_TOKEN, the file BALTO_ADMIN_TOKEN_FILE names, or the file that was made at the first start. Reading needs none from this machine.",
        },
      },
    },
  });
}

let document: Schema | undefined;

// Config trees for the tests of the writer.

export const API_ID = "api.example.com-/api/v1/*";
export const WEB_ID = "web.example.com-/*";

export const API_FILE = `# The API.

name: api
domain: api.example.com   # no www
path_prefix: /api/v1/*
ports: ["8081", "8082"]
`;

export const SHARED_FILE = `services:
  # The pages.
  - domain: web.example.com
    path_prefix: /*
    ports: [3000]
  - domain: shop.example.com
    path_prefix: /*
    ports: [3001]
`;

/** One service in a file of its own, two in one file; `config` is added to balto.config.yaml. */
export function tree(config = ""): Record<string, string> {
  return {
    "balto.config.yaml": `server:\n  port: "127.0.0.1:0"\n${config}`,
    "services/api.yaml": API_FILE,
    "services/shared.yaml": SHARED_FILE,
  };
}

export const GIT = "api:\n  git:\n    enabled: true\n";

/** The path of a service in the API. */
export function at(id: string): string {
  return `/balto/services/${encodeURIComponent(id)}`;
}

/** The files of a new config tree. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { CONFIG_FILE, SERVICES_FOLDER, TESTS_FOLDER } from "../compiler/parse/collect-files.ts";
import { schemaText } from "./commands/schema.ts";

export interface ScaffoldFile {
  /** Relative to the tree. */
  path: string;
  text: string;
}

/** What a tree in this folder lacks, and what it may have already. */
export function scaffold(folder: string): ScaffoldFile[] {
  const files = [
    { path: CONFIG_FILE, text: CONFIG },
    { path: "schema/config.schema.json", text: schemaText("config") },
    { path: "schema/service.schema.json", text: schemaText("service") },
    { path: "schema/pool.schema.json", text: schemaText("pool") },
    { path: "schema/stream.schema.json", text: schemaText("stream") },
    { path: "schema/tests.schema.json", text: schemaText("tests") },
    { path: ".gitignore", text: GITIGNORE },
  ];
  // Beside services of its own an example would be one more route, on a host somebody may use.
  const examples = [
    { path: EXAMPLE_PATH, text: EXAMPLE },
    { path: `${TESTS_FOLDER}/example.yaml`, text: EXAMPLE_TESTS },
  ];
  if (!hasServices(folder)) files.splice(1, 0, ...examples);
  return files;
}

const EXAMPLE_PATH = `${SERVICES_FOLDER}/example.yaml`;

/** VS Code and others read the first line, JetBrains the second. */
function editorLines(schema: string): string {
  return `# yaml-language-server: $schema=${schema}\n# $schema: ${schema}\n`;
}

const CONFIG = `${editorLines("schema/config.schema.json")}
# Settings of the whole gateway. Services are in services/, streams of TCP and UDP in streams/; \`balto schema\` lists every key.

server:
  port: ":5500"

global:
  load_balancing:
    algorithm: round-robin
  timeouts:
    read: 5s
    write: 5s
    idle: 30s
`;

const EXAMPLE = `${editorLines("../schema/service.schema.json")}
# Requests for http://example.localhost:5500/hello/... go to port 8081 and 8082 in turn. The backend
# sees the path without /hello.

name: example
domain: example.localhost
path_prefix: /hello/*
ports:
  - 8081
  - 8082
`;

const EXAMPLE_TESTS = `${editorLines("../schema/tests.schema.json")}
# Requests, and what is to become of them: \`balto test\` runs these.

tests:
  - name: the backend sees the path without /hello
    request: { host: example.localhost, path: /hello/world?x=1 }
    expect: { route: example, path: /world?x=1 }
  - name: nothing else is served
    request: { host: example.localhost, path: / }
    expect: { route: null, status: 404 }
`;

const GITIGNORE = "*.artifact\n";

function hasServices(folder: string): boolean {
  if (existsSync(join(folder, EXAMPLE_PATH))) return false;
  try {
    return readdirSync(join(folder, SERVICES_FOLDER)).length > 0 || hasConfig(folder);
  } catch {
    return hasConfig(folder);
  }
}

/** A tree that was begun without services/ may have them in its config file. */
function hasConfig(folder: string): boolean {
  return existsSync(join(folder, CONFIG_FILE));
}

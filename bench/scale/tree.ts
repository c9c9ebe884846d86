/**
 * A config tree of any size as a team of teams would write it: 100 services a file, one host a file, two
 * ports a service; every fourth service has a parameter, every tenth timeouts, and every fiftieth is a
 * canary beside another one, by a header field. The same number gives the same tree.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { SourceTree } from "../../compiler/source-tree.ts";

const WORDS = ["orders", "search", "ledger", "stocks", "images", "quotes", "emails", "brands"];
export const SERVICES_PER_FILE = 100;

/** What another version of a tree changes: its first file, as a commit would, or one service in a hundred. */
type Scope = "first file" | "one in a hundred";

/** A tree of `count` services; versions differ in their ports. */
export function configTree(count: number, version = 0, scope: Scope = "first file"): SourceTree {
  const files = Array.from({ length: Math.ceil(count / SERVICES_PER_FILE) }, (_, file) => {
    const first = file * SERVICES_PER_FILE;
    const length = Math.min(SERVICES_PER_FILE, count - first);
    const services = Array.from({ length }, (_, i) =>
      serviceText(first + i, (scope === "first file" ? file === 0 : i === 42) ? version : 0),
    );
    const team = String(file).padStart(4, "0");
    return {
      path: `services/team-${team}/services.yaml`,
      content: Buffer.from(`# The services of team ${team}.\nservices:\n${services.join("")}`),
    };
  });
  return { files: [{ path: "balto.config.yaml", content: Buffer.from(CONFIG) }, ...files] };
}

/** Writes a tree to a folder. */
export function writeTree(folder: string, { files }: SourceTree): void {
  for (const { path, content } of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content instanceof Uint8Array) writeFileSync(file, content);
  }
}

const CONFIG = `server:
  port: ":5500"
global:
  load_balancing:
    algorithm: round-robin
`;

/** The host and path of a request that service `index` takes. */
export function requestTo(index: number): { host: string; path: string } {
  const path = patternOf(index).replace("/:id", "/4711").replace("/*", "/list/page");
  return { host: hostOf(index), path };
}

function serviceText(index: number, version: number): string {
  const port = 8_000 + ((index * 2 + version) % 20_000);
  const lines = [
    `  - name: ${nameOf(index)}`,
    `    domain: ${hostOf(index)}`,
    `    path_prefix: ${patternOf(index - (isCanary(index) ? 1 : 0))}`,
    `    ports: [${port}, ${port + 1}]`,
  ];
  if (isCanary(index)) {
    lines.push("    match:", "      headers:", "        - { name: X-Canary, present: true }");
  }
  if (index % 10 === 7) lines.push("    timeouts:", "      connect: 2s", "      response: 30s");
  return `${lines.join("\n")}\n`;
}

function nameOf(index: number): string {
  return `${WORDS[index % WORDS.length]}-${String(index).padStart(6, "0")}`;
}

function hostOf(index: number): string {
  return `team-${String(Math.floor(index / SERVICES_PER_FILE)).padStart(4, "0")}.example.com`;
}

function patternOf(index: number): string {
  return `/api/v1/${nameOf(index)}/${index % 4 === 2 ? ":id" : "*"}`;
}

function isCanary(index: number): boolean {
  return index % 50 === 49;
}

// Who may import whom: the table of docs and design, as data. oxlint.config.ts says the same to editors.

import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { ImportRecord } from "./imports.ts";

export interface Room {
  /** Own rooms it may import beside itself. */
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  /** Whether a file of the room may import this `node:` module. */
  readonly builtin: (specifier: string) => boolean;
}

const anyBuiltin = (): boolean => true;
const noBuiltin = (): boolean => false;
const isNetwork = (specifier: string): boolean =>
  /^node:(net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster)(\/|$)/.test(
    specifier,
  );
const isFileSystem = (specifier: string): boolean => /^node:fs(\/|$)/.test(specifier);

/** The rooms and their walls. */
export const rooms: Readonly<Record<string, Room>> = {
  schema: { rooms: [], packages: [], builtin: noBuiltin },
  artifact: {
    rooms: [],
    packages: [],
    builtin: (specifier) => specifier === "node:crypto" || specifier === "node:buffer",
  },
  compiler: {
    rooms: ["schema", "artifact"],
    packages: ["yaml", "ajv"],
    builtin: (specifier) => !isNetwork(specifier) && !isFileSystem(specifier),
  },
  dataplane: {
    rooms: ["artifact"],
    packages: ["chokidar", "undici", "prom-client", "pino"],
    builtin: anyBuiltin,
  },
  control: {
    rooms: ["compiler", "schema", "artifact"],
    packages: ["yaml", "undici"],
    builtin: anyBuiltin,
  },
  cli: {
    rooms: ["control", "compiler", "schema", "artifact"],
    packages: ["undici", "chokidar"],
    builtin: anyBuiltin,
  },
};

/** Single files with a wider door, each with its reason. */
const exceptions: Readonly<Record<string, Partial<Room>>> = {
  // The files of the compiler that touch the disk.
  "compiler/read-tree.ts": { builtin: (specifier) => !isNetwork(specifier) },
  "compiler/tree-walk.ts": { builtin: (specifier) => !isNetwork(specifier) },
  "compiler/source-bytes.ts": { builtin: (specifier) => !isNetwork(specifier) },
  "compiler/write-artifact.ts": { builtin: (specifier) => !isNetwork(specifier) },
  // A tool for our own desk that writes the generated files; it is not part of the build.
  "schema/generate.ts": {
    packages: ["json-schema-to-typescript"],
    builtin: (specifier) => !isNetwork(specifier),
  },
};

/** What is wrong with the imports of one file of a room, a sentence for each. */
export function importViolations(file: string, records: readonly ImportRecord[]): string[] {
  const room = roomOf(file);
  const walls = rooms[room];
  if (walls === undefined) return [`${file} is in no room`];
  const allowed = { ...walls, ...exceptions[file] };
  const testPackages = file.endsWith(".test.ts") ? ["vitest", "fast-check"] : [];

  return records.flatMap((record) => {
    const refuse = (why: string): string[] => [`${file}:${record.line} ${why}`];
    const specifier = record.specifier;
    if (specifier === undefined) {
      return refuse("imports a computed name, which nobody can check");
    }
    if (specifier.startsWith(".")) {
      const target = posix.join(posix.dirname(file), specifier);
      const targetRoom = roomOf(target);
      if (targetRoom === room || allowed.rooms.includes(targetRoom)) return [];
      return refuse(`imports ${target}, but ${room}/ may not import from there`);
    }
    if (specifier.startsWith("node:")) {
      return allowed.builtin(specifier) ? [] : refuse(`imports ${specifier}`);
    }
    if (isBuiltin(specifier)) return refuse(`imports ${specifier} without the node: prefix`);
    const name = packageOf(specifier);
    if (allowed.packages.includes(name) || testPackages.includes(name)) return [];
    return refuse(`imports the package ${name}, but ${room}/ may not`);
  });
}

function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

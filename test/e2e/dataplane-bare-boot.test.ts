// Issue 2, must hold 5: the data plane alone. Only artifact/, dataplane/, package.json and the packages
// the data plane imports are on this disk, and it boots and proxies.

import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { readImports } from "../architecture/imports.ts";
import { readSources } from "../architecture/sources.ts";
import { serving, temporaryFolder } from "../harness/artifact.ts";
import { ask } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface LockedPackage {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const { packages: locked } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: Record<string, LockedPackage>;
};

/** The packages that the files of some rooms import, without `node:`. */
function importedBy(rooms: readonly string[]): string[] {
  const names = readSources(rooms)
    .filter(({ file }) => !file.endsWith(".test.ts"))
    .flatMap(({ file, text }) => readImports(file, text))
    .map(({ specifier }) => specifier ?? "")
    .filter((specifier) => specifier !== "" && !/^(?:\.|node:)/.test(specifier))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)![0]);
  return [...new Set(names)].toSorted();
}

/** Paths in node_modules of the packages and of all that they depend on, as the lock file has them. */
function closure(names: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string): void => {
    const path = resolve(from, name);
    if (path === undefined || found.has(path)) return;
    found.add(path);
    const { dependencies, optionalDependencies } = locked[path]!;
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) visit(path, next);
  };
  for (const name of names) visit("", name);
  return [...found].toSorted();
}

/** Node's way: the nearest node_modules from the inside out. */
function resolve(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf("/node_modules/"))) {
    const path = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (path in locked && existsSync(join(root, path))) return path;
    if (folder === "" || !folder.includes("/node_modules/")) {
      const top = `node_modules/${name}`;
      return top in locked && existsSync(join(root, top)) ? top : undefined;
    }
  }
}

test("the data plane boots and proxies with nothing else on disk", async () => {
  const folder = temporaryFolder();
  for (const room of ["artifact", "dataplane"]) {
    cpSync(join(root, room), join(folder, room), {
      recursive: true,
      filter: (path) => !path.endsWith(".test.ts"),
    });
  }
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  const own = importedBy(["artifact", "dataplane"]);
  const packages = closure(own);
  for (const path of packages) cpSync(join(root, path), join(folder, path), { recursive: true });

  expect(readdirSync(folder).toSorted()).toEqual([
    "artifact",
    "dataplane",
    "node_modules",
    "package.json",
  ]);
  expect(
    own.filter((name) => !["chokidar", "pino", "undici", "prom-client"].includes(name)),
  ).toEqual([]);
  for (const name of ["yaml", "ajv", "typescript", "vitest"]) {
    expect(existsSync(join(folder, "node_modules", name))).toBe(false);
  }

  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }), {
    workers: 2,
    main: join(folder, "dataplane/main.ts"),
    cwd: folder,
  });
  expect(await ask(balto.port, "GET /hello")).toMatchObject({ status: 200, text: "ok\n" });
  expect(origin.requests[0]!.target).toBe("/hello");
  balto.signal("SIGTERM");
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
  expect(balto.stderr).toBe("");
});

// Bundles the data plane: one file for each kind of thread instead of 170 modules, without comments. That
// takes less memory in every thread, and starts faster. Packages stay outside, where their licences are.
//
//   node scripts/bundle-data-plane.js                  for this checkout, unless it is there (cli/data-plane-entry.ts)
//   node scripts/bundle-data-plane.js dist/dataplane   for the published package, in place of what tsc has made

import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { bundleFolder } from "../cli/data-plane-entry.ts";

/** Bundles of other sources that stay, for the processes that may run them still. */
const OTHERS_MAX = 4;

const root = fileURLToPath(new URL("../", import.meta.url));
const named = process.argv[2];
const folder = named === undefined ? bundleFolder(root) : resolve(named);
if (named !== undefined || !existsSync(folder)) await publish();

/** Whoever starts the data plane in the meantime finds all of it or nothing. */
async function publish() {
  const made = `${folder}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  try {
    await bundle("main", made);
    await bundle("worker", made);
    // Beside no package.json of ours, it has to say itself that it is modules.
    writeFileSync(join(made, "package.json"), '{ "type": "module" }\n');
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  if (named === undefined) forgetOthers();
}

/** Each kind of thread for itself: what they share would be loaded by both in any case. */
async function bundle(name, into) {
  const build = await rolldown({
    input: { [name]: join(root, "dataplane", `${name}.ts`) },
    cwd: root,
    platform: "node",
    external: /^[^./]/,
  });
  await build.write({
    dir: into,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: `${name}-[name].js`,
    comments: false,
    // Names of functions and classes stay, for stack traces; each thread keeps the text.
    minify: { compress: false, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
  });
  await build.close();
}

function forgetOthers() {
  const cache = dirname(folder);
  const others = readdirSync(cache)
    .filter((name) => name.startsWith("dataplane-") && name !== basename(folder))
    .map((name) => ({ path: join(cache, name), at: statSync(join(cache, name)).mtimeMs }))
    .toSorted((a, b) => b.at - a.at);
  for (const { path } of others.slice(OTHERS_MAX)) rmSync(path, { recursive: true, force: true });
}

// Completes package-lock.json after an `npm install` from a registry that does not carry every platform's
// binaries. npm leaves out what it could not look up, and `npm ci` then refuses the lock file everywhere,
// although it would skip those packages on this platform. Their names say which platform they are for; their
// digests stay open until someone installs from a registry that has them.

import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
let added = 0;

for (const [ownerPath, owner] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const [found] = candidates(ownerPath, name).filter((path) => path in lock.packages);
    if (found !== undefined && (lock.packages[found].version === version || isRange(version)))
      continue;
    // At the top, unless another version lives there already.
    const path = found === undefined ? `node_modules/${name}` : `${ownerPath}/node_modules/${name}`;
    lock.packages[path] = entry(name, version, owner);
    added += 1;
  }
}

if (added > 0) {
  const [root, ...packages] = Object.entries(lock.packages);
  packages.sort(([a], [b]) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries([root, ...packages]);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
process.stdout.write(`package-lock.json: ${added} platform packages added\n`);

/** Where Node looks for a package, the nearest place first. */
function candidates(ownerPath, name) {
  const places = [];
  for (let path = ownerPath; path !== "";) {
    places.push(`${path}/node_modules/${name}`);
    path = path.slice(0, Math.max(path.lastIndexOf("/node_modules/"), 0));
  }
  return [...places, `node_modules/${name}`];
}

function isRange(version) {
  return !/^\d+\.\d+\.\d+/.test(version);
}

/** Reads `…/binding-linux-x64-gnu` or `…/win32-arm64` as the fields npm compares with the machine. */
function entry(name, version, owner) {
  const match = /[/-](android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)(?:-(\w+))?$/.exec(
    name,
  );
  if (match === null || isRange(version)) {
    throw new Error(`${name}@${version} is missing from package-lock.json and names no platform`);
  }
  const [, os, cpu, abi] = match;
  const libc = abi?.startsWith("musl") ? "musl" : "glibc";
  return {
    version,
    cpu: [cpu],
    ...(owner.dev && { dev: true }),
    ...(os === "linux" && abi !== undefined && { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

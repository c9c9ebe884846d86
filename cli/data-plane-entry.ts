/**
 * Where the data plane begins. A checkout runs its TypeScript, or better the bundle that set-up has made
 * of it: one file for each kind of thread takes some 30 MB less. A published package has the bundle only.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** All that the data plane is made of besides packages, and what makes it. */
const ROOMS = ["artifact", "dataplane"];
const BUNDLER = "scripts/bundle-data-plane.js";

/** The file to start; as this very file is JavaScript or not, so is it. */
export function dataPlaneEntry(): string {
  if (extname(import.meta.url) === ".js") return join(ROOT, "dataplane/main.js");
  const bundled = join(bundleFolder(ROOT), "main.js");
  return existsSync(bundled) ? bundled : join(ROOT, "dataplane/main.ts");
}

/**
 * Where the bundle of exactly these sources is, or will be: its name is their digest, so that what
 * somebody has changed since is never overlooked.
 *
 * @param root of the checkout
 */
export function bundleFolder(root: string): string {
  const hash = createHash("sha256");
  for (const file of sourcesIn(root)) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  return join(root, "node_modules/.cache/balto", `dataplane-${hash.digest("hex").slice(0, 32)}`);
}

function sourcesIn(root: string): string[] {
  const sources = ROOMS.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(room, file)),
  );
  return [...sources, BUNDLER].toSorted();
}

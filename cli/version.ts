/** The version of this Balto, from its package.json. */
import { readFileSync } from "node:fs";

/** Read when asked for: most commands never need it. */
export function version(): string {
  // From cli/ in a checkout, from dist/cli/ in a published package.
  for (const place of ["../package.json", "../../package.json"]) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), "utf8"));
      if (isManifest(manifest)) return manifest.version;
    } catch {
      // The other place, then.
    }
  }
  return "0.0.0";
}

function isManifest(value: unknown): value is { name: "balto"; version: string } {
  if (typeof value !== "object" || value === null) return false;
  return "name" in value && value.name === "balto" && "version" in value;
}

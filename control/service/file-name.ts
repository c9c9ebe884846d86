/**
 * The file that a new service goes to: `services/<slug>.yaml`. Whatever a client sends, the slug is
 * letters, digits and dashes.
 */
import { SERVICES_FOLDER } from "../../compiler/parse/collect-files.ts";
import type { ServiceValue } from "./service-value.ts";

const SLUG_LENGTH_MAX = 80;

/**
 * A path that is not taken, by its name or its domain and path.
 *
 * @param isTaken is asked with names in lower case: some file systems know no other
 */
export function newFileOf(value: ServiceValue, isTaken: (path: string) => boolean): string {
  const slug = slugOf(value);
  for (let number = 1; ; number++) {
    const path = `${SERVICES_FOLDER}/${slug}${number === 1 ? "" : `-${number}`}.yaml`;
    if (!isTaken(path)) return path;
  }
}

function slugOf(value: ServiceValue): string {
  const { name, domain, domains, path_prefix: pattern } = value;
  const first = domain ?? (Array.isArray(domains) ? domains[0] : undefined);
  const text = typeof name === "string" ? name : `${asText(first)}-${asText(pattern)}`;
  const slug = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_LENGTH_MAX)
    .replaceAll(/^-|-$/g, "");
  return slug === "" ? "service" : slug;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * A service as the REST API names and shows it: its id, and its backends in the short form of `ports`.
 */
import { createHash } from "node:crypto";

/**
 * The id of a service: SHA-256 in hex of `domain:path_prefix`; with methods, which two services of one
 * domain and path may differ in, of `domain:path_prefix:GET,POST`.
 *
 * @param domain canonical; of several the first in order
 * @param methods sorted, each once
 */
export function serviceIdOf(
  domain: string,
  pathPrefix: string,
  methods: readonly string[],
): string {
  const suffix = methods.length === 0 ? "" : `:${methods.join(",")}`;
  return createHash("sha256").update(`${domain}:${pathPrefix}${suffix}`).digest("hex");
}

/** URLs of backends as `ports` would have them: `8080`, `host:port`, or the URL itself. */
export function portsOf(urls: readonly string[]): string[] {
  return urls.map((url) => {
    const local = LOCAL.exec(url)?.[1];
    if (local !== undefined) return local;
    return /^http:\/\/([^/]+:[0-9]+)$/.exec(url)?.[1] ?? url;
  });
}

/** What a bare port becomes. */
const LOCAL = /^http:\/\/\$\{env:BALTO_UPSTREAM_HOST:-localhost\}:([0-9]+)$/;

/**
 * The router of the API: which operation a method and a path are, from a table.
 */
import { Refusal } from "../refusal.ts";

/** `{id}` in a path stands for one segment. */
export interface Route<H> {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  handler: H;
}

export interface Match<H> {
  handler: H;
  /** What stood for `{id}`, decoded; "" where the path has none. */
  id: string;
}

export class Router<H> {
  readonly #paths = new Map<string, { pattern: RegExp; byMethod: Map<string, H> }>();

  constructor(routes: readonly Route<H>[]) {
    for (const { method, path, handler } of routes) {
      let known = this.#paths.get(path);
      if (known === undefined) {
        const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replace("{id}", "([^/]+)")}$`);
        this.#paths.set(path, (known = { pattern, byMethod: new Map() }));
      }
      known.byMethod.set(method, handler);
      // What is asked with HEAD is answered as GET is, without its body.
      if (method === "GET") known.byMethod.set("HEAD", handler);
    }
  }

  /**
   * @param path as it came, without the query
   * @throws Refusal 400, 404, 405
   */
  match(method: string, path: string): Match<H> {
    for (const { pattern, byMethod } of this.#paths.values()) {
      const match = pattern.exec(path);
      if (match === null) continue;
      const handler = byMethod.get(method);
      if (handler === undefined) {
        throw new Refusal(405, `${method} is not allowed here`, {
          fields: { Allow: [...byMethod.keys()].join(", ") },
        });
      }
      return { handler, id: match[1] === undefined ? "" : idFrom(match[1]) };
    }
    throw new Refusal(404, "there is no such thing in the API");
  }
}

/** The longest domain and the longest pattern. */
const ID_LENGTH_MAX = 255 + 1 + 2048;

/** An id is compared with others, never a path; what cannot be one is refused all the same. */
function idFrom(segment: string): string {
  let id: string;
  try {
    id = decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, "the id is not percent-encoded UTF-8");
  }
  const isShort = id.length <= (id.includes("-/") ? ID_LENGTH_MAX : 255);
  const isPlain = /^[\x21-\x7e]+$/.test(id) && !id.includes("\\");
  const isDotted = id.split("/").some((part) => part === "." || part === "..");
  if (isShort && isPlain && !isDotted) return id;
  throw new Refusal(400, "this cannot be the id of anything");
}

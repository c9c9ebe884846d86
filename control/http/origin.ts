/**
 * Pages in browsers: those of an origin that `api.allowed_origins` lists may use the API, with the token;
 * those of any other may not write, for a browser sends along what its user is allowed.
 */
import type { Context } from "../operations/operation.ts";
import { Refusal } from "../refusal.ts";
import type { Answer } from "./answer.ts";

/** What the answer to a page says. @throws Refusal 403 */
export function originFields(origin: string, context: Context): Record<string, string> {
  if (isAllowed(origin, context)) {
    return {
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Expose-Headers": "ETag, Location, Balto-Digest, Balto-Commit",
      Vary: "Origin",
    };
  }
  const text = "pages of this origin may not write (api.allowed_origins lists those that may)";
  throw new Refusal(403, text);
}

/** The answer to `OPTIONS`: what a page may ask for. */
export function preflight(origin: string | undefined, context: Context): Answer {
  const fields = { Allow: METHODS, Vary: "Origin" };
  if (origin === undefined || !isAllowed(origin, context)) return { status: 204, fields };
  return {
    status: 204,
    fields: {
      ...fields,
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Allow-Methods": METHODS,
      "Access-Control-Allow-Headers":
        "Authorization, Content-Type, If-Match, If-None-Match, Balto-Author",
      "Access-Control-Max-Age": "600",
    },
  };
}

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

function isAllowed(origin: string, { writer }: Context): boolean {
  const { allowedOrigins } = writer.snapshot().api;
  return allowedOrigins.includes("*") || allowedOrigins.includes(origin.toLowerCase());
}

/**
 * The answers Balto makes itself: status, reason and one plain line of body. The only place that
 * knows them; compat-balto.md fixes the texts of 404, 502 and 503.
 */

/** Statuses Balto answers with. */
export type OwnStatus = keyof typeof ANSWERS;

/** What `Allow` says where any method is taken. */
export const METHODS_KNOWN = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

export const ANSWERS = {
  200: ["OK", ""],
  204: ["No Content", ""],
  400: ["Bad Request", "bad request"],
  404: ["Not Found", "route not found"],
  405: ["Method Not Allowed", "method not allowed"],
  408: ["Request Timeout", "request timeout"],
  413: ["Content Too Large", "content too large"],
  414: ["URI Too Long", "uri too long"],
  417: ["Expectation Failed", "expectation failed"],
  421: ["Misdirected Request", "misdirected request"],
  429: ["Too Many Requests", "too many requests"],
  431: ["Request Header Fields Too Large", "request header fields too large"],
  501: ["Not Implemented", "not implemented"],
  502: ["Bad Gateway", "bad gateway"],
  503: ["Service Unavailable", "no backend available"],
  504: ["Gateway Timeout", "gateway timeout"],
  505: ["HTTP Version Not Supported", "http version not supported"],
  508: ["Loop Detected", "loop detected"],
} as const satisfies Record<number, readonly [reason: string, body: string]>;

/** The status of a refused head, from the parser's negated number. */
export function refusalStatus(refusal: number): OwnStatus {
  const status = -refusal;
  return status in ANSWERS ? (status as OwnStatus) : 400;
}

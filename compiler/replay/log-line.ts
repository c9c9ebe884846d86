/**
 * Lines of access logs: JSON as Balto, nginx and Caddy write it, or the Common and Combined Log Format of
 * web servers, with a host before it (vhost_combined) or without.
 */
import { type Field, readUrl, type Request } from "../explain/request.ts";

/** Longer lines are no access log. UTF-16 units. */
export const LINE_LENGTH_MAX = 65_536;

/**
 * The request that a line tells of; a text is why there is none in it.
 *
 * @param host for lines that do not name one
 */
export function readLogLine(line: string, host: string | undefined): Request | string {
  if (line.length > LINE_LENGTH_MAX) return "it is too long";
  return line.startsWith("{") ? readJson(line, host) : readCombined(line, host);
}

function readJson(line: string, host: string | undefined): Request | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "it is no JSON";
  }
  const outer = value as Record<string, unknown>;
  // Caddy has a mapping of its own for the request.
  const inner = outer["request"];
  const entry = isMapping(inner) ? inner : outer;
  const method = textAt(entry, ["method", "request_method"]);
  const path = textAt(entry, ["path", "uri", "target", "request_uri", "url"]);
  if (method === undefined || path === undefined) return "it names no method or no path";
  const query = textAt(entry, ["query"]) ?? "";
  const target = query === "" || path.includes("?") ? path : `${path}?${query}`;
  const fields = [...headersOf(entry["headers"])];
  for (const [key, name] of FIELD_KEYS) {
    const text = textAt(entry, [key]);
    if (text !== undefined) fields.push({ name, value: text });
  }
  const isTls = entry["tls"] === true || isMapping(entry["tls"]) || entry["scheme"] === "https";
  return requestOf({
    method,
    target,
    host: textAt(entry, ["host", "http_host", "server_name"]) ?? host,
    scheme: isTls ? "https" : "http",
    peer: textAt(entry, ["client", "client_ip", "remote_addr", "remote_ip"]),
    fields,
  });
}

const FIELD_KEYS = [
  ["user_agent", "User-Agent"],
  ["http_user_agent", "User-Agent"],
  ["referer", "Referer"],
  ["http_referer", "Referer"],
] as const;

/** `[host[:port] ]client ident user [time] "request" status bytes …`, quotes and controls escaped. */
const COMBINED =
  /^(?:(\S+) )?(\S+) \S+ (?:"[^"]*"|\S+) \[[^\]]*\] "((?:[^"\\]|\\.)*)" \d{3} \S+(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/;

function readCombined(line: string, host: string | undefined): Request | string {
  const match = COMBINED.exec(line);
  if (match === null) return "it is neither JSON nor the combined format";
  const [, site, peer, quoted = "", referer = "-", agent = "-"] = match;
  const request = /^(\S+) (\S+)(?: HTTP\/[0-9.]+)?$/.exec(unescaped(quoted));
  if (request === null) return "it holds no request line";
  const fields: Field[] = [];
  if (referer !== "-") fields.push({ name: "Referer", value: unescaped(referer) });
  if (agent !== "-") fields.push({ name: "User-Agent", value: unescaped(agent) });
  const [, method = "", target = ""] = request;
  return requestOf({ method, target, host: site ?? host, scheme: "http", peer, fields });
}

interface Parts {
  method: string;
  target: string;
  host: string | undefined;
  scheme: Request["scheme"];
  peer: string | undefined;
  fields: Field[];
}

function requestOf({ method, target, host, scheme, peer, fields }: Parts): Request | string {
  // An absolute target names the host itself.
  const place = /^https?:\/\//i.test(target) ? readUrl(target) : undefined;
  if (typeof place === "string") return place;
  const authority = place?.authority ?? host;
  if (authority === undefined || authority === "" || authority === "-") {
    return "it names no host: give --host";
  }
  if (method === "" || method === "-" || target === "") return "it holds no request";
  return {
    method,
    scheme,
    authority,
    target: place?.target ?? target,
    fields,
    peer: peer === undefined || peer === "-" || peer === "" ? "127.0.0.1" : peer,
  };
}

function* headersOf(value: unknown): Iterable<Field> {
  if (!isMapping(value)) return;
  for (const [name, part] of Object.entries(value)) {
    if (name.toLowerCase() === "host") continue;
    for (const item of Array.isArray(part) ? (part as unknown[]) : [part]) {
      if (typeof item === "string") yield { name, value: item };
    }
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textAt(entry: Record<string, unknown>, keys: readonly string[]): string | undefined {
  for (const key of keys) if (typeof entry[key] === "string") return entry[key];
  return undefined;
}

/** `\"`, `\\`, `\xhh` and `\uhhhh`, as Apache, nginx and Balto write them. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/g, (_all, ...groups) => {
    const [octet, unit, plain] = groups as [string?, string?, string?];
    const digits = octet ?? unit;
    return digits === undefined ? (plain ?? "") : String.fromCharCode(parseInt(digits, 16));
  });
}

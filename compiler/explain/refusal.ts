/**
 * Refusals: what the data plane answers before it looks for a route, and why, in words. The rules are
 * http-behaviour.md's; a test holds this file against a real data plane.
 */
import { isHost } from "../../artifact/address.ts";
import { isDisguised } from "../../artifact/guarded-fields.ts";
import type { Limits, Settings } from "../../artifact/model.ts";
import { fieldFault, type Request } from "./request.ts";

/** A status that Balto answers with by itself. */
export interface Refusal {
  status: number;
  why: string;
}

/** Longer methods are refused. */
const METHOD_BYTES_MAX = 32;

/** What is wrong with a request's head; the settings are the artifact's. */
export function headRefusal(request: Request, settings: Settings): Refusal | undefined {
  const { limits } = settings;
  const { method, target, fields, authority } = request;
  if (!TOKEN.test(method) || method.length > METHOD_BYTES_MAX || method === "PRI") {
    return bad(`"${method}" is not a method`);
  }
  if (Buffer.byteLength(target) > limits.targetBytesMax) {
    return { status: 414, why: `the target is longer than ${limits.targetBytesMax} bytes` };
  }
  const wrong = /[^\u0021-\u007e]|[#\\]/u.exec(target);
  if (wrong !== null) {
    const [character] = wrong;
    return bad(`the target holds ${JSON.stringify(character)}: percent-encode it`);
  }
  if (["CONNECT", "TRACE", "TRACK"].includes(method)) {
    return { status: 405, why: `${method} is never served` };
  }
  if (!target.startsWith("/") && !(target === "*" && method === "OPTIONS")) {
    return bad("the target does not begin with a slash");
  }
  for (const field of fields) {
    const fault = fieldFault(field);
    if (fault !== undefined) return bad(fault);
    if (settings.underscores === "reject" && isDisguised(field.name)) {
      const meant = field.name.replaceAll("_", "-");
      return bad(`the field ${field.name} is ${meant} to programs that take "_" for "-"`);
    }
  }
  if (hostOf(authority) === undefined) return bad(`"${authority}" is not a host`);
  const host = fields.find(({ name }) => name.toLowerCase() === "host");
  if (host !== undefined) return bad("there are two Host fields");
  return sizeRefusal(request, limits);
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function sizeRefusal(request: Request, limits: Limits): Refusal | undefined {
  const { method, target, fields, authority } = request;
  if (fields.length + 1 > limits.fieldsMax) {
    return { status: 431, why: `there are more than ${limits.fieldsMax} fields` };
  }
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${authority}`];
  for (const { name, value } of fields) lines.push(`${name}: ${value}`);
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 2, 2);
  return bytes > limits.headBytesMax
    ? { status: 431, why: `the head is longer than ${limits.headBytesMax} bytes` }
    : undefined;
}

/** The host of an authority without port and trailing dot; undefined where it is none. */
export function hostOf(authority: string): string | undefined {
  const match = /^(\[[^\]%]+\]|[A-Za-z0-9\-._~]+)(?::([0-9]*))?$/.exec(authority);
  if (match === null || Number(match[2] ?? "") > 65535) return undefined;
  const name = match[1]!;
  if (name.startsWith("[") ? !isHost(name) : name.length > 255) return undefined;
  return name.endsWith(".") && name.length > 1 ? name.slice(0, -1) : name;
}

/** Why `normalizePath` refuses a path under these settings. */
export function pathRefusal(path: string, settings: Settings): Refusal {
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(path);
  if (escape !== null) return bad(`"${escape[0]}" in the path is no percent-encoded octet`);
  const octet = /%(?:00|0a|0d)/i.exec(path);
  if (octet !== null) return bad(`the path holds ${octet[0]}, which is refused`);
  const backslash = /%5c/i.exec(path);
  if (backslash !== null && settings.encodedBackslash === "reject")
    return bad(`the path holds ${backslash[0]}, which is refused`);
  if (path.includes("\\")) return bad("the path holds a backslash");
  if (settings.strictPaths) {
    const decoded = path.replaceAll(/%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)/gi, (octets) =>
      String.fromCharCode(Number.parseInt(octets.slice(1), 16)),
    );
    const segment = /(?<=\/)\.\.?(?:;|%3b)[^/]*/i.exec(decoded);
    if (segment !== null) return bad(`"${segment[0]}" is a dot segment with a parameter`);
    const twice = /%25[0-9a-f]{2}/i.exec(decoded);
    if (twice !== null) return bad(`"${twice[0]}" in the path is encoded twice`);
  }
  return bad('".." in the path leads above the root');
}

/** A parameter's value that is no UTF-8. */
export function parameterRefusal(path: string): Refusal {
  return bad(`a parameter's value in ${path} is not UTF-8 after decoding`);
}

function bad(why: string): Refusal {
  return { status: 400, why };
}

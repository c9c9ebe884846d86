/**
 * Addresses: where Balto listens (`:5500`, `127.0.0.1:5500`, `[::1]:5500`) and where a backend is
 * (`http://10.0.0.7:8080/base`, of a stream `tcp://10.0.0.7:6379`). Read by the compiler, and by the data plane after it has resolved
 * references.
 */

/** A listening address. An empty host is every interface. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** A backend's address, taken apart. `path` is "" or begins with a slash and ends without one. */
export interface BackendAddress {
  scheme: BackendScheme;
  /** Without the brackets of an IPv6 literal. */
  host: string;
  /** 0 only for tcp and udp where DNS gives the ports, too (SRV). */
  port: number;
  /** "" for tcp and udp. */
  path: string;
}

const BACKEND_SCHEMES = ["http", "https", "tcp", "udp"] as const;
export type BackendScheme = (typeof BACKEND_SCHEMES)[number];

/** Reads `host:port`, `:port` or `port`; a text is the reason why it is none. */
export function parseListenAddress(text: string): ListenAddress | string {
  const match = /^(?:(\[[^\]]*\]|[^:[\]]*):)?([0-9]+)$/.exec(text);
  if (match === null) return `"${text}" is not host:port, :port or a port`;
  const port = Number(match[2]);
  if (port > 65535) return `${match[2]} is not a port (0 to 65535)`;
  const host = match[1] ?? "";
  if (host !== "" && !isHost(host)) return `"${host}" is not a host name or an address`;
  return { host: unbracket(host), port };
}

/** Reads a backend's URL; a text is the reason why it is none. */
export function parseBackendUrl(text: string): BackendAddress | string {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)([?#][^]*)?$/.exec(text);
  if (match === null) return `"${text}" is not a URL such as http://localhost:8080`;
  const [, schemeText, authority, path, more] = match as unknown as [
    string,
    string,
    string,
    string,
    string?,
  ];
  const scheme = BACKEND_SCHEMES.find((known) => known === schemeText.toLowerCase());
  if (scheme === undefined) return `the scheme "${schemeText}" is not http, https, tcp or udp`;
  if (authority.includes("@")) return "it holds a user name or password, which a URL must not";
  if (more !== undefined)
    return `it has a ${more[0] === "?" ? "query" : "fragment"}, which cannot be forwarded`;
  const split = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/.exec(authority);
  if (split === null) return `"${authority}" is not host or host:port`;
  const host = split[1]!;
  if (!isHost(host))
    return host === "" ? "it has no host" : `"${host}" is not a host name or an address`;
  const port = split[2] === undefined ? impliedPort(scheme, host) : Number(split[2]);
  if (port === undefined) return "it has no port";
  if (split[2] === "" || (split[2] !== undefined && port < 1) || port > 65535)
    return `"${split[2]}" is not a port (1 to 65535)`;
  if (scheme === "tcp" || scheme === "udp") {
    return path === "" || path === "/"
      ? { scheme, host: unbracket(host).toLowerCase(), port, path: "" }
      : `it has the path "${path}", which ${scheme} does not know`;
  }
  if (!/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/.test(path)) {
    return `the path "${path}" holds a character that must be percent-encoded`;
  }
  return { scheme, host: unbracket(host).toLowerCase(), port, path: withoutTrailingSlashes(path) };
}

/** The canonical text of a backend's address: lower-case scheme and host, the port given. */
export function formatBackendUrl(address: BackendAddress): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const port = address.port === 0 ? "" : `:${address.port}`;
  return `${address.scheme}://${host}${port}${address.path}`;
}

/** The port of a URL that names none. DNS names of services (RFC 2782) have ports of their own. */
function impliedPort(scheme: BackendScheme, host: string): number | undefined {
  if (scheme === "http" || scheme === "https") return defaultPort(scheme);
  return /^_[^.]+\._(?:tcp|udp)\./i.test(host) ? 0 : undefined;
}

/** The port that a URL of this scheme means where it names none. */
export function defaultPort(scheme: BackendAddress["scheme"]): number {
  return scheme === "https" ? 443 : 80;
}

/** `host:port` as a Host field has it: without the port where it is the scheme's own. */
export function formatAuthority({ scheme, host, port }: BackendAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === defaultPort(scheme) ? name : `${name}:${port}`;
}

/**
 * True for a DNS name (RFC 1123 labels, "_" allowed as in service names), an IPv4 address or a
 * bracketed IPv6 address.
 */
export function isHost(text: string): boolean {
  if (text.startsWith("["))
    return /^\[[0-9A-Fa-f:.]{2,45}\]$/.test(text) && URL.canParse(`http://${text}/`);
  if (text.length > 253) return false;
  if (/^[0-9.]+$/.test(text)) return isIpv4(text);
  return text
    .split(".")
    .every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return (
    parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)
  );
}

/** Not a regular expression: `/\/+$/` takes quadratic time on slashes that something follows. */
function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function unbracket(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

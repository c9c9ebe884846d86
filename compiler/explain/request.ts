/**
 * A request as explain, diff and route tests know it: what a client would send, as texts. Nothing of it
 * is changed on the way here: what a client must not send is refused as the data plane refuses it.
 */

/** One header field. */
export interface Field {
  name: string;
  value: string;
}

export interface Request {
  method: string;
  scheme: "http" | "https";
  /** The host with its port, as the Host field has it. */
  authority: string;
  /** Path and query as they are sent; `*` with OPTIONS. */
  target: string;
  /** All others than Host, in order. */
  fields: readonly Field[];
  /** The client's address. */
  peer: string;
}

/** Where a URL leads. */
export type Place = Pick<Request, "scheme" | "authority" | "target">;

/** Takes a URL apart without changing anything in it; a text is the reason why it is none. */
export function readUrl(text: string): Place | string {
  const match = /^(https?):\/\/([^/?#]*)([^#]*)/i.exec(text);
  if (match === null) {
    return text.includes("://")
      ? `"${text}" is not an http or https URL`
      : `"${text}" has no scheme: write http://${text.replace(/^\/+/, "")}`;
  }
  const [, scheme, authority, rest] = match as unknown as [string, string, string, string];
  if (authority === "") return `"${text}" has no host`;
  if (authority.includes("@")) return `"${text}" holds a user name or password`;
  return {
    scheme: scheme.toLowerCase() as Request["scheme"],
    authority,
    target: rest.startsWith("/") ? rest : `/${rest}`,
  };
}

/** The URL of a request. */
export function formatUrl({ scheme, authority, target }: Place): string {
  return `${scheme}://${authority}${target}`;
}

/** Reads `Name: value`; a text is the reason why it is no field. */
export function readField(text: string): Field | string {
  const colon = text.indexOf(":");
  if (colon === -1) return `"${text}" is not "Name: value"`;
  const field = { name: text.slice(0, colon), value: text.slice(colon + 1).trim() };
  return fieldFault(field) ?? field;
}

/** Why a field cannot be sent. */
export function fieldFault({ name, value }: Field): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return `"${name}" is not the name of a field`;
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    return `the value of ${name} holds a control character`;
  }
  return undefined;
}

/** A request as it would be sent; as in curl, a Host of one's own takes the place of the URL's. */
export function requestOf(
  method: string,
  place: Place,
  fields: readonly Field[],
  peer: string,
): Request {
  const host = fields.find(({ name }) => name.toLowerCase() === "host");
  return {
    method,
    ...place,
    authority: host?.value ?? place.authority,
    fields: fields.filter((field) => field !== host),
    peer,
  };
}

/** The value of a field as predicates see it (request-values.ts), undefined where it is not sent. */
export function fieldValue(request: Request, name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === "host") return request.authority;
  const values = request.fields
    .filter((field) => field.name.toLowerCase() === lower)
    .map(({ value }) => value);
  if (values.length === 0) return undefined;
  const filled = values.filter((value) => value !== "");
  return filled.join(", ");
}

/** The first value of a query parameter as predicates see it, undefined where it is not sent. */
export function parameterValue({ target }: Request, name: string): string | undefined {
  const query = target.indexOf("?");
  if (query === -1) return undefined;
  for (const pair of target.slice(query + 1).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (decoded(equals === -1 ? pair : pair.slice(0, equals)) !== name) continue;
    return equals === -1 ? "" : decoded(pair.slice(equals + 1));
  }
  return undefined;
}

function decoded(text: string): string {
  const octets = text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    return Buffer.from(run.replaceAll("%", ""), "hex").toString("latin1");
  });
  return Buffer.from(octets, "latin1").toString("utf8");
}

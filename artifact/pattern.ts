/**
 * Path patterns: `/users/:id`, `/static/*`, `/`.
 *
 * A pattern is parsed here and nowhere else, by the compiler and the encoder alike.
 */

/** Deeper patterns are refused; it also bounds the recursion of the matcher. */
export const PATTERN_SEGMENTS_MAX = 64;
/** Longer patterns are refused. Bytes of the pattern in UTF-8. */
export const PATTERN_BYTES_MAX = 2048;

/** One step of a pattern. `text` is the literal, or the parameter's name. */
export interface Segment {
  kind: "literal" | "parameter";
  text: string;
}

/** A parsed pattern. `rest` is true where it ends in `*`. */
export interface Pattern {
  segments: Segment[];
  rest: boolean;
}

/** Why a text is not a pattern; `offset` counts UTF-16 units from its start. */
export interface PatternFault {
  offset: number;
  reason: string;
  help: string;
}

/**
 * Reads a pattern.
 *
 * A literal may hold any RFC 3986 pchar; percent-encoded octets must be in the form a request has
 * after normalisation (see `path.ts`), or the route could never match.
 */
export function parsePattern(text: string): Pattern | PatternFault {
  if (!text.startsWith("/")) {
    return fault(0, "does not begin with a slash", `write it as "/${text}"`);
  }
  if (Buffer.byteLength(text) > PATTERN_BYTES_MAX) {
    return fault(0, `is longer than ${PATTERN_BYTES_MAX} bytes`, "shorten it");
  }
  if (PLAIN.test(text)) return plainPattern(text);
  const pattern: Pattern = { segments: [], rest: false };
  const names = new Set<string>();
  let offset = 1;
  for (const part of text.slice(1).split("/")) {
    const at = offset;
    offset += part.length + 1;
    if (pattern.rest) return fault(at - 2, "has a * before its end", "move the * to the end");
    if (part === "") {
      if (at === 1 && text === "/") break;
      return fault(at, "has an empty segment", "remove the doubled or trailing slash");
    }
    if (part === "*") {
      pattern.rest = true;
      continue;
    }
    const segment = part.startsWith(":") ? parameter(part, at, names) : literal(part, at);
    if ("reason" in segment) return segment;
    pattern.segments.push(segment);
    if (pattern.segments.length > PATTERN_SEGMENTS_MAX) {
      return fault(at, `has more than ${PATTERN_SEGMENTS_MAX} segments`, "shorten it");
    }
  }
  return pattern;
}

/** Most patterns: literals without anything to look at, and perhaps a `*`; few enough and short enough. */
const PLAIN = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){1,16}(?:\/\*)?$/;

function plainPattern(text: string): Pattern {
  const rest = text.endsWith("/*");
  const parts = text.slice(1, rest ? -2 : undefined).split("/");
  return { segments: parts.map((part) => ({ kind: "literal", text: part })), rest };
}

/** True where the pattern names a parameter: such a pattern is never stripped. */
export function hasParameter(pattern: Pattern): boolean {
  return pattern.segments.some((segment) => segment.kind === "parameter");
}

/** The names of its parameters, in order. */
export function parameterNames(pattern: Pattern): string[] {
  const parameters = pattern.segments.filter((segment) => segment.kind === "parameter");
  return parameters.map(({ text }) => text);
}

function parameter(part: string, at: number, names: Set<string>): Segment | PatternFault {
  const name = part.slice(1);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) {
    return fault(
      at,
      `has a parameter "${part}" whose name is not 1 to 64 letters, digits, "-" or "_"`,
      "a parameter becomes the field X-Param-<name>, so it must be a legal field name",
    );
  }
  const key = name.toLowerCase();
  if (names.has(key)) return fault(at, `names the parameter "${name}" twice`, "rename one of them");
  names.add(key);
  return { kind: "parameter", text: name };
}

const LITERAL = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+$/;

function literal(part: string, at: number): Segment | PatternFault {
  if (part === "." || part === "..") {
    return fault(at, `has a dot segment "${part}"`, "requests are resolved first: leave it out");
  }
  if (part.includes("*")) {
    return fault(
      at + part.indexOf("*"),
      `has a * inside "${part}"`,
      "* stands alone, as the last segment",
    );
  }
  if (!LITERAL.test(part)) {
    const bad = /[^A-Za-z0-9\-._~!$&'()*+,;=:@%]|%(?![0-9A-Fa-f]{2})/u.exec(part)!;
    return fault(
      at + bad.index,
      `has the character ${JSON.stringify(bad[0])} in "${part}", which no request path can hold`,
      "percent-encode it",
    );
  }
  if (!part.includes("%")) return { kind: "literal", text: part };
  for (const octet of part.matchAll(/%([0-9A-Fa-f]{2})/g)) {
    const text = String.fromCharCode(parseInt(octet[1]!, 16));
    if (/[A-Za-z0-9\-._~]/.test(text)) {
      return fault(at + octet.index, `encodes "${text}" as ${octet[0]}`, `write it as "${text}"`);
    }
    if (/[\0\r\n\\]/.test(text)) {
      return fault(
        at + octet.index,
        `holds ${octet[0]}, which is refused in requests`,
        "leave it out",
      );
    }
  }
  return { kind: "literal", text: part };
}

function fault(offset: number, reason: string, help: string): PatternFault {
  return { offset, reason, help };
}

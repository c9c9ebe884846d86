/**
 * References: `${env:NAME}`, `${env:NAME:-default}`, `${file:/run/secrets/x}` inside a value.
 *
 * The compiler checks their form and keeps them as they stand; the data plane resolves them when it
 * loads an artifact. So no secret is ever in an artifact, and the same tree gives the same bytes
 * whatever the environment of the machine that compiles it.
 */

import { hasControl } from "./text.ts";

/** One piece of a value that holds references. */
export type Part =
  | { kind: "text"; text: string }
  | { kind: "env"; name: string; fallback: string | undefined }
  | { kind: "file"; path: string };

export type Reference = Exclude<Part, { kind: "text" }>;

/** Why a `${` does not begin a reference; `offset` counts UTF-16 units. */
export interface ReferenceFault {
  offset: number;
  reason: string;
}

/** True where a value must be resolved before it can be used. */
export function hasReference(value: string): boolean {
  return value.includes("${");
}

/** Splits a value at its references. */
export function parseReferences(value: string): Part[] | ReferenceFault {
  const parts: Part[] = [];
  let at = 0;
  while (at < value.length) {
    const open = value.indexOf("${", at);
    if (open === -1) {
      parts.push({ kind: "text", text: value.slice(at) });
      break;
    }
    if (open > at) parts.push({ kind: "text", text: value.slice(at, open) });
    const close = value.indexOf("}", open);
    if (close === -1) return { offset: open, reason: 'a "${" without its "}"' };
    const part = reference(value.slice(open + 2, close));
    if (typeof part === "string") return { offset: open, reason: part };
    parts.push(part);
    at = close + 1;
  }
  return parts;
}

function reference(body: string): Part | string {
  if (hasControl(body) || !body.isWellFormed()) return "it holds a control character";
  if (body.startsWith("env:")) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/.exec(body.slice(4));
    if (match === null) return `"${body.slice(4)}" is not the name of an environment variable`;
    return { kind: "env", name: match[1]!, fallback: match[2] };
  }
  if (body.startsWith("file:")) {
    const path = body.slice(5);
    if (!path.startsWith("/")) return `the file "${path}" is not an absolute path`;
    return { kind: "file", path };
  }
  const kind = body.split(":", 1)[0]!;
  return `"${kind}" is not a kind of reference (env and file are)`;
}

/** A reference as it is written in a value. */
export function formatReference(part: Reference): string {
  const more = part.kind === "env" && part.fallback !== undefined ? `:-${part.fallback}` : "";
  return `\${${part.kind}:${part.kind === "env" ? part.name : part.path}${more}}`;
}

/** Puts a value together. `look` gives a reference's text, or undefined where there is none. */
export function fillReferences(
  parts: readonly Part[],
  look: (reference: Reference) => string | undefined,
): { value: string } | { missing: string } {
  let value = "";
  for (const part of parts) {
    if (part.kind === "text") {
      value += part.text;
      continue;
    }
    const text = look(part) ?? (part.kind === "env" ? part.fallback : undefined);
    if (text === undefined) {
      return {
        missing:
          part.kind === "env"
            ? `environment variable ${part.name} is not set`
            : `file ${part.path} cannot be read`,
      };
    }
    value += text;
  }
  return { value };
}

/**
 * Texts and what may stand in them: secrets never, references only where they are resolved.
 */
import { hasReference, parseReferences, type Part } from "../../artifact/reference.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";

/** Reports secrets in any text below a node, and references where none is allowed. */
export function checkTexts(node: YamlNode, log: DiagnosticLog, path = ""): void {
  if (node.kind === "map") {
    for (const [key, { value }] of node.entries) {
      checkTexts(value, log, path === "" ? key : `${path}.${key}`);
    }
  } else if (node.kind === "list") {
    for (const item of node.items) checkTexts(item, log, `${path}[]`);
  } else if (typeof node.value === "string") {
    if (isPem(node.value)) {
      const what = node.value.includes("PRIVATE KEY") ? "a private key" : "PEM text";
      log.report("BAL3011", node, { what, hint: undefined });
    } else if (hasReference(node.value) && !mayRefer(path)) {
      log.report("BAL3010", node, {});
    }
  }
}

/** References and the texts between them; a URL of five parts needs ten at most. */
const PARTS_MAX = 32;

/** Where references are resolved at load; the schema says the same in the descriptions. */
const MAY_REFER = new Set([
  "server.port",
  "global.logging.path",
  "global.tls.cert_file",
  "global.tls.key_file",
  "global.access_log.path",
  "global.tracing.endpoint",
  "admin.listen",
  "admin.writer_url",
  "ports[]",
  "backends[].url",
  "listen",
  "tls.sni[].ports[]",
  "tls.sni[].backends[].url",
  "load_balancing.sticky.secret",
]);
/** Below it each key has a name of its own. */
const PROBE_HEADERS = "health_check.headers.";

/** @param path keys from the root, those of a list's items behind `[]` */
function mayRefer(path: string): boolean {
  const inside = path.replace(
    /^(?:services\[\]|pools\[\]|streams\[\]|global(?=\.(?:load_b|health_c)))\./,
    "",
  );
  return MAY_REFER.has(inside) || inside.startsWith(PROBE_HEADERS);
}

function isPem(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]+-----/.test(text);
}

/** A text without references; undefined for anything else, which has been reported. */
export function plainText(node: YamlNode | undefined): string | undefined {
  const text = anyText(node);
  return text === undefined || hasReference(text) ? undefined : text;
}

/** A text that may hold references, which are reported where they are malformed. */
export function referringText(
  node: YamlNode | undefined,
  log: DiagnosticLog,
): { text: string; parts: Part[] } | undefined {
  const text = anyText(node);
  if (node === undefined || text === undefined) return undefined;
  const parts = parseReferences(text);
  if (!Array.isArray(parts)) {
    log.report("BAL3009", spanInside(node, text, parts.offset), { reason: parts.reason });
    return undefined;
  }
  if (parts.length <= PARTS_MAX) return { text, parts };
  log.report("BAL3009", node, { reason: `more than ${PARTS_MAX / 2} references in one value` });
  return undefined;
}

/** A value as it would be after loading, with stand-ins for what only the data plane knows. */
export function sampleOf(parts: readonly Part[], standIn: (before: string) => string): string {
  let sample = "";
  for (const part of parts) {
    if (part.kind === "text") sample += part.text;
    else sample += (part.kind === "env" ? part.fallback : undefined) ?? standIn(sample);
  }
  return sample;
}

/** The place from `offset` of a scalar's text on, where it stands in the file as it is. */
export function spanInside(node: YamlNode, text: string, offset: number): Span {
  const { source, start, end } = node;
  for (const skip of [0, 1]) {
    if (source.text.startsWith(text, start + skip)) {
      const from = start + skip + offset;
      return { source, start: from, end: Math.max(from, start + skip + text.length) };
    }
  }
  return { source, start, end };
}

function anyText(node: YamlNode | undefined): string | undefined {
  if (node?.kind !== "scalar" || typeof node.value !== "string") return undefined;
  return isPem(node.value) ? undefined : node.value;
}

/**
 * Texts that go into HTTP messages as they stand: names, values, paths. RFC 9110 and RFC 6265 say what
 * they may hold.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import type { Reader } from "./block.ts";
import { plainText } from "./text.ts";

/** Longer ones are refused by servers. */
const LENGTH_MAX = 1_024;

/** Why a text is not what it has to be; undefined where it is. */
type Fault = (text: string) => string | undefined;

/** A reader of texts in which `fault` finds nothing. `what` is what a diagnostic calls it. */
export function httpTextReader(what: string, fault: Fault): Reader<string> {
  return (node, log) => readHttpText(node, what, fault, log);
}

/** The text of a node; undefined after an error. */
export function readHttpText(
  node: YamlNode,
  what: string,
  fault: Fault,
  log: DiagnosticLog,
): string | undefined {
  const text = plainText(node);
  if (text === undefined) return undefined;
  const reason = fault(text) ?? (text.length > LENGTH_MAX ? TOO_LONG : undefined);
  if (reason === undefined) return text;
  log.report("BAL3020", node, { what, text: text.slice(0, 100), reason });
  return undefined;
}

const TOO_LONG = `is longer than ${LENGTH_MAX} characters`;

/** Field names, methods and names of cookies: RFC 9110 §5.6.2. */
export function tokenFault(text: string): string | undefined {
  if (text === "") return "is empty";
  const bad = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/u.exec(text);
  return bad === null ? undefined : `holds ${JSON.stringify(bad[0])}`;
}

/** Field values: RFC 9110 §5.5, without tabs and bytes that are not ASCII. */
export function valueFault(text: string): string | undefined {
  if (text !== text.trim()) return "begins or ends with a space";
  const bad = /[^\x20-\x7e]/u.exec(text);
  return bad === null ? undefined : `holds ${JSON.stringify(bad[0])}`;
}

/** The target of a request in origin form: RFC 9112 §3.2.1. */
export function targetFault(text: string): string | undefined {
  if (!text.startsWith("/")) return "does not begin with a slash";
  const bad = /[^\x21-\x7e]|#/u.exec(text);
  return bad === null ? undefined : `holds ${JSON.stringify(bad[0])}`;
}

/** The path of a cookie: RFC 6265 §4.1.1. */
export function cookiePathFault(text: string): string | undefined {
  if (!text.startsWith("/")) return "does not begin with a slash";
  const bad = /[^\x20-\x7e]|;/u.exec(text);
  return bad === null ? undefined : `holds ${JSON.stringify(bad[0])}`;
}

/** A host with or without a port; "" stands for the backend's. */
export function hostFault(text: string): string | undefined {
  return text === "" || /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/.test(text)
    ? undefined
    : "is not a host";
}

/** Any text that stands in the artifact. */
export function controlFault(text: string): string | undefined {
  if (!text.isWellFormed()) return "holds half a character";
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  return /[\u0000-\u001f\u007f-\u009f]/.test(text) ? "holds a control character" : undefined;
}

/**
 * The `match` block of a service: conditions on header fields and on the query.
 */
import type { Predicate, PredicateSubject } from "../../artifact/model.ts";
import { predicateText } from "../../artifact/predicate-text.ts";
import { compileRegex } from "../../artifact/regex/automaton.ts";
import { comparePredicates } from "../../artifact/route-specificity.ts";
import { hasControl } from "../../artifact/text.ts";
import type { Match, Predicate as PredicateBlock } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { field } from "./field.ts";
import { plainText, spanInside } from "./text.ts";

/** Predicates of one service; all of them are looked at for one request. */
const PREDICATES_MAX = 16;
const NAME_LENGTH_MAX = 128;
const VALUE_BYTES_MAX = 1024;

/** The predicates of a service, in the order of the model; wrong ones are reported and left out. */
export function readPredicates(match: YamlNode | undefined, log: DiagnosticLog): Predicate[] {
  const found = new Map<string, Predicate>();
  for (const [key, subject] of LISTS) {
    for (const item of itemsOf(field<Match>(match, key))) {
      const predicate = readPredicate(item, subject, log);
      if (predicate === undefined) continue;
      const text = predicateText(predicate);
      if (found.has(text)) {
        refuse(item, `the condition ${text} stands here twice`, "remove one", log);
      } else if (found.size === PREDICATES_MAX) {
        refuse(item, `more than ${PREDICATES_MAX} conditions`, "split the service", log);
        return [...found.values()].toSorted(comparePredicates);
      } else found.set(text, predicate);
    }
  }
  return [...found.values()].toSorted(comparePredicates);
}

const LISTS = [
  ["headers", "header"],
  ["query", "query"],
] as const satisfies [keyof Match, PredicateSubject][];

function readPredicate(
  item: YamlNode,
  subject: PredicateSubject,
  log: DiagnosticLog,
): Predicate | undefined {
  const name = readName(field<PredicateBlock>(item, "name"), subject, log);
  for (const key of ["exact", "prefix", "regex"] as const) {
    const node = field<PredicateBlock>(item, key);
    const value = readValue(node, subject, key, log);
    if (value !== undefined && name !== undefined) return { subject, name, kind: key, value };
    if (node !== undefined) return undefined;
  }
  const present = field<PredicateBlock>(item, "present");
  if (name === undefined || present?.kind !== "scalar") return undefined;
  if (typeof present.value !== "boolean") return undefined;
  return { subject, name, kind: present.value ? "present" : "absent", value: "" };
}

function readName(
  node: YamlNode | undefined,
  subject: PredicateSubject,
  log: DiagnosticLog,
): string | undefined {
  const text = plainText(node);
  if (node === undefined || text === undefined) return undefined;
  const no = (reason: string, help: string) => refuse(node, reason, help, log);
  if (text === "" || text.length > NAME_LENGTH_MAX) {
    return no(`the name is not 1 to ${NAME_LENGTH_MAX} characters long`, "write the name it has");
  }
  if (subject === "query") {
    return hasControl(text) ? no("the name holds a control character", "leave it out") : text;
  }
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) {
    return no(`"${text}" is not the name of a header field`, "write a name such as X-Team");
  }
  const name = text.toLowerCase();
  if (name !== "host") return name;
  return no(
    "hosts are matched by domain, not by conditions",
    "use domain or domains of the service",
  );
}

function readValue(
  node: YamlNode | undefined,
  subject: PredicateSubject,
  kind: "exact" | "prefix" | "regex",
  log: DiagnosticLog,
): string | undefined {
  const text = plainText(node);
  if (node === undefined || text === undefined) return undefined;
  const no = (reason: string, help: string) => refuse(node, reason, help, log);
  if (hasControl(text) || !text.isWellFormed()) {
    return no("the value holds a control character", "leave it out; a regex may say \\t");
  }
  if (kind === "regex") return readRegex(node, text, log);
  if (Buffer.byteLength(text) > VALUE_BYTES_MAX) {
    return no(`the value is longer than ${VALUE_BYTES_MAX} bytes`, "use a shorter prefix");
  }
  if (kind === "prefix" && text === "") {
    return no("every value begins with the empty text", "write present: true");
  }
  const isPadded = text.startsWith(" ") || (kind === "exact" && text.endsWith(" "));
  if (subject === "header" && isPadded) {
    return no("no field has a value with white space around it", "leave the white space out");
  }
  return text;
}

function readRegex(node: YamlNode, text: string, log: DiagnosticLog): string | undefined {
  const compiled = compileRegex(text);
  if (!("reason" in compiled)) return text;
  const { offset, reason, help } = compiled;
  log.report("BAL3102", spanInside(node, text, offset), { regex: text, reason, help });
  return undefined;
}

function refuse(node: YamlNode, reason: string, help: string, log: DiagnosticLog): undefined {
  log.report("BAL3101", node, { reason, help });
  return undefined;
}

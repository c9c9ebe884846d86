/**
 * Names that users give to services and backends: they stand in logs, metrics and addresses of the
 * API, so they are plain ASCII.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { plainText } from "./text.ts";

const NAME_LENGTH_MAX = 200;

/** The name that a node gives; undefined where it gives none or a wrong one. */
export function readName(node: YamlNode | undefined, log: DiagnosticLog): string | undefined {
  const name = plainText(node);
  if (node === undefined || name === undefined) return undefined;
  const reason = nameFault(name);
  if (reason === undefined) return name;
  log.report("BAL3012", node, { name: name.slice(0, NAME_LENGTH_MAX), reason });
  return undefined;
}

function nameFault(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.length > NAME_LENGTH_MAX) return `is longer than ${NAME_LENGTH_MAX} characters`;
  const bad = /[^A-Za-z0-9._/:@*-]/u.exec(name);
  if (bad !== null) return `holds ${JSON.stringify(bad[0])}`;
  // A name is a path segment of the API.
  return name.split("/").some((part) => part === "." || part === "..")
    ? "holds a dot segment"
    : undefined;
}

/**
 * Lists of origins as browsers send them, in lower case, sorted.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { readSet } from "./set.ts";

/** The origins of a list; what is none is reported. */
export function readOrigins(list: YamlNode | undefined, log: DiagnosticLog): string[] {
  return readSet(list, log, (item, text) => {
    const origin = text.toLowerCase();
    const reason = originFault(origin);
    if (reason === undefined) return origin;
    return log.report("BAL3013", item, { origin: text, reason });
  }).toSorted();
}

/** Origins are compared byte by byte with the field of a browser, so only its form can match. */
function originFault(origin: string): string | undefined {
  if (origin === "*") return undefined;
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/.exec(origin);
  if (match === null) return "has no scheme";
  if (match[2] !== "") return "has something after its host: an origin has no path";
  return URL.canParse(origin) && /^[a-z0-9.\-_[\]:]+$/.test(match[1]!)
    ? undefined
    : "has no valid host";
}

/**
 * What a hash is made of: `hash` in full, `hash_key` in short.
 */
import { HASH_SOURCES, type PoolPolicy } from "../../artifact/model.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Hash, LoadBalancing } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Given } from "./block.ts";
import { field } from "./field.ts";
import { readHttpText, tokenFault, valueFault } from "./http-text.ts";
import { wordReader } from "./scalar.ts";
import { plainText } from "./text.ts";

export type HashKey = PoolPolicy["hash"];

/** What holds where nobody says anything. */
export const DEFAULT_HASH: HashKey = { by: POOL_DEFAULTS.load_balancing.hash.by, name: "" };

/** The sources that have a name. */
const NAMED: readonly HashKey["by"][] = ["header", "cookie", "query"];

/** What a block of load balancing says of its hash; undefined where it says nothing. */
export function readHash(
  block: YamlNode | undefined,
  log: DiagnosticLog,
): Given<HashKey> | undefined {
  const full = field<LoadBalancing>(block, "hash");
  const short = field<LoadBalancing>(block, "hash_key");
  if (full !== undefined && short !== undefined && block?.kind === "map") {
    const keys = ["hash", "hash_key"];
    const [first, second] = keys
      .map((key) => block.entries.get(key)!.key)
      .toSorted((a, b) => a.start - b.start);
    log.report("BAL2007", second!, { keys }, [{ message: "the other is here", span: first! }]);
  }
  if (full !== undefined) {
    const value = readFull(full, log);
    return value && { value, at: headOf(full) };
  }
  const value = short && readShort(short, log);
  return value && { value, at: short };
}

function readFull(node: YamlNode, log: DiagnosticLog): HashKey | undefined {
  const byNode = field<Hash>(node, "by");
  const nameNode = field<Hash>(node, "name");
  const by = byNode === undefined ? DEFAULT_HASH.by : wordReader(HASH_SOURCES)(byNode);
  if (by === undefined) return undefined;
  if (nameNode === undefined) {
    return checkNamed(by, "", byNode ?? headOf(node), log) ? { by, name: "" } : undefined;
  }
  const name = readName(nameNode, by, log);
  if (name === undefined) return undefined;
  return checkNamed(by, name, nameNode, log) ? { by, name } : undefined;
}

function readShort(node: YamlNode, log: DiagnosticLog): HashKey | undefined {
  const text = plainText(node);
  if (text === undefined) return undefined;
  const [word = "", ...rest] = text.split(":");
  const by = HASH_SOURCES.find((source) => source === word);
  if (by === undefined) {
    log.report("BAL3018", node, { reason: `"${word}" is nothing that a request has` });
    return undefined;
  }
  const name = rest.join(":");
  const reason = name === "" || !NAMED.includes(by) ? undefined : faultOf(by)(name);
  if (reason !== undefined) {
    log.report("BAL3018", node, { reason: `the name "${name}" ${reason}` });
    return undefined;
  }
  return checkNamed(by, name, node, log) ? { by, name } : undefined;
}

function readName(node: YamlNode, by: HashKey["by"], log: DiagnosticLog): string | undefined {
  // Without a source that has names the name itself is what is wrong.
  return NAMED.includes(by)
    ? readHttpText(node, `name of the ${by}`, faultOf(by), log)
    : plainText(node);
}

/** Parameters of a query may have any name that a query can hold. */
function faultOf(by: HashKey["by"]): (text: string) => string | undefined {
  return by === "query" ? valueFault : tokenFault;
}

/** True where a name is there if and only if one is due. */
function checkNamed(
  by: HashKey["by"],
  name: string,
  at: Parameters<DiagnosticLog["report"]>[1],
  log: DiagnosticLog,
): boolean {
  if (NAMED.includes(by) === (name !== "")) return true;
  const reason = name === "" ? `${by} needs a name` : `${by} has no name`;
  log.report("BAL3018", at, { reason });
  return false;
}

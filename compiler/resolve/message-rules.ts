/**
 * Message rules: what `server` says of messages that others may read otherwise than Balto, with every
 * default filled in.
 */
import { BACKSLASH_RULES, type Settings, UNDERSCORE_RULES } from "../../artifact/model.ts";
import { CONFIG_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Server } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { field } from "./field.ts";
import { readHttpText, tokenFault } from "./http-text.ts";
import { readFlag, wordReader } from "./scalar.ts";

type MessageRules = Pick<
  Settings,
  "underscores" | "encodedBackslash" | "strictPaths" | "forwardTrailers" | "via"
>;

const readUnderscores = wordReader(UNDERSCORE_RULES);
const readBackslash = wordReader(BACKSLASH_RULES);
/** It stands in every message. */
const VIA_LENGTH_MAX = 64;

/** Reads the rules. `server` is the mapping that they stand in. */
export function readMessageRules(server: YamlNode | undefined, log: DiagnosticLog): MessageRules {
  const defaults = CONFIG_DEFAULTS.server;
  const underscores = field<Server>(server, "underscores");
  const backslash = field<Server>(server, "encoded_backslash");
  const via = field<Server>(server, "via");
  return {
    underscores: (underscores && readUnderscores(underscores)) ?? defaults.underscores,
    encodedBackslash: (backslash && readBackslash(backslash)) ?? defaults.encoded_backslash,
    strictPaths: readFlag(field<Server>(server, "strict_paths"), defaults.strict_paths),
    forwardTrailers: readFlag(field<Server>(server, "forward_trailers"), defaults.forward_trailers),
    via: (via && readHttpText(via, "name for Via", viaFault, log)) ?? defaults.via,
  };
}

/** A pseudonym: RFC 9110 §7.6.3. */
function viaFault(text: string): string | undefined {
  if (text === "") return undefined;
  if (text.length > VIA_LENGTH_MAX) return `is longer than ${VIA_LENGTH_MAX} characters`;
  return tokenFault(text);
}

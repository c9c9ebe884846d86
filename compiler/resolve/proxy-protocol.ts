/**
 * The PROXY protocol: who may say where a connection came from. The block of `server`, and of a stream.
 */
import type { ProxyAcceptance } from "../../artifact/model.ts";
import { CONFIG_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { ProxyProtocol } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { readDuration } from "./duration.ts";
import { field } from "./field.ts";
import { readFlag } from "./scalar.ts";
import { readNetworks } from "./networks.ts";

const DEFAULTS = CONFIG_DEFAULTS.server.proxy_protocol;

/** What a block says of accepting the protocol, with every default filled in. */
export function readAcceptance(node: YamlNode | undefined, log: DiagnosticLog): ProxyAcceptance {
  return {
    accept: readFlag(field<ProxyProtocol>(node, "accept"), DEFAULTS.accept),
    trusted: readNetworks(field<ProxyProtocol>(node, "trusted"), log),
    timeoutMs: readDuration(field<ProxyProtocol>(node, "timeout"), DEFAULTS.timeout, 1, log),
  };
}

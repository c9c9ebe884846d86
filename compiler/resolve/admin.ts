/**
 * The `admin` block with every default filled in.
 */
import { parseListenAddress } from "../../artifact/address.ts";
import type { AdminSettings } from "../../artifact/model.ts";
import { CONFIG_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Admin } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { readEndpoint } from "./endpoint.ts";
import { field } from "./field.ts";
import { readNetworks } from "./networks.ts";
import { readOrigins } from "./origins.ts";
import { referringText, sampleOf } from "./text.ts";

/** Reads the block. */
export function readAdmin(node: YamlNode | undefined, log: DiagnosticLog): AdminSettings {
  const defaults = CONFIG_DEFAULTS.admin;
  return {
    listen: readAdminAddress(field<Admin>(node, "listen"), log) ?? defaults.listen,
    writerUrl: readEndpoint(field<Admin>(node, "writer_url"), log) ?? defaults.writer_url,
    allowedOrigins: readOrigins(field<Admin>(node, "allowed_origins"), log),
    readers: readNetworks(field<Admin>(node, "readers"), log),
  };
}

/** Longer ones do not fit the system's address of a socket, with room for what is put behind them. */
const SOCKET_PATH_BYTES_MAX = 90;

function readAdminAddress(node: YamlNode | undefined, log: DiagnosticLog): string | undefined {
  const read = referringText(node, log);
  if (node === undefined || read === undefined || read.text === "") return undefined;
  // A reference may stand for the port, the host or both: one that could be right is let through.
  const sample = sampleOf(read.parts, () => "1").replace(/^1:/, "a:");
  const reason = addressFault(sample);
  if (reason === undefined) return read.text;
  log.report("BAL3051", node, { reason });
  return undefined;
}

function addressFault(text: string): string | undefined {
  if (!text.startsWith("unix:")) {
    const address = parseListenAddress(text);
    return typeof address === "string" ? address : undefined;
  }
  const path = text.slice("unix:".length);
  if (!path.startsWith("/")) return `"${path}" is not an absolute path`;
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  if (/[\u0000-\u001f\u007f]/.test(path)) return "the path holds a control character";
  return Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX
    ? `the path is longer than ${SOCKET_PATH_BYTES_MAX} bytes`
    : undefined;
}

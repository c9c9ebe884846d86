/**
 * Routes by server name: where the TLS connections of a stream go that are passed through.
 */
import { formatDomain, parseDomain } from "../../artifact/domain.ts";
import { HOST_ANY } from "../../artifact/layout.ts";
import type { StreamProtocol } from "../../artifact/model.ts";
import type { SniRoute, StreamTls } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import type { Given } from "./block.ts";
import { field } from "./field.ts";
import type { Globals } from "./globals.ts";
import { type PoolDraft, type PoolReference, readPoolBelow, readReference } from "./pool.ts";
import { plainText } from "./text.ts";

export interface SniRouteDraft {
  at: Span;
  /** Canonical, in the order of the file. */
  names: Given<string>[];
  target: PoolDraft | PoolReference;
}

/** Reads the routes of a stream, whose mapping has the blocks for their backends. */
export function readSniRoutes(
  tls: YamlNode | undefined,
  stream: YamlNode,
  protocol: StreamProtocol,
  globals: Globals,
  log: DiagnosticLog,
): SniRouteDraft[] {
  return itemsOf(field<StreamTls>(tls, "sni")).flatMap((node) => {
    if (node.kind !== "map") return [];
    const pool = field<SniRoute>(node, "pool");
    const target =
      pool === undefined
        ? readPoolBelow(node, stream, protocol, globals, log)
        : readReference(pool, [], log);
    return [{ at: headOf(node), names: readNames(field<SniRoute>(node, "names"), log), target }];
  });
}

function readNames(list: YamlNode | undefined, log: DiagnosticLog): Given<string>[] {
  return itemsOf(list).flatMap((node) => {
    const text = plainText(node);
    if (text === undefined) return [];
    const name = serverName(text);
    if (typeof name === "string") return [{ value: name, at: node }];
    log.report("BAL3022", node, { name: text.slice(0, 255), ...name });
    return [];
  });
}

/** The canonical form of a server name (RFC 6066 §3), or why a text is none. */
function serverName(text: string): string | { reason: string } {
  const domain = parseDomain(text);
  if (typeof domain === "string") return { reason: domain };
  if (domain.kind === HOST_ANY) {
    return { reason: "is every name: give the stream backends of its own for these" };
  }
  return /^\[|^[0-9.]+$/.test(domain.name)
    ? { reason: "is an address, and clients name hosts only" }
    : formatDomain(domain);
}

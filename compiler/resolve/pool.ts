/**
 * Pools: backends and their policy, named or the own ones of a service or a stream.
 */
import type { BackendScheme } from "../../artifact/address.ts";
import type { PoolPolicy } from "../../artifact/model.ts";
import type { Pool } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import { type BackendDraft, readBackends } from "./backend.ts";
import type { Given } from "./block.ts";
import { field } from "./field.ts";
import type { Globals } from "./globals.ts";
import { readName } from "./name.ts";
import { type PoolBlocks, readPoolBlocks } from "./pool-policy.ts";

/** Backends with their policy, as far as they could be read. */
export interface PoolDraft {
  at: Span;
  /** What its backends are spoken to with. */
  transport: Transport;
  backends: BackendDraft[];
  /** What is written here, for those who ask where. */
  blocks: PoolBlocks | undefined;
  policy: PoolPolicy;
}

/** `http` is of services, with or without TLS; the others are of streams. */
export type Transport = "http" | "tcp" | "udp";

/** A pool by its name; undefined after an error. */
export interface PoolReference {
  pool: Given<string> | undefined;
  /** Blocks that stand beside the name all the same. */
  surplus: { key: string; at: Span }[];
}

/** A pool that services and streams use by its name; the name is undefined after an error. */
export interface NamedPoolDraft extends PoolDraft {
  name: Given<string> | undefined;
}

/** Reads the mapping of a pool. What its backends are says what it is for. */
export function readPool(node: YamlNode, globals: Globals, log: DiagnosticLog): NamedPoolDraft {
  const nameAt = field<Pool>(node, "name");
  const name = readName(nameAt, log);
  return {
    ...readPoolBelow(node, node, undefined, globals, log),
    name: nameAt === undefined || name === undefined ? undefined : { value: name, at: nameAt },
  };
}

/**
 * Reads backends below one mapping and the blocks for them below another, mostly the same.
 *
 * @param transport what the backends must be; undefined is that they decide
 */
export function readPoolBelow(
  node: YamlNode,
  owner: YamlNode,
  transport: Transport | undefined,
  globals: Globals,
  log: DiagnosticLog,
): PoolDraft {
  const blocks = readPoolBlocks(owner, log);
  const backends = readBackends(node, transport ?? "http", log);
  const scheme = backends.find((backend) => backend.scheme !== undefined)?.scheme;
  const found = transport ?? transportOf(scheme ?? "http");
  return {
    at: headOf(node),
    transport: found,
    backends,
    blocks,
    policy: globals.poolPolicy(blocks, found !== "http", log),
  };
}

/** What a backend with this scheme is spoken to with. */
export function transportOf(scheme: BackendScheme): Transport {
  return scheme === "https" ? "http" : scheme;
}

/** Reads the name of a pool that stands in place of backends. */
export function readReference(
  node: YamlNode,
  surplus: PoolReference["surplus"],
  log: DiagnosticLog,
): PoolReference {
  const name = readName(node, log);
  return { pool: name === undefined ? undefined : { value: name, at: node }, surplus };
}

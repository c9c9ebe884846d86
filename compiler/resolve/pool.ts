/**
 * Pools: backends and their policy, named or a service's own.
 */
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
  backends: BackendDraft[];
  /** What is written here, for those who ask where. */
  blocks: PoolBlocks | undefined;
  policy: PoolPolicy;
}

/** A pool that services use by its name; the name is undefined after an error. */
export interface NamedPoolDraft extends PoolDraft {
  name: Given<string> | undefined;
}

/** Reads the mapping of a pool. */
export function readPool(node: YamlNode, globals: Globals, log: DiagnosticLog): NamedPoolDraft {
  const nameAt = field<Pool>(node, "name");
  const name = readName(nameAt, log);
  return {
    ...readOwnPool(node, globals, log),
    name: nameAt === undefined || name === undefined ? undefined : { value: name, at: nameAt },
  };
}

/** Reads what a pool and a service with a pool of its own have alike. */
export function readOwnPool(node: YamlNode, globals: Globals, log: DiagnosticLog): PoolDraft {
  const blocks = readPoolBlocks(node, log);
  return {
    at: headOf(node),
    backends: readBackends(node, log),
    blocks,
    policy: globals.poolPolicy(blocks, log),
  };
}

/**
 * Sums: what the services of one file come to, so that a tree's need not be gone through again for each
 * change of one file.
 */
import { tableLength, TABLE_MEMBERS_MAX, usesTable } from "../../artifact/maglev.ts";
import type { PoolDraft } from "./pool.ts";
import type { ServiceDraft } from "./service.ts";

/** Of the enabled services of a file, where nothing else is said. */
export interface ServiceSums {
  count: number;
  /** Each once, as are methods. */
  domains: readonly string[];
  methods: readonly string[];
  /** Backends that are a service's own, also those that are disabled. */
  backends: number;
  /** In the tables of pools that are a service's own. */
  tableEntries: number;
  /** The longest time that a request may take. */
  requestMsMost: number;
  /** Those that name a pool, also those that are disabled. */
  referring: readonly ServiceDraft[];
}

export function sumsOf(services: readonly ServiceDraft[]): ServiceSums {
  const enabled = services.filter((service) => service.enabled);
  const own = enabled.flatMap(({ target }) => ("backends" in target ? [target] : []));
  return {
    count: enabled.length,
    domains: [...new Set(enabled.flatMap(({ domains }) => domains))],
    methods: [...new Set(enabled.flatMap(({ methods }) => methods))],
    backends: own.reduce((sum, { backends }) => sum + backends.length, 0),
    tableEntries: own.reduce((sum, pool) => sum + tableEntriesOf(pool), 0),
    requestMsMost: Math.max(0, ...enabled.map(({ policy }) => policy.timeouts.requestMs)),
    referring: services.filter(({ target }) => !("backends" in target)),
  };
}

/** How long the table of a pool will be; 0 where it has none, or too many backends for one. */
export function tableEntriesOf({ backends, policy }: PoolDraft): number {
  if (!usesTable(policy.algorithm)) return 0;
  const members = backends.filter(({ enabled }) => enabled);
  return members.length > TABLE_MEMBERS_MAX ? 0 : tableLength(members);
}

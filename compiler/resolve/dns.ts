/**
 * DNS: the `dns` block of a service, a pool or `global`.
 */
import { ADDRESS_FAMILIES, type PoolPolicy } from "../../artifact/model.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Dns } from "../../schema/types.gen.ts";
import { Block } from "./block.ts";
import { durationKey, wordReader } from "./scalar.ts";

export const DNS = new Block<Dns, PoolPolicy["dns"]>({
  refreshMs: durationKey("refresh", POOL_DEFAULTS.dns.refresh, 1),
  family: {
    key: "family",
    read: wordReader(ADDRESS_FAMILIES),
    fallback: POOL_DEFAULTS.dns.family,
  },
});

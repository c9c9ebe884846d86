/**
 * A service as clients get it: the six members that every one has, and whatever else is written.
 */
import type { Address } from "./catalog.ts";
import { domainsOf, inUsualOrder, type ServiceValue, shortPorts } from "./service-value.ts";
import type { Times } from "./service-times.ts";
import type { Plain } from "../yaml/reshape.ts";

export interface ServiceResource {
  id: string;
  domain: string;
  path_prefix: string;
  /** The short form of the backends, also where they are written in full. */
  ports: string[];
  created_at: string;
  updated_at: string;
  [key: string]: Plain;
}

export function resourceOf(
  { id, domain, pattern }: Address,
  value: ServiceValue,
  { created, updated }: Times,
): ServiceResource {
  const shown: ServiceValue = {
    ...value,
    domain,
    path_prefix: pattern,
    ports: shortPorts(value),
  };
  if (value["domains"] !== undefined) shown["domains"] = domainsOf(value);
  const { domain: _d, path_prefix: _p, ports: _s, ...rest } = inUsualOrder(shown);
  return {
    id,
    domain,
    path_prefix: pattern,
    ports: shortPorts(value),
    ...rest,
    created_at: created,
    updated_at: updated,
  };
}

/**
 * Endpoints: what a backend's host leads to. An IP address and `localhost` are one endpoint; any other
 * host is a name, and each address that DNS has for it is an endpoint with state of its own.
 */
import { isIP } from "node:net";

import type { BackendAddress } from "../../artifact/address.ts";
import type { PoolPolicy } from "../../artifact/model.ts";

/** One place that a name leads to. */
export interface Endpoint {
  /** An IP address. */
  address: string;
  /** 0 is the backend's own. */
  port: number;
  /** Times the backend's. From SRV records, divided by what they have in common; else 1. */
  weight: number;
  /** Of SRV: lower ones first, within the backend's own priority; else 0. */
  priority: number;
  /** The name that an SRV record gave; else "". */
  target: string;
}

/** How names of a pool are looked up. */
export type NamePolicy = PoolPolicy["dns"];

/** One use of a name. */
export interface NameWatch {
  /** Sorted. Empty until there was an answer; later answers replace it, failures do not. */
  readonly endpoints: readonly Endpoint[];
  /** Why there is no answer; "" where there is one, or none was asked for yet. */
  readonly error: string;
  /** Calls back once, when there is an answer or asking has failed; asks where it had failed before. */
  settled(waiter: () => void): void;
  /** A connection has failed: the name is asked for again soon. */
  failed(): void;
  /** The use is over. */
  close(): void;
}

/** The names that are in use, wherever they are looked up. */
export interface Names {
  /** `onChange` is called when the endpoints have changed. */
  watch(host: string, policy: NamePolicy, onChange: () => void): NameWatch;
}

/** How a host is looked up. */
export type HostKind =
  /** An address, or the system's own idea of `localhost` with both its families. */
  | "fixed"
  /** A and AAAA records. */
  | "name"
  /** SRV records (RFC 2782), and the addresses of their targets. */
  | "service";

const SERVICE = /^_[^.]+\._(?:tcp|udp)\./i;

export function hostKind(host: string): HostKind {
  if (isIP(host) !== 0 || /^(?:.+\.)?localhost$/i.test(host)) return "fixed";
  return SERVICE.test(host) ? "service" : "name";
}

/** The address of a backend whose host is a name, as one of its endpoints has it. */
export function endpointAddress(address: BackendAddress, endpoint?: Endpoint): BackendAddress {
  // What certificates and Host name is the domain of the service, not what its records say.
  const host = address.host.replace(SERVICE, "");
  const port = endpoint === undefined || endpoint.port === 0 ? address.port : endpoint.port;
  return host === address.host && port === address.port ? address : { ...address, host, port };
}

/** What an endpoint is known by, beside its backend: its address, with a port where that is not the backend's. */
export function endpointKey({ address, port }: Endpoint): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What a name is known by: uses that differ in this are looked up apart. */
export function nameKey(host: string, { family }: NamePolicy): string {
  return `${family} ${host}`;
}

/** True where two answers say the same. */
export function sameEndpoints(one: readonly Endpoint[], other: readonly Endpoint[]): boolean {
  return (
    one.length === other.length &&
    one.every((a, index) => {
      const b = other[index]!;
      return (
        a.address === b.address &&
        a.port === b.port &&
        a.weight === b.weight &&
        a.priority === b.priority
      );
    })
  );
}

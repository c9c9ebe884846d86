/**
 * Stream: an address whose connections or datagrams go to backends as they are, as one generation has
 * it.
 */
import { type ListenAddress, parseListenAddress } from "../../artifact/address.ts";
import type { Stream as StreamModel, StreamPolicy, StreamProtocol } from "../../artifact/model.ts";
import { addressHash } from "../http/hash-key.ts";
import { Networks } from "../networks.ts";
import type { Pool } from "../pool/pool.ts";
import { type References, resolve } from "../references.ts";
import { SniTable } from "./sni-table.ts";

export class Stream {
  readonly name: string;
  readonly protocol: StreamProtocol;
  /** Port 0 is any port, the same for all workers. */
  readonly listen: ListenAddress;
  readonly policy: StreamPolicy;
  /** For what no SNI route takes; undefined where that is closed. */
  readonly pool: Pool | undefined;
  /** Undefined where the ClientHello is not read. */
  readonly sni: SniTable<Pool> | undefined;
  readonly #allowed: Networks | undefined;
  readonly #denied: Networks | undefined;
  readonly #proxies: Networks | undefined;

  /**
   * @param references as they were looked up when the artifact was loaded
   * @param poolOf the pool of a row
   */
  constructor(
    { name, protocol, listen, pool, sni, policy }: StreamModel<number>,
    references: References,
    poolOf: (row: number) => Pool,
  ) {
    this.name = name;
    this.protocol = protocol;
    this.listen = listenAddressOf(listen, references);
    this.policy = policy;
    this.pool = pool === undefined ? undefined : poolOf(pool);
    const routes = sni.map((route) => ({ names: route.names, target: poolOf(route.pool) }));
    this.sni = routes.length > 0 ? new SniTable(routes) : undefined;
    this.#allowed = Networks.of(policy.allow);
    this.#denied = Networks.of(policy.deny);
    const { accept, trusted } = policy.proxyProtocol;
    this.#proxies = accept ? Networks.of(trusted) : undefined;
  }

  /** Whether a client with this address is served at all. */
  admits(address: string): boolean {
    if (this.#denied?.has(address) === true) return false;
    return this.#allowed === undefined || this.#allowed.has(address);
  }

  /** Whether connections of this peer begin with a header of the PROXY protocol. */
  expectsHeader(peer: string): boolean {
    return peer !== "" && this.#proxies?.has(peer) === true;
  }
}

/** The address of a stream's text, which was checked when its artifact was loaded. */
export function listenAddressOf(text: string, references: References): ListenAddress {
  const address = parseListenAddress(resolve(text, references));
  if (typeof address === "string") throw new Error(address);
  return address;
}

/** What a client is hashed by where a pool hashes; else 0. */
export function clientHash(pool: Pool, address: string): number {
  return pool.usesHash ? addressHash(address) : 0;
}

/**
 * Backend: one place requests can be sent to, and its idle connections of this worker.
 */
import { type BackendAddress, formatBackendUrl } from "../../artifact/address.ts";
import { Addresses } from "./addresses.ts";
import { type UpstreamContext, UpstreamConnection } from "./upstream-connection.ts";

/** Idle connections kept to one backend by one worker. */
const IDLE_CONNECTIONS_MAX = 256;

export class Backend {
  readonly url: string;
  readonly address: BackendAddress;
  readonly addresses: Addresses;
  /** `host:port` as the Host field has it: without the port where it is the scheme's own. */
  readonly authority: Buffer;
  /** Put before every path. */
  readonly pathPrefix: Buffer;
  weight = 1;
  /** Requests of this worker that are under way. */
  inFlight = 0;
  /** No generation names it any more: connections are not kept. */
  isRemoved = false;
  #idle: UpstreamConnection[] = [];

  constructor(address: BackendAddress) {
    this.address = address;
    this.url = formatBackendUrl(address);
    this.addresses = new Addresses(address.host);
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    const isDefault = address.port === (address.scheme === "https" ? 443 : 80);
    this.authority = Buffer.from(isDefault ? host : `${host}:${address.port}`);
    this.pathPrefix = Buffer.from(address.path);
  }

  /** A connection for one exchange: the one used last, or a new one that is not connected yet. */
  take(context: UpstreamContext, fresh = false): UpstreamConnection {
    if (!fresh) {
      const connection = this.#idle.pop();
      if (connection !== undefined) return connection;
    }
    return new UpstreamConnection(context, this);
  }

  /** Takes a connection back for the next exchange; false where it will not be used again. */
  keep(connection: UpstreamConnection): boolean {
    if (this.isRemoved || this.#idle.length >= IDLE_CONNECTIONS_MAX) return false;
    this.#idle.push(connection);
    return true;
  }

  /** An idle connection has closed. */
  forget(connection: UpstreamConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** Closes what is idle; what is busy closes when its exchange ends. */
  remove(): void {
    this.isRemoved = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  get idleCount(): number {
    return this.#idle.length;
  }
}

/**
 * Addresses: where a backend's connections go, in the order they are tried.
 */
import { isIP } from "node:net";

import type { BackendAddress } from "../../artifact/address.ts";
import { type Endpoint, hostKind, type NameWatch } from "./endpoints.ts";

/** An IP address and a port. */
export interface Destination {
  address: string;
  port: number;
}

export type AddressWaiter = (
  error: Error | undefined,
  destinations: readonly Destination[],
) => void;

export interface Addresses {
  /** Calls back at once where an answer is known, fresh or not; else when there is one. */
  get(now: number, waiter: AddressWaiter): void;
  /** No connection to it came about. */
  failed(destination: Destination): void;
}

/**
 * The addresses of a backend.
 *
 * @param watch of its host, where that is a name
 * @param endpoint the one that is meant; left out, whichever the name has when a connection is made
 */
export function addressesOf(
  { host, port }: BackendAddress,
  watch?: NameWatch,
  endpoint?: Endpoint,
): Addresses {
  if (endpoint !== undefined) {
    return new FixedAddress({ address: endpoint.address, port: endpoint.port || port }, watch);
  }
  if (isIP(host) !== 0) return new FixedAddress({ address: host, port }, undefined);
  if (hostKind(host) === "fixed" || watch === undefined) return new LocalAddresses(host, port);
  return new AwaitedAddresses(watch, port);
}

class FixedAddress implements Addresses {
  readonly #destinations: readonly Destination[];
  readonly #watch: NameWatch | undefined;

  constructor(destination: Destination, watch: NameWatch | undefined) {
    this.#destinations = [destination];
    this.#watch = watch;
  }

  get(_: number, waiter: AddressWaiter): void {
    waiter(undefined, this.#destinations);
  }

  failed(): void {
    this.#watch?.failed();
  }
}

/** Of a name that may have no answer yet: whoever connects waits for the first one. */
class AwaitedAddresses implements Addresses {
  readonly #watch: NameWatch;
  readonly #port: number;

  constructor(watch: NameWatch, port: number) {
    this.#watch = watch;
    this.#port = port;
  }

  get(_: number, waiter: AddressWaiter): void {
    const watch = this.#watch;
    if (watch.endpoints.length > 0) return waiter(undefined, this.#destinations());
    watch.settled(() => {
      const failure = watch.endpoints.length > 0 ? undefined : new Error(watch.error);
      waiter(failure, this.#destinations());
    });
  }

  failed(): void {
    this.#watch.failed();
  }

  #destinations(): Destination[] {
    return this.#watch.endpoints.map(({ address, port }) => ({
      address,
      port: port || this.#port,
    }));
  }
}

/** How long an answer is used before it is asked for again. */
const FRESH_MS = 10_000;

/**
 * Of `localhost`, from the system (RFC 6761 §6.3). It is one endpoint with both loopback addresses, as
 * a server there listens on one or the other. The last good answer is used on when a later one fails.
 */
class LocalAddresses implements Addresses {
  readonly #host: string;
  readonly #port: number;
  #destinations: readonly Destination[] = [];
  #freshUntil = 0;
  #waiters: AddressWaiter[] = [];
  #asking = false;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  get(now: number, waiter: AddressWaiter): void {
    if (now >= this.#freshUntil) this.#ask(now);
    if (this.#destinations.length > 0) waiter(undefined, this.#destinations);
    else this.#waiters.push(waiter);
  }

  /** Those behind it are tried first from now on. */
  failed(destination: Destination): void {
    if (this.#destinations.length < 2 || this.#destinations[0] !== destination) return;
    this.#destinations = [...this.#destinations.slice(1), destination];
  }

  #ask(now: number): void {
    if (this.#asking) return;
    this.#asking = true;
    // Loaded for those only that have names here.
    process.getBuiltinModule("node:dns").lookup(this.#host, { all: true }, (error, found) => {
      this.#asking = false;
      if (error === null && found.length > 0) {
        // The same set keeps its order, and with it what `failed` has learnt.
        const before = this.#destinations;
        const isSame =
          before.length === found.length &&
          found.every(({ address }) => before.some((one) => one.address === address));
        if (!isSame) {
          this.#destinations = found.map(({ address }) => ({ address, port: this.#port }));
        }
        this.#freshUntil = now + FRESH_MS;
      }
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter(error ?? undefined, this.#destinations);
    });
  }
}

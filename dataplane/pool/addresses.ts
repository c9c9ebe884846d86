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

/**
 * Of `localhost`, from the system (RFC 6761 §6.3). It is one endpoint with both loopback addresses, as
 * a server there listens on one or the other.
 */
class LocalAddresses implements Addresses {
  readonly #name: LocalName;
  readonly #port: number;
  /** Which of the addresses comes first, as long as they are these. */
  #first = 0;
  #of: readonly string[] = [];

  constructor(host: string, port: number) {
    this.#name = LocalName.of(host);
    this.#port = port;
  }

  get(now: number, waiter: AddressWaiter): void {
    this.#name.get(now, (error) => waiter(error, this.#destinations()));
  }

  /** Those behind it are tried first from now on. */
  failed({ address }: Destination): void {
    const all = this.#addresses();
    if (all[this.#first] === address) this.#first = (this.#first + 1) % all.length;
  }

  #destinations(): Destination[] {
    const all = this.#addresses();
    return all.map((_, nth) => ({
      address: all[(this.#first + nth) % all.length]!,
      port: this.#port,
    }));
  }

  #addresses(): readonly string[] {
    const { addresses } = this.#name;
    if (addresses !== this.#of) {
      this.#of = addresses;
      this.#first = 0;
    }
    return addresses;
  }
}

/** How long an answer is used before it is asked for again. */
const FRESH_MS = 10_000;
/** Names that are remembered: `localhost`, and those below it. */
const LOCAL_NAMES_MAX = 1_000;

/** What the system says of a name, for all backends there. The last good answer is used on when a later one fails. */
class LocalName {
  /** The same array as long as they are the same addresses. */
  addresses: readonly string[] = [];
  readonly #host: string;
  #freshUntil = 0;
  #waiters: ((error: Error | undefined) => void)[] = [];
  #asking = false;

  constructor(host: string) {
    this.#host = host;
  }

  static of(host: string): LocalName {
    let name = NAMES.get(host);
    if (name === undefined) {
      if (NAMES.size >= LOCAL_NAMES_MAX) NAMES.clear();
      NAMES.set(host, (name = new LocalName(host)));
    }
    return name;
  }

  /** Calls back at once where there was an answer already. */
  get(now: number, waiter: (error: Error | undefined) => void): void {
    if (now >= this.#freshUntil) this.#ask(now);
    if (this.addresses.length > 0) waiter(undefined);
    else this.#waiters.push(waiter);
  }

  #ask(now: number): void {
    if (this.#asking) return;
    this.#asking = true;
    // Loaded for those only that have names here.
    process.getBuiltinModule("node:dns").lookup(this.#host, { all: true }, (error, found) => {
      this.#asking = false;
      if (error === null && found.length > 0) {
        const before = this.addresses;
        const isSame =
          before.length === found.length && found.every(({ address }) => before.includes(address));
        if (!isSame) this.addresses = found.map(({ address }) => address);
        this.#freshUntil = now + FRESH_MS;
      }
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter(error ?? undefined);
    });
  }
}

const NAMES = new Map<string, LocalName>();

/**
 * Addresses of one host name, from the system's resolver, kept for a while.
 *
 * The last good answer is used on when a later one fails: a name server that is down must not take
 * the backends with it.
 */
import { lookup } from "node:dns";
import { isIP } from "node:net";

/** How long an answer is used before it is asked for again. Node does not tell a record's TTL. */
const FRESH_MS = 10_000;

type Waiter = (error: Error | undefined, addresses: readonly string[]) => void;

export class Addresses {
  readonly #host: string;
  #addresses: readonly string[];
  #freshUntil: number;
  #waiters: Waiter[] = [];
  #asking = false;

  constructor(host: string) {
    this.#host = host;
    const literal = isIP(host) !== 0;
    this.#addresses = literal ? [host] : [];
    this.#freshUntil = literal ? Infinity : 0;
  }

  /** Calls back at once where an answer is known, fresh or not; else when there is one. */
  get(now: number, waiter: Waiter): void {
    if (now >= this.#freshUntil) this.#ask(now);
    if (this.#addresses.length > 0) waiter(undefined, this.#addresses);
    else this.#waiters.push(waiter);
  }

  /** An address did not answer: those behind it are tried first from now on. */
  demote(address: string): void {
    if (this.#addresses.length < 2 || this.#addresses[0] !== address) return;
    this.#addresses = [...this.#addresses.slice(1), address];
  }

  #ask(now: number): void {
    if (this.#asking) return;
    this.#asking = true;
    lookup(this.#host, { all: true }, (error, found) => {
      this.#asking = false;
      if (error === null && found.length > 0) {
        const before = this.#addresses;
        const addresses = found.map(({ address }) => address);
        // The same set keeps its order, and with it what `demote` has learnt.
        const same =
          before.length === addresses.length && addresses.every((one) => before.includes(one));
        if (!same) this.#addresses = addresses;
        this.#freshUntil = now + FRESH_MS;
      }
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter(error ?? undefined, this.#addresses);
    });
  }
}

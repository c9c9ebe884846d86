/**
 * Picks: which backend a request is sent to next, and to which it has been already.
 */
import type { Backend } from "../pool/backend.ts";
import { empty } from "../pool/balance/tier.ts";
import type { Pool } from "../pool/pool.ts";

export class Picks {
  /** What is picked for. */
  readonly request: { hash: number; sticky: number; tried: Backend[] } = {
    hash: 0,
    sticky: -1,
    tried: [],
  };
  /** What the last pick has to be settled with. */
  ticket = 0;
  #pool: Pool | undefined;
  #isPausing = false;

  /**
   * @param hash of the request's key; 0 where the pool does not hash
   * @param sticky the backend that the client is bound to; -1 is none
   */
  begin(pool: Pool, hash: number, sticky: number): void {
    const { request } = this;
    this.#pool = pool;
    request.hash = hash;
    request.sticky = sticky;
    empty(request.tried);
  }

  /** The next backend, one that was tried only where there is no other; undefined where there is none. */
  next(): Backend | undefined {
    const pool = this.#pool!;
    const backend = pool.pick(this.request);
    this.ticket = pool.ticket;
    return backend;
  }

  /** Between a failed attempt and the next one nothing else shows that the pool will be asked again. */
  setPausing(isPausing: boolean): void {
    if (this.#isPausing === isPausing) return;
    this.#isPausing = isPausing;
    this.#pool!.pauses += isPausing ? 1 : -1;
  }

  /** A backend that was not tried yet; undefined where there is none. */
  another(): Backend | undefined {
    const { tried } = this.request;
    if (tried.length >= this.#pool!.backends.length) return undefined;
    const backend = this.next();
    if (backend === undefined || !tried.includes(backend)) return backend;
    this.giveBack(backend);
    return undefined;
  }

  /** The backend of the last pick is not asked. */
  giveBack(backend: Backend): void {
    backend.settle("aborted", 0, this.ticket);
  }

  /** It was asked: others come first from now on, the one that the client is bound to, too. */
  tried(backend: Backend): void {
    const { request } = this;
    request.sticky = -1;
    if (!request.tried.includes(backend)) request.tried.push(backend);
  }

  /** The last pick has found none only because all have as many requests as they may. */
  get isPoolFull(): boolean {
    return this.#pool!.isFull;
  }
}

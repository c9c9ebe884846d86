/**
 * Turn: a request's wait for a place where every backend of its pool has as many requests as it may
 * have. It stands in the pool's queue until a place is its, or it has waited for long enough.
 */
import type { Account } from "../observation/account.ts";
import type { Backend } from "../pool/backend.ts";
import type { PickRequest } from "../pool/pick-request.ts";
import type { Pool } from "../pool/pool.ts";
import type { Ticket } from "../pool/state/breaker.ts";
import type { Waiter } from "../pool/waiting-queue.ts";

/** Whose turn it is. One of the two follows a wait that has begun and is not cancelled. */
export interface TurnUser {
  /** The pick counts already, and has to be settled. */
  onTurn(backend: Backend, ticket: Ticket): void;
  /** It has waited long enough, or its pool is gone. */
  onTurnMissed(): void;
}

export class Turn implements Waiter {
  readonly request: PickRequest;
  readonly #user: TurnUser;
  /** Where it waits; undefined while it does not. */
  #pool: Pool | undefined;
  #account: Account | undefined;

  /** @param request what is picked for; the same object for each of the user's requests */
  constructor(user: TurnUser, request: PickRequest) {
    this.#user = user;
    this.request = request;
  }

  /**
   * Begins to wait.
   *
   * @param account where it is noted for how long
   * @returns false where as many wait already as may
   */
  begin(pool: Pool, account: Account): boolean {
    if (!pool.wait(this)) return false;
    this.#pool = pool;
    this.#account = account;
    account.queued();
    return true;
  }

  /** It waits no more, if it does. */
  cancel(): void {
    this.#pool?.cancel(this);
    this.#end();
  }

  onBackend(backend: Backend, ticket: Ticket): void {
    this.#end();
    this.#user.onTurn(backend, ticket);
  }

  onTimeout(): void {
    this.#end();
    this.#user.onTurnMissed();
  }

  #end(): void {
    this.#account?.unqueued();
    this.#account = this.#pool = undefined;
  }
}

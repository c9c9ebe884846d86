/**
 * Dial: the way from a pool to a connection that stands. A backend that cannot be reached gives way to
 * the next one: nothing has been sent yet.
 */
import type { Backend } from "../pool/backend.ts";
import type { Outcome } from "../pool/outcome.ts";
import type { Pool } from "../pool/pool.ts";
import { NO_TICKET, type Ticket } from "../pool/state/breaker.ts";
import type {
  UpstreamConnection,
  UpstreamContext,
  UpstreamUser,
} from "../pool/upstream-connection.ts";
import type { Waiter } from "../pool/waiting-queue.ts";

/** Backends that are tried for one client. */
export const BACKENDS_MAX = 3;

export interface DialUser {
  /**
   * A connection stands, and is the user's from now on; so is the pick, of which only being in flight is
   * left to settle.
   */
  onDialled(upstream: UpstreamConnection, ticket: Ticket): void;
  /** There is none; nothing more is told. */
  onDialFailed(cause: "no-backend" | "connect-failure"): void;
  /** One backend could not be reached. */
  onUnreachable(backend: Backend, error: Error | undefined): void;
}

export class Dial implements UpstreamUser, Waiter {
  readonly request: { hash: number; sticky: number; tried: Backend[] };
  readonly #context: UpstreamContext;
  readonly #user: DialUser;
  readonly #pool: Pool;
  readonly #connectMs: number;
  #upstream: UpstreamConnection | undefined;
  #ticket: Ticket = NO_TICKET;
  #startedAt = 0;
  #isTimedOut = false;
  #isWaiting = false;

  /** @param hash of the client, where the pool hashes */
  constructor(
    context: UpstreamContext,
    user: DialUser,
    pool: Pool,
    hash: number,
    connectMs: number,
  ) {
    this.#context = context;
    this.#user = user;
    this.#pool = pool;
    this.#connectMs = connectMs;
    this.request = { hash, sticky: -1, tried: [] };
  }

  /** Begins; the user may be told at once. */
  start(): void {
    const pool = this.#pool;
    const backend = pool.pick(this.request);
    if (backend !== undefined) return this.#connect(backend, pool.ticket);
    if (pool.isFull && pool.wait(this)) this.#isWaiting = true;
    else this.#user.onDialFailed(this.request.tried.length > 0 ? "connect-failure" : "no-backend");
  }

  /** The client has gone. */
  cancel(): void {
    if (this.#isWaiting) this.#pool.cancel(this);
    this.#isWaiting = false;
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.#upstream = undefined;
    upstream.destroy();
    this.#settle(upstream.backend, "aborted");
  }

  onBackend(backend: Backend, ticket: Ticket): void {
    this.#isWaiting = false;
    this.#connect(backend, ticket);
  }

  onTimeout(): void {
    this.#isWaiting = false;
    this.#user.onDialFailed("no-backend");
  }

  onUpstreamConnected(): void {
    const upstream = this.#upstream!;
    this.#upstream = undefined;
    const latencyMs = performance.now() - this.#startedAt;
    this.#user.onDialled(upstream, upstream.backend.report("success", latencyMs, this.#ticket));
  }

  onUpstreamDeadline(): boolean {
    this.#isTimedOut = true;
    return true;
  }

  onUpstreamClosed(error: NodeJS.ErrnoException | undefined): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.#upstream = undefined;
    const { backend } = upstream;
    this.#settle(backend, this.#isTimedOut ? "timeout" : "connect-failure");
    const { tried } = this.request;
    tried.push(backend);
    this.#user.onUnreachable(backend, this.#isTimedOut ? new Error("timed out") : error);
    if (tried.length < BACKENDS_MAX) this.start();
    else this.#user.onDialFailed("connect-failure");
  }

  // Bytes come when the connection stands, and then it is another's.
  onResponseBytes(): void {}
  onUpstreamDrain(): void {}
  onUpstreamEnd(): boolean {
    return false;
  }

  #connect(backend: Backend, ticket: Ticket): void {
    this.#ticket = ticket;
    // Where no other is left a pool gives one that was tried.
    if (this.request.tried.includes(backend)) {
      this.#settle(backend, "aborted");
      return this.#user.onDialFailed("connect-failure");
    }
    this.#startedAt = performance.now();
    this.#isTimedOut = false;
    const upstream = (this.#upstream = backend.take(this.#context, true));
    upstream.assign(this);
    // One deadline for the name and all of its addresses.
    if (this.#upstream === upstream) {
      upstream.deadline = this.#context.deadlines.in(this.#connectMs);
    }
  }

  #settle(backend: Backend, outcome: Outcome): void {
    backend.settle(outcome, performance.now() - this.#startedAt, this.#ticket);
  }
}

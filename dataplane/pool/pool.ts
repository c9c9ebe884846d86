/**
 * Pool: the backends of a service, and which of them is to have the next request. It lives as long as its
 * key is in use, over any number of generations: connections stay, and what is known of its backends lies
 * in memory that all workers share.
 */
import { cryptoModule } from "../../artifact/crypto-module.ts";
import type { PoolPolicy } from "../../artifact/model.ts";
import { RetryBudget } from "../http/retry-budget.ts";
import type { Backend } from "./backend.ts";
import type { Balancer, BalancerContext } from "./balance/balancer.ts";
import { BALANCERS } from "./balance/balancers.ts";
import { empty, Tier } from "./balance/tier.ts";
import type { Names } from "./endpoints.ts";
import { type BackendSpec, Members, type MembersHome } from "./members.ts";
import type { PickRequest } from "./pick-request.ts";
import type { PoolEvent } from "./pool-events.ts";
import { Roster, type RosterHome } from "./roster.ts";
import { type Rules, rulesOf } from "./rules.ts";
import { NO_TICKET, type Ticket } from "./state/breaker.ts";
import { identityOf } from "./state/identity.ts";
import { PoolSlot } from "./state/pool-slot.ts";
import type { PoolState } from "./state/pool-state.ts";
import { type Waiter, WaitingQueue } from "./waiting-queue.ts";

/** What a generation says of a pool. */
export interface PoolSpec {
  key: string;
  /** Stands before the backend's URL in logs and metrics. */
  label: string;
  policy: PoolPolicy;
  /** Maglev table of positions in `backends`; empty where the algorithm needs none. */
  table: ArrayLike<number>;
  backends: BackendSpec[];
}

/** What pools need of the worker they live in. */
export interface PoolContext {
  readonly state: PoolState;
  readonly names: Names;
  /** Something has become of a backend, and this worker has brought it about. */
  tell(event: PoolEvent): void;
  random(): number;
}

export class Pool implements MembersHome, BalancerContext, RosterHome {
  readonly key: string;
  label = "";
  rules: Rules;
  /** As `Members` has them: they are looked at for every request. */
  backends: Backend[] = NONE;
  /** What the last pick was admitted with: to be settled with. */
  ticket: Ticket = NO_TICKET;
  /** The last pick failed only because every backend has as many requests as it may: wait, or give up. */
  isFull = false;
  /** It was asked for since somebody set this to false. */
  wasUsed = true;
  /** It is let go: nobody gets a backend of it any more. */
  isClosed = false;
  /** Deliveries that will pick again and have no pick meanwhile. */
  pauses = 0;
  /** The last generation that has used it. */
  generation = 0;
  table: ArrayLike<number> = [];
  /** What retries of this worker may add to the pool's load. */
  readonly retryBudget: RetryBudget;
  readonly #context: PoolContext;
  readonly slot: PoolSlot;
  readonly #members: Members = new Members(this);
  readonly #roster: Roster = new Roster(this);
  /** Made when somebody waits for the first time. */
  #queue: WaitingQueue | undefined;
  #balancer: Balancer;
  /** The count of changes that the roster was made at; undefined where it has to be made. */
  #madeAt: number | undefined;
  /** Position by what cookies name a backend by; undefined where there are no cookies. */
  #tags: Map<string, number> | undefined;

  constructor(spec: PoolSpec, context: PoolContext) {
    const { state } = context;
    this.key = spec.key;
    this.retryBudget = new RetryBudget(state.memory.workers);
    this.rules = rulesOf(spec.policy);
    this.#context = context;
    this.slot = new PoolSlot(state.memory, state.acquire(identityOf(spec.key)));
    this.#balancer = new BALANCERS[spec.policy.algorithm](this);
    this.update(spec);
  }

  get state(): PoolState {
    return this.#context.state;
  }

  get names(): Names {
    return this.#context.names;
  }

  get policy(): PoolPolicy {
    return this.rules.policy;
  }

  /** Whether picks need the hash that the policy speaks of. */
  get usesHash(): boolean {
    const { algorithm } = this.policy;
    return algorithm === "consistent-hash" || algorithm === "ip-hash";
  }

  /** Follows a new generation: same URLs stay the same backends, those not named are removed. */
  update(spec: PoolSpec): void {
    const { algorithm } = this.policy;
    this.label = spec.label;
    this.table = spec.table;
    this.rules = rulesOf(spec.policy);
    if (this.policy.algorithm !== algorithm) {
      this.#balancer = new BALANCERS[this.policy.algorithm](this);
    }
    this.#members.update(spec.backends);
  }

  /**
   * The backend for a request; undefined where there is none. The pick counts: it has to be settled with
   * `ticket`.
   */
  pick(request: PickRequest): Backend | undefined {
    this.wasUsed = true;
    const tier = this.#plainTier();
    if (tier !== undefined && request.sticky < 0 && request.tried.length === 0) {
      const backend = tier.members[this.#balancer.choose(tier, request.hash)]!;
      this.ticket = backend.enterPlainly();
      if (this.ticket !== NO_TICKET) {
        this.isFull = false;
        return backend;
      }
    }
    return this.#pickCarefully(request, false);
  }

  /** As `pick`, for a request that has waited for its turn. */
  pickForWaiter(request: PickRequest): Backend | undefined {
    this.#plainTier();
    return this.#pickCarefully(request, true);
  }

  /** Waits for a place at any backend; false where as many wait as may. */
  wait(waiter: Waiter): boolean {
    const { waitersMax, timeoutMs } = this.policy.queue;
    this.#queue ??= new WaitingQueue(this.slot, this);
    return this.#queue.add(waiter, waitersMax, timeoutMs);
  }

  /** It waits no more. */
  cancel(waiter: Waiter): void {
    this.#queue?.cancel(waiter);
  }

  /** What a cookie names a backend by: the same in all workers and over reloads, and it tells nothing. */
  stickyTagOf(backend: Backend): string {
    return tagOf(backend.identity);
  }

  /** The position of the backend that a cookie names; -1 where there is none. */
  backendOfTag(tag: string): number {
    return this.#tags?.get(tag) ?? -1;
  }

  /**
   * Nothing would be missed if it were closed now and made anew when it is asked for: nobody has a request
   * in it or will send one again, nobody waits, no connection is kept, and all that is known of its backends
   * stays known without it.
   */
  get isForgettable(): boolean {
    if (this.pauses > 0 || this.#queue?.isUsed === true) return false;
    const now = this.now();
    return this.backends.every((backend) => backend.isForgettable(now));
  }

  /** Closes all idle connections; the pool is not used any more. */
  close(): void {
    this.isClosed = true;
    this.#queue?.close();
    this.#members.close();
    this.state.release(this.slot.slot);
  }

  // --- for its members and balancer --------------------------------------------------------------

  membersChanged(): void {
    const { backends } = this.#members;
    this.backends = backends;
    this.#tags =
      this.policy.sticky === undefined
        ? undefined
        : new Map(backends.map((backend) => [tagOf(backend.identity), backend.index]));
    this.#madeAt = undefined;
  }

  get endpointsAt(): readonly number[] {
    return this.#members.endpointsAt;
  }

  mayEject(): boolean {
    return this.#ejected() < this.#ejectedMax();
  }

  get isOverEjected(): boolean {
    return this.#ejected() > this.#ejectedMax();
  }

  placeFree(): void {
    this.#queue?.placeFree();
  }

  tell(event: PoolEvent): void {
    this.#context.tell(event);
  }

  returned(backend: Backend): void {
    this.state.memory.changed();
    this.tell({ kind: "returned", backendId: backend.id });
  }

  turn(): number {
    return this.slot.turn();
  }

  random(): number {
    return this.#context.random();
  }

  now(): number {
    return this.state.memory.now();
  }

  get boundedLoadPercent(): number {
    return this.policy.boundedLoadPercent;
  }

  // --- picking -----------------------------------------------------------------------------------

  /** Brings the roster up to date. The first tier, where it may be chosen from without a closer look. */
  #plainTier(): Tier | undefined {
    const { memory } = this.#context.state;
    const { changes } = memory;
    const roster = this.#roster;
    if (changes !== this.#madeAt || (roster.dueAt !== undefined && memory.now() >= roster.dueAt)) {
      // What changes meanwhile is seen at the next pick.
      this.#madeAt = changes;
      roster.make(this.backends, this.policy, memory.now());
    }
    const tier = roster.tiers[0];
    return tier !== undefined && tier.isPlain ? tier : undefined;
  }

  #pickCarefully(request: PickRequest, hasWaited: boolean): Backend | undefined {
    const { tiers } = this.#roster;
    this.isFull = false;
    this.ticket = NO_TICKET;
    // Nobody overtakes those who wait.
    if (!hasWaited && tiers.length > 0 && this.slot.waiting > 0) {
      this.isFull = true;
      return undefined;
    }
    const { sticky, tried } = request;
    const bound = this.backends[sticky];
    if (bound !== undefined && !tried.includes(bound)) {
      for (const { positions } of tiers) {
        if (positions[sticky] !== -1 && this.#enters(bound)) return bound;
      }
    }
    for (const tier of tiers) {
      const backend = this.#pickFrom(tier, tried, request.hash);
      if (backend !== undefined) return backend;
    }
    if (tried.length === 0) return undefined;
    for (const tier of tiers) {
      const backend = this.#pickFrom(tier, NONE, request.hash);
      if (backend !== undefined) return backend;
    }
    return undefined;
  }

  #pickFrom(tier: Tier, avoided: readonly Backend[], hash: number): Backend | undefined {
    empty(refused);
    for (const backend of avoided) refused.push(backend);
    let left = tier;
    if (refused.length > 0) {
      left = scratch;
      left.copy(tier, refused);
    }
    while (left.members.length > 0) {
      const backend = left.members[this.#balancer.choose(left, hash)]!;
      if (this.#enters(backend)) {
        this.isFull = false;
        return backend;
      }
      refused.push(backend);
      left = scratch;
      left.copy(tier, refused);
    }
    return undefined;
  }

  #enters(backend: Backend): boolean {
    if (!backend.takePlace()) {
      this.isFull = true;
      return false;
    }
    this.ticket = backend.enter(this.state.memory.now());
    return this.ticket !== NO_TICKET;
  }

  #ejected(): number {
    let ejected = 0;
    for (const { ejection } of this.backends) if (ejection.isOut) ejected++;
    return ejected;
  }

  #ejectedMax(): number {
    const percent = this.policy.passive?.ejectedPercentMax ?? 0;
    return Math.floor((this.backends.length * percent) / 100);
  }
}

/** Of pools without backends, and of requests that have tried none; nothing is ever put into it. */
const NONE: Backend[] = [];
/** What a tier becomes of which members are taken out, and those; for one pick of the thread at a time. */
const scratch = new Tier();
const refused: Backend[] = [];
/** 96 bits: enough that nobody meets a tag by chance. */
const TAG_CHARACTERS = 16;

function tagOf(identity: string): string {
  return cryptoModule()
    .createHash("sha256")
    .update(identity)
    .digest("base64url")
    .slice(0, TAG_CHARACTERS);
}

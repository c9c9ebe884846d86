/**
 * Backend: one place requests can be sent to, as one worker sees it: its idle connections here, and a hand
 * on what all workers know of it.
 */
import {
  type BackendAddress,
  defaultPort,
  formatAuthority,
  formatBackendUrl,
} from "../../artifact/address.ts";
import type { BackendMeter } from "../metrics/backend-meter.ts";
import { type Addresses, addressesOf } from "./addresses.ts";
import {
  type Endpoint,
  endpointAddress,
  endpointKey,
  hostKind,
  type NameWatch,
} from "./endpoints.ts";
import { failsBreaker, failsPassive, type Outcome } from "./outcome.ts";
import type { PoolEvent } from "./pool-events.ts";
import type { Rules } from "./rules.ts";
import { BackendSlot } from "./state/backend-slot.ts";
import {
  Breaker,
  type BreakerState,
  FREE_TICKET,
  NO_TICKET,
  type Ticket,
} from "./state/breaker.ts";
import { isAsNew } from "./state/as-new.ts";
import { Ejection } from "./state/ejection.ts";
import { backendId, identityOf } from "./state/identity.ts";
import { observeFailure, observeLatency } from "./state/latency.ts";
import type { PoolState } from "./state/pool-state.ts";
import { type UpstreamContext, UpstreamConnection } from "./upstream-connection.ts";

/** Idle connections kept to one backend by one worker. */
const IDLE_CONNECTIONS_MAX = 1_024;

/** The pool of a backend, as far as a backend is concerned. */
export interface BackendHome {
  readonly key: string;
  /** Stands before the backend's URL in logs and metrics. */
  readonly label: string;
  readonly state: PoolState;
  readonly rules: Rules;
  /** One more of its backends may be ejected. */
  mayEject(): boolean;
  /** It has become wrong: more are ejected than may be. */
  readonly isOverEjected: boolean;
  /** Somebody who waits may have its place. */
  placeFree(): void;
  tell(event: PoolEvent): void;
}

/** Where the host of a backend is a name. */
interface BackendName {
  /** As the configuration has it. */
  written: BackendAddress;
  watch: NameWatch;
  /** Which of the name's it is; undefined where it stands for the name until there is an answer. */
  endpoint: Endpoint | undefined;
  /** What is known of the name of an endpoint: who takes that out takes out all of them. */
  slot: BackendSlot | undefined;
}

export class Backend {
  readonly address: BackendAddress;
  /** Put before every path. */
  readonly pathPrefix: Buffer;
  readonly slot: BackendSlot;
  weight = 1;
  priority = 0;
  /** Requests in flight that all workers together may have; 0 is no limit. */
  connectionsMax = 0;
  /** Its position among its pool's. */
  index = 0;
  /** What counts for it in this worker, from its first request on. */
  meter: BackendMeter | undefined;
  /** No generation names it any more: connections are not kept. */
  isRemoved = false;
  /** Picks that have not been settled. */
  #underWay = 0;
  readonly #home: BackendHome;
  /** Undefined where its host is an address, or `localhost`. */
  readonly #name: BackendName | undefined;
  #idle: UpstreamConnection[] = NONE;
  // Made when they are needed: of most backends of most pools some never are.
  #id: string | undefined;
  #authority: Buffer | undefined;
  #addresses: Addresses | undefined;
  #breaker: Breaker | undefined;
  #ejection: Ejection | undefined;

  /**
   * @param written as the configuration has it
   * @param watch of its host, where that is a name
   * @param endpoint which of the name's it is; left out, it stands for the name until there is an answer
   */
  constructor(home: BackendHome, written: BackendAddress, watch?: NameWatch, endpoint?: Endpoint) {
    this.#home = home;
    this.#name = watch && { written, watch, endpoint, slot: undefined };
    const address = (this.address = endpointAddress(written, endpoint));
    this.pathPrefix = address.path === "" ? NO_BYTES : Buffer.from(address.path);
    const { state, key } = home;
    this.slot = new BackendSlot(state.memory, state.acquire(this.identity));
    if (this.#name !== undefined && endpoint !== undefined) {
      const slot = state.acquire(identityOf(key, this.url));
      this.#name.slot = new BackendSlot(state.memory, slot);
    }
  }

  /** As the configuration has it, in one spelling. */
  get url(): string {
    return formatBackendUrl(this.#name?.written ?? this.address);
  }

  /** By which every thread knows it. */
  get identity(): string {
    return identityOf(this.#home.key, this.url, this.#endpointKey);
  }

  get #endpointKey(): string {
    const endpoint = this.#name?.endpoint;
    return endpoint === undefined ? "" : endpointKey(endpoint);
  }

  /** What it is called in logs and metrics. */
  get id(): string {
    return (this.#id ??= this.#makeId());
  }

  #makeId(): string {
    const id = backendId(this.#home.label, this.url, this.#endpointKey);
    // In one piece: what was put together takes three times as much as long as nobody reads it.
    return Buffer.from(id).toString();
  }

  /** Metrics and logs call it by its pool's label, which may have changed. */
  identify(): void {
    if (this.#id === undefined || this.#id === this.#makeId()) return;
    this.#id = undefined;
    this.meter = undefined;
  }

  /** As the Host field has it. */
  get authority(): Buffer {
    return (this.#authority ??= this.#makeAuthority());
  }

  #makeAuthority(): Buffer {
    const { address } = this;
    // Ports of SRV records are theirs, not the service's: a request may be written before they are known.
    const isService = this.#name !== undefined && hostKind(this.#name.written.host) === "service";
    const port = isService ? defaultPort(address.scheme) : address.port;
    return Buffer.from(formatAuthority({ ...address, port }));
  }

  get addresses(): Addresses {
    return (this.#addresses ??= addressesOf(this.address, this.#name?.watch, this.#name?.endpoint));
  }

  get breaker(): Breaker {
    return (this.#breaker ??= new Breaker(this.slot));
  }

  get ejection(): Ejection {
    return (this.#ejection ??= new Ejection(this.slot));
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
    if (this.#idle === NONE) this.#idle = [connection];
    else this.#idle.push(connection);
    return true;
  }

  /** An idle connection has closed. */
  forget(connection: UpstreamConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at === -1) return;
    this.#idle.splice(at, 1);
    // It was the last one, and there was no request for a while.
    if (this.#idle.length === 0) this.#idle = NONE;
  }

  /** Closes what is idle; what is busy closes when its exchange ends. */
  remove(): void {
    if (this.isRemoved) return;
    this.isRemoved = true;
    const idle = this.#idle;
    this.#idle = NONE;
    for (const connection of idle) connection.destroy();
    if (this.#underWay === 0) this.#letGo();
  }

  /** An operator has taken it out, or all endpoints of its name. */
  get isDraining(): boolean {
    return this.slot.isDraining || this.#name?.slot?.isDraining === true;
  }

  /**
   * Nothing would be missed if it were forgotten: it has neither requests nor connections, and what all
   * workers know of it stays as long as its artifact names it. An endpoint of a name is named by none.
   */
  isForgettable(now: number): boolean {
    if (this.#underWay > 0 || this.#idle.length > 0) return false;
    return this.#name?.endpoint === undefined || isAsNew(this.slot, this.#home.rules.policy, now);
  }

  /** Requests in flight of all workers. */
  get inFlight(): number {
    return this.slot.inFlight;
  }

  get breakerState(): BreakerState {
    return this.#home.rules.policy.breaker === undefined ? "closed" : this.breaker.state;
  }

  /** What an answer with this status is to be settled with. */
  outcomeOf(status: number): Outcome {
    return this.#home.rules.outcomeOf(status);
  }

  /**
   * Begins a request where nothing speaks against the backend, its limits or its breaker.
   *
   * @returns the ticket; NO_TICKET where it must be looked at more closely
   */
  enterPlainly(): Ticket {
    this.slot.enter();
    if (this.#home.rules.policy.breaker === undefined) {
      this.#underWay++;
      return FREE_TICKET;
    }
    const { breaker } = this;
    const ticket = breaker.word;
    if (breaker.isClosed) {
      this.#underWay++;
      return ticket;
    }
    this.slot.leave();
    return NO_TICKET;
  }

  /**
   * Begins a request if the breaker admits it. The caller has seen to it that there is a place.
   *
   * @returns the ticket; NO_TICKET where it is refused
   */
  enter(now: number): Ticket {
    const policy = this.#home.rules.policy.breaker;
    if (policy === undefined) {
      this.#underWay++;
      return FREE_TICKET;
    }
    const ticket = this.breaker.admit(policy, now);
    if (this.breaker.transition !== undefined) this.#tellBreaker();
    if (ticket === NO_TICKET) this.slot.leave();
    else this.#underWay++;
    return ticket;
  }

  /** A place among the `connectionsMax`, before `enter`; false where there is none. */
  takePlace(): boolean {
    if (this.connectionsMax > 0) return this.slot.enterBelow(this.connectionsMax);
    this.slot.enter();
    return true;
  }

  /**
   * Ends a request that was picked. Exactly once for each pick, whatever has happened.
   *
   * @param latencyMs until the answer's head, or until it failed
   * @param ticket the pick's, or what `report` has made of it
   */
  settle(outcome: Outcome, latencyMs: number, ticket: Ticket): void {
    if (ticket !== NO_TICKET) this.report(outcome, latencyMs, ticket);
    this.slot.leave();
    this.#underWay--;
    if (this.connectionsMax > 0) this.#home.placeFree();
    if (this.isRemoved && this.#underWay === 0) this.#letGo();
  }

  /**
   * Tells how a request has ended that goes on all the same, as a tunnel or a long body does: only its
   * being in flight is left to settle, with the ticket that this returns.
   */
  report(outcome: Outcome, latencyMs: number, ticket: Ticket): Ticket {
    const { breaker: policy, passive, algorithm } = this.#home.rules.policy;
    if (outcome !== "aborted") {
      if (policy !== undefined) {
        if (failsBreaker(outcome)) this.breaker.failed(policy, ticket);
        else this.breaker.succeeded(policy, ticket);
        if (this.breaker.transition !== undefined) this.#tellBreaker();
      }
      if (algorithm === "ewma") this.#observe(outcome, latencyMs);
      if (passive !== undefined) {
        const reason = this.ejection.observe(passive, failsPassive(outcome));
        if (reason !== undefined) this.#eject(reason);
      }
    }
    this.breaker.leave(ticket);
    return NO_TICKET;
  }

  #observe(outcome: Outcome, latencyMs: number): void {
    const now = this.slot.memory.now();
    if (outcome === "success") observeLatency(this.slot, latencyMs, now);
    else observeFailure(this.slot, latencyMs, now);
  }

  #eject(reason: "consecutive failures" | "failure rate"): void {
    const home = this.#home;
    const { passive } = home.rules.policy;
    if (passive === undefined || !home.mayEject()) return;
    const forMs = this.ejection.eject(passive, this.slot.memory.now());
    if (forMs === 0) return;
    // Another worker may have ejected another one in the same instant.
    if (home.isOverEjected) {
      this.ejection.revert();
      return;
    }
    this.slot.memory.changed();
    home.tell({ kind: "ejected", backendId: this.id, forMs, total: this.ejection.total, reason });
  }

  #tellBreaker(): void {
    const policy = this.#home.rules.policy.breaker!;
    const { transition } = this.breaker;
    const backendId = this.id;
    this.slot.memory.changed();
    if (transition === "opened") {
      const { failureThreshold } = policy;
      this.#home.tell({ kind: "breaker-opened", backendId, failureThreshold });
    } else if (transition === "half-open") {
      this.#home.tell({ kind: "breaker-half-open", backendId, timeoutMs: policy.timeoutMs });
    } else {
      // It comes back as a new one does.
      this.slot.upSince = this.slot.memory.now();
      const { successThreshold } = policy;
      this.#home.tell({ kind: "breaker-closed", backendId, successThreshold });
    }
  }

  #letGo(): void {
    this.#home.state.release(this.slot.slot);
    const named = this.#name?.slot;
    if (named !== undefined) this.#home.state.release(named.slot);
  }
}

/** Of backends without idle connections; nothing is ever put into it. */
const NONE: UpstreamConnection[] = [];
const NO_BYTES = Buffer.alloc(0);

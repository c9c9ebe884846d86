/**
 * Runtime: what all connections of one worker share. The generation in use is swapped here, and
 * nowhere else.
 */
import type { Limits } from "../artifact/model.ts";
import { ConnectionCounter, ConnectionCounts } from "./connection-counts.ts";
import { Deadlines } from "./deadlines.ts";
import type { AdminRoute } from "./admin/admin-route.ts";
import type { Generation } from "./generation.ts";
import { Decision } from "./http/decision.ts";
import { FailureLog, type RequestFailure } from "./http/failure-log.ts";
import { KeptRequests } from "./http/kept-request.ts";
import { Output } from "./http/output.ts";
import { RequestHead } from "./http/request-head.ts";
import { ResponseHead } from "./http/response-head.ts";
import { ReadBuffers } from "./http/wire.ts";
import { RESPONSE_HEAD } from "./limits.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { Observer } from "./observation/observer.ts";

/** A client's connection, as far as ending all of them is concerned. */
export interface Client {
  /** How long it has been without a request; -1 where it has one. Milliseconds. */
  readonly idleMs: number;
  close(): void;
  cut(): void;
}

export class Runtime {
  generation: Generation;
  /** The generation's limits; a target is never longer than a head. */
  limits: Limits;
  isDraining = false;
  readonly connections: ConnectionCounter;
  /** What is noted of the exchanges. */
  readonly observer: Observer;
  readonly deadlines: Deadlines = new Deadlines();
  readonly wheel: TimerWheel = new TimerWheel();
  readonly failures: FailureLog<RequestFailure> = new FailureLog(({ service }) => service);
  readonly kept: KeptRequests = new KeptRequests();
  readonly buffers: ReadBuffers = new ReadBuffers();
  readonly clients: Set<Client> = new Set();
  /** Scratch of the request that is being handled; valid until the next one is. */
  readonly output: Output = new Output();
  requestHead: RequestHead;
  readonly responseHead: ResponseHead = new ResponseHead(RESPONSE_HEAD);
  path: Buffer;
  /** Where what operators ask is answered. */
  admin: AdminRoute | undefined;
  readonly decision: Decision = new Decision(this);
  /** Told each time a client's connection has gone. */
  onClientGone: () => void = () => {};

  /**
   * @param connections this worker's count of connections; left out, it is the only worker
   * @param observer left out, nobody is told
   */
  constructor(
    generation: Generation,
    connections = new ConnectionCounter(ConnectionCounts.create(1), 0),
    observer = Observer.alone(),
  ) {
    this.generation = generation;
    this.observer = observer;
    observer.serve(generation);
    this.connections = connections;
    this.limits = limitsOf(generation);
    this.requestHead = new RequestHead(this.limits);
    this.path = Buffer.allocUnsafeSlow(this.limits.targetBytesMax);
    this.#setRules();
  }

  /**
   * From now on every head that becomes complete is read within the limits of `generation` and served
   * by it. Nothing of a head outlives the call that has read it, so what reads heads can be replaced.
   */
  serve(generation: Generation): void {
    this.generation = generation;
    this.observer.serve(generation);
    const before = this.limits;
    const limits = (this.limits = limitsOf(generation));
    const isSame =
      limits.headBytesMax === before.headBytesMax &&
      limits.fieldsMax === before.fieldsMax &&
      limits.targetBytesMax === before.targetBytesMax;
    if (!isSame) {
      this.requestHead = new RequestHead(limits);
      this.path = Buffer.allocUnsafeSlow(limits.targetBytesMax);
    }
    this.#setRules();
  }

  /** What heads are read by besides limits. */
  #setRules(): void {
    const { underscores } = this.generation.settings;
    this.requestHead.fields.underscores = underscores;
    this.responseHead.fields.underscores = underscores;
  }
}

function limitsOf({ settings: { limits } }: Generation): Limits {
  return { ...limits, targetBytesMax: Math.min(limits.targetBytesMax, limits.headBytesMax) };
}

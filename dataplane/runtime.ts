/**
 * Runtime: what all connections of one worker share. The generation in use is swapped here, and
 * nowhere else.
 */
import { Deadlines } from "./deadlines.ts";
import { type Generation } from "./generation.ts";
import { Decision } from "./http/decision.ts";
import { Output } from "./http/output.ts";
import { RequestHead } from "./http/request-head.ts";
import { ResponseHead } from "./http/response-head.ts";
import { ReadBuffers } from "./http/wire.ts";
import { REQUEST_HEAD, RESPONSE_HEAD } from "./limits.ts";

/** A client's connection, as far as ending all of them is concerned. */
export interface Client {
  /** How long it has been without a request; -1 where it has one. Milliseconds. */
  readonly idleMs: number;
  close(): void;
  cut(): void;
}

export class Runtime {
  generation: Generation;
  isDraining = false;
  readonly limits: typeof REQUEST_HEAD = REQUEST_HEAD;
  readonly deadlines: Deadlines = new Deadlines();
  readonly buffers: ReadBuffers = new ReadBuffers();
  readonly clients: Set<Client> = new Set();
  /** Scratch of the request that is being handled; valid until the next one is. */
  readonly output: Output = new Output();
  readonly requestHead: RequestHead = new RequestHead(REQUEST_HEAD);
  readonly responseHead: ResponseHead = new ResponseHead(RESPONSE_HEAD);
  readonly path: Buffer = Buffer.allocUnsafeSlow(REQUEST_HEAD.targetBytesMax);
  readonly decision: Decision = new Decision(this);
  /** Told each time a client's connection has gone. */
  onClientGone: () => void = () => {};

  constructor(generation: Generation) {
    this.generation = generation;
  }
}

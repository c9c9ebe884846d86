/**
 * Least connections: the backend with the fewest requests under way; among equals, one after the
 * other. It counts this worker's requests.
 */
import { type Backend } from "../backend.ts";
import { type Balancer } from "./balancer.ts";

export class LeastConnections implements Balancer {
  #backends: readonly Backend[] = [];
  #turn: number;

  constructor(start: number) {
    this.#turn = start - 1;
  }

  update(backends: readonly Backend[]): void {
    this.#backends = backends;
  }

  pick(): Backend | undefined {
    const count = this.#backends.length;
    if (count === 0) return undefined;
    this.#turn = (this.#turn + 1) % count;
    let least = this.#backends[this.#turn]!;
    for (let i = 1; i < count && least.inFlight > 0; i++) {
      const backend = this.#backends[(this.#turn + i) % count]!;
      if (backend.inFlight < least.inFlight) least = backend;
    }
    return least;
  }
}

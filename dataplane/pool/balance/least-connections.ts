/**
 * Least connections: the backend with the fewest requests under way; among equals, one after the
 * other. It counts this worker's requests.
 */
import { type Backend } from "../backend.ts";
import { type Turn } from "../turns.ts";
import { type Balancer } from "./balancer.ts";

export class LeastConnections implements Balancer {
  #backends: readonly Backend[] = [];
  #turn: Turn | undefined;

  update(backends: readonly Backend[], turn: Turn): void {
    this.#backends = backends;
    this.#turn = turn;
  }

  pick(): Backend | undefined {
    const count = this.#backends.length;
    if (count === 0) return undefined;
    const first = this.#turn!.next(count);
    let least = this.#backends[first]!;
    for (let i = 1; i < count && least.inFlight > 0; i++) {
      const backend = this.#backends[(first + i) % count]!;
      if (backend.inFlight < least.inFlight) least = backend;
    }
    return least;
  }
}

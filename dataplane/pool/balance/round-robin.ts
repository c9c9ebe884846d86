/**
 * Round robin: one after the other, for all workers together.
 */
import { type Backend } from "../backend.ts";
import { type Turn } from "../turns.ts";
import { type Balancer } from "./balancer.ts";

export class RoundRobin implements Balancer {
  #backends: readonly Backend[] = [];
  #turn: Turn | undefined;

  update(backends: readonly Backend[], turn: Turn): void {
    this.#backends = backends;
    this.#turn = turn;
  }

  pick(): Backend | undefined {
    const count = this.#backends.length;
    return count === 0 ? undefined : this.#backends[this.#turn!.next(count)];
  }
}

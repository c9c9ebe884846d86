/**
 * Round robin: one after the other.
 */
import { type Backend } from "../backend.ts";
import { type Balancer } from "./balancer.ts";

export class RoundRobin implements Balancer {
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
    return this.#backends[this.#turn];
  }
}

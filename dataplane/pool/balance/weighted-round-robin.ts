/**
 * Smooth weighted round robin, as nginx does it: every backend gains its weight each turn, the richest
 * is picked and pays the sum. Over a full round each is picked exactly as often as its weight says, and
 * the heavy ones are spread over it.
 */
import { type Backend } from "../backend.ts";
import { type Balancer } from "./balancer.ts";

export class WeightedRoundRobin implements Balancer {
  #shares: { backend: Backend; credit: number }[] = [];
  #sum = 0;

  update(backends: readonly Backend[]): void {
    const before = new Map(this.#shares.map(({ backend, credit }) => [backend, credit]));
    this.#shares = backends.map((backend) => ({ backend, credit: before.get(backend) ?? 0 }));
    this.#sum = backends.reduce((sum, { weight }) => sum + weight, 0);
  }

  pick(): Backend | undefined {
    let richest: { backend: Backend; credit: number } | undefined;
    for (const share of this.#shares) {
      share.credit += share.backend.weight;
      if (richest === undefined || share.credit > richest.credit) richest = share;
    }
    if (richest !== undefined) richest.credit -= this.#sum;
    return richest?.backend;
  }
}

/**
 * Pool: the backends of a service and whose turn it is. It lives as long as its key is in use, over
 * any number of generations: connections and positions stay.
 */
import { type BackendAddress, formatBackendUrl } from "../../artifact/address.ts";
import { type Algorithm } from "../../artifact/model.ts";
import { Backend } from "./backend.ts";
import { type Balancer } from "./balance/balancer.ts";
import { BALANCERS } from "./balance/balancers.ts";
import { type Turn } from "./turns.ts";

/** What a generation says of a pool. */
export interface PoolSpec {
  key: string;
  algorithm: Algorithm;
  turn: Turn;
  backends: { address: BackendAddress; weight: number }[];
}

export class Pool {
  backends: readonly Backend[] = [];
  #algorithm: Algorithm;
  #balancer: Balancer;

  constructor(spec: PoolSpec) {
    this.#algorithm = spec.algorithm;
    this.#balancer = new BALANCERS[spec.algorithm]();
    this.update(spec);
  }

  /** Follows a new generation: same URLs stay the same backends, those not named are removed. */
  update(spec: PoolSpec): void {
    const before = new Map(this.backends.map((backend) => [backend.url, backend]));
    this.backends = spec.backends.map(({ address, weight }) => {
      const url = formatBackendUrl(address);
      const backend = before.get(url) ?? new Backend(address);
      before.delete(url);
      backend.weight = weight;
      return backend;
    });
    for (const backend of before.values()) backend.remove();
    if (this.#algorithm !== spec.algorithm) {
      this.#algorithm = spec.algorithm;
      this.#balancer = new BALANCERS[spec.algorithm]();
    }
    this.#balancer.update(this.backends, spec.turn);
  }

  /** The backend for the next request. Undefined where there is none. */
  pick(): Backend | undefined {
    return this.#balancer.pick();
  }

  /** Closes all idle connections; the pool is not used any more. */
  close(): void {
    for (const backend of this.backends) backend.remove();
    this.backends = [];
  }
}

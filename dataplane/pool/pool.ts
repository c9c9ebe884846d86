/**
 * Pool: the backends of a service and whose turn it is. It lives as long as its key is in use, over
 * any number of generations: connections and positions stay.
 */
import { type BackendAddress, formatBackendUrl } from "../../artifact/address.ts";
import { type Algorithm } from "../../artifact/model.ts";
import { Backend } from "./backend.ts";
import { type Balancer } from "./balance/balancer.ts";
import { createBalancer } from "./balance/balancers.ts";

/** What a generation says of a pool. */
export interface PoolSpec {
  key: string;
  algorithm: Algorithm;
  backends: { address: BackendAddress; weight: number }[];
}

export class Pool {
  backends: readonly Backend[] = [];
  readonly #start: number;
  #algorithm: Algorithm;
  #balancer: Balancer;

  /** @param start where rounds begin; workers begin apart, so that few requests spread too */
  constructor(spec: PoolSpec, start: number) {
    this.#start = start;
    this.#algorithm = spec.algorithm;
    this.#balancer = createBalancer(spec.algorithm, start);
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
      this.#balancer = createBalancer(spec.algorithm, this.#start);
    }
    this.#balancer.update(this.backends);
  }

  /** The backend for the next request. Undefined where there is none. */
  pick(): Backend | undefined {
    return this.#balancer.pick();
  }

  /** Closes all idle connections. */
  close(): void {
    for (const backend of this.backends) backend.remove();
    this.backends = [];
    this.#balancer.update([]);
  }
}

/**
 * Balancer: what every strategy of choosing a backend does.
 */
import { type Backend } from "../backend.ts";
import { type Turn } from "../turns.ts";

/** A strategy with its state. It lives as long as its pool keeps the algorithm. */
export interface Balancer {
  /** The backends and the pool's turn from now on; what is known of those that stay is kept. */
  update(backends: readonly Backend[], turn: Turn): void;
  /** The next one; undefined where there is none. */
  pick(): Backend | undefined;
}

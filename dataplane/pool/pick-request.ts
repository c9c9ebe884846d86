/**
 * Pick request: what a backend is picked for.
 */
import type { Backend } from "./backend.ts";

export interface PickRequest {
  /** Of what the pool's policy hashes, 32 bits unsigned; 0 where it hashes nothing. */
  hash: number;
  /** Position of the backend that a valid cookie names; -1 is none. */
  sticky: number;
  /** Avoided where another one is usable. */
  tried: readonly Backend[];
}

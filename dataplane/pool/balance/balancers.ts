/**
 * Balancers: the strategies by name. A new one is a file and a row here.
 */
import { type Algorithm } from "../../../artifact/model.ts";
import { type Balancer } from "./balancer.ts";
import { LeastConnections } from "./least-connections.ts";
import { RoundRobin } from "./round-robin.ts";
import { WeightedRoundRobin } from "./weighted-round-robin.ts";

/** @param start workers begin their rounds apart, so that few requests spread too */
export function createBalancer(algorithm: Algorithm, start: number): Balancer {
  return BALANCERS[algorithm](start);
}

const BALANCERS: Record<Algorithm, (start: number) => Balancer> = {
  "round-robin": (start) => new RoundRobin(start),
  "weighted-rr": () => new WeightedRoundRobin(),
  "least-connections": (start) => new LeastConnections(start),
};

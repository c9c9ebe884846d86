/**
 * Balancers: the strategies by name. A new one is a file and a row here.
 */
import { type Algorithm } from "../../../artifact/model.ts";
import { type Balancer } from "./balancer.ts";
import { LeastConnections } from "./least-connections.ts";
import { RoundRobin } from "./round-robin.ts";
import { WeightedRoundRobin } from "./weighted-round-robin.ts";

export const BALANCERS: Record<Algorithm, new () => Balancer> = {
  "round-robin": RoundRobin,
  "weighted-rr": WeightedRoundRobin,
  "least-connections": LeastConnections,
};

/**
 * Balancers: the strategies by name. A new one is a file and a row here.
 */
import type { Algorithm } from "../../../artifact/model.ts";
import type { Balancer, BalancerContext } from "./balancer.ts";
import { ConsistentHash } from "./consistent-hash.ts";
import { IpHash } from "./ip-hash.ts";
import { LeastConnections } from "./least-connections.ts";
import { LeastLatency } from "./least-latency.ts";
import { Random } from "./random.ts";
import { RoundRobin } from "./round-robin.ts";
import { TwoChoices } from "./two-choices.ts";
import { WeightedLeastConnections } from "./weighted-least-connections.ts";
import { WeightedRoundRobin } from "./weighted-round-robin.ts";

export const BALANCERS: Record<Algorithm, new (context: BalancerContext) => Balancer> = {
  "round-robin": RoundRobin,
  "least-connections": LeastConnections,
  "weighted-rr": WeightedRoundRobin,
  "weighted-least-connections": WeightedLeastConnections,
  random: Random,
  p2c: TwoChoices,
  ewma: LeastLatency,
  "consistent-hash": ConsistentHash,
  "ip-hash": IpHash,
};

/**
 * Hammer: a thread that picks and settles as fast as it can, on memory that other threads share. Started by
 * threads.test.ts.
 */
import { parentPort, workerData } from "node:worker_threads";

import { type BackendAddress, parseBackendUrl } from "../../../artifact/address.ts";
import type { PoolPolicy } from "../../../artifact/model.ts";
import type { Backend } from "../../../dataplane/pool/backend.ts";
import type { Outcome } from "../../../dataplane/pool/outcome.ts";
import { Pool } from "../../../dataplane/pool/pool.ts";
import { isProbe, type Ticket } from "../../../dataplane/pool/state/breaker.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { chance, TestNames } from "./fleet.ts";

export interface HammerStart {
  memory: SharedArrayBuffer;
  worker: number;
  policy: PoolPolicy;
  hosts: readonly string[];
  connectionsMax: number;
  picks: number;
  /** Requests that it keeps under way. */
  inFlight: number;
  /** Part of the requests that fail. */
  failing: number;
  /** Identities that it looks up besides, and keeps. */
  identities: readonly string[];
  /** Identities that it takes and lets go of, again and again. */
  churned: readonly string[];
  /** Requests under way at each backend as the threads count them themselves. */
  counts: Int32Array<SharedArrayBuffer>;
  /** Of these, those that were let through to a backend that is half-open. */
  probes: Int32Array<SharedArrayBuffer>;
}

/** What it has seen. */
export interface HammerReport {
  picks: Record<string, number>;
  refused: number;
  /** Kinds of the events that it had to tell. */
  events: Record<string, number>;
  slots: number[];
  /** Most requests under way at one backend. */
  most: number;
  /** Of these, most that were let through to one that is half-open. */
  mostProbes: number;
  /** Slots that became another identity's while they were held. */
  stolen: number;
}

if (parentPort !== null && workerData !== null)
  parentPort.postMessage(hammer(workerData as HammerStart));

function hammer(start: HammerStart): HammerReport {
  const state = PoolState.over(start.memory, start.worker);
  const report: HammerReport = {
    picks: {},
    refused: 0,
    events: {},
    slots: [],
    most: 0,
    mostProbes: 0,
    stolen: 0,
  };
  const random = chance(start.worker + 1);
  const backends = start.hosts.map((host) => ({
    address: parseBackendUrl(`http://${host}`) as BackendAddress,
    weight: 1,
    priority: 0,
    connectionsMax: start.connectionsMax,
  }));
  const pool = new Pool(
    { key: "pool", label: "label", policy: start.policy, table: [], backends },
    {
      state,
      names: new TestNames(),
      tell: ({ kind }) => (report.events[kind] = (report.events[kind] ?? 0) + 1),
      random,
    },
  );
  const open: { backend: Backend; ticket: Ticket }[] = [];
  const settle = (outcome: Outcome): void => {
    const [one] = open.splice(Math.floor(random() * open.length), 1);
    if (one === undefined) return;
    Atomics.sub(start.counts, one.backend.index, 1);
    if (isProbe(one.ticket)) Atomics.sub(start.probes, one.backend.index, 1);
    one.backend.settle(outcome, 1, one.ticket);
  };
  const request = { hash: 0, sticky: -1, tried: [] };
  for (let n = 0; n < start.picks; n++) {
    const backend = pool.pick(request);
    if (backend === undefined) {
      report.refused++;
      settle(random() < start.failing ? "reset" : "success");
      continue;
    }
    const { host } = backend.address;
    report.picks[host] = (report.picks[host] ?? 0) + 1;
    open.push({ backend, ticket: pool.ticket });
    report.most = Math.max(report.most, Atomics.add(start.counts, backend.index, 1) + 1);
    if (isProbe(pool.ticket)) {
      const probes = Atomics.add(start.probes, backend.index, 1) + 1;
      report.mostProbes = Math.max(report.mostProbes, probes);
    }
    while (open.length > start.inFlight) settle(random() < start.failing ? "reset" : "success");
    const identity = start.identities[n];
    if (identity !== undefined) report.slots.push(state.acquire(identity));
  }
  while (open.length > 0) settle("success");
  for (let n = 0; n < start.churned.length * 500; n++) {
    const identity = start.churned[n % start.churned.length]!;
    const slot = state.acquire(identity);
    if (state.acquire(identity) !== slot) report.stolen++;
    else state.release(slot);
    state.release(slot);
  }
  return report;
}

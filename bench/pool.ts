/**
 * The pool: nanoseconds that a request costs between its match and its backend, pick and settle
 * together, by algorithm and by what is turned on. One thread; the memory is that of two workers.
 */
import { type BackendAddress, parseBackendUrl } from "../artifact/address.ts";
import { keyHash } from "../artifact/hash.ts";
import { buildTable, usesTable } from "../artifact/maglev.ts";
import { ALGORITHMS, type PoolPolicy } from "../artifact/model.ts";
import { Pool } from "../dataplane/pool/pool.ts";
import { PoolState } from "../dataplane/pool/state/pool-state.ts";
import { bytesPerMillionCalls, nsPerCall, printTable } from "./harness.ts";

const BACKENDS = [2, 10, 100];

/** Measures and prints one table. */
export async function run(): Promise<void> {
  const rows: string[][] = [];
  for (const algorithm of ALGORITHMS) {
    rows.push(await rowOf(algorithm, { algorithm }));
    if (algorithm === "round-robin" || algorithm === "p2c") {
      rows.push(await rowOf(`${algorithm}, everything on`, { algorithm, passive: PASSIVE }));
    }
  }
  const head = ["algorithm", ...BACKENDS.map((count) => `${count} backends`), "bytes a million"];
  printTable("pool: pick and settle, ns", head, rows);
}

async function rowOf(name: string, policy: Partial<PoolPolicy>): Promise<string[]> {
  const times: string[] = [];
  let bytes = 0;
  for (const count of BACKENDS) {
    const call = callerOf(count, policy);
    times.push((await nsPerCall(call)).toFixed(1));
    bytes = Math.max(bytes, bytesPerMillionCalls(call));
  }
  return [name, ...times, bytes.toString()];
}

function callerOf(count: number, changes: Partial<PoolPolicy>): () => void {
  const policy: PoolPolicy = { ...POLICY, ...changes };
  const urls = Array.from({ length: count }, (_, n) => `http://10.0.0.${n}:8080`);
  const pool = new Pool(
    {
      key: "pool",
      label: "pool",
      policy,
      table: usesTable(policy.algorithm) ? buildTable(urls.map((url) => ({ url, weight: 1 }))) : [],
      backends: urls.map((url) => ({
        address: parseBackendUrl(url) as BackendAddress,
        weight: 1,
        priority: 0,
        connectionsMax: 0,
      })),
    },
    {
      state: PoolState.over(PoolState.create(2).buffer, 0),
      names: { watch: () => NO_WATCH },
      tell: () => {},
      random: Math.random,
    },
  );
  const hashes = Array.from({ length: 1_024 }, (_, n) => keyHash(Buffer.from(`client ${n}`)));
  const request = { hash: 0, sticky: -1, tried: [] };
  let next = 0;
  return () => {
    if (pool.usesHash) request.hash = hashes[(next = (next + 1) & 1_023)]!;
    pool.pick(request)!.settle("success", 1, pool.ticket);
  };
}

const NO_WATCH = { endpoints: [], error: "", settled() {}, failed() {}, close() {} };

const SERVER_ERRORS = [{ first: 500, last: 599 }];
const PASSIVE: PoolPolicy["passive"] = {
  consecutiveFailures: 10,
  failureRatePercent: 50,
  requestsMin: 20,
  windowMs: 10_000,
  ejectionMs: 10_000,
  ejectionMaxMs: 300_000,
  ejectedPercentMax: 50,
  statuses: SERVER_ERRORS,
};
const POLICY: PoolPolicy = {
  algorithm: "round-robin",
  hash: { by: "source-ip", name: "" },
  boundedLoadPercent: 0,
  sticky: undefined,
  slowStartMs: 0,
  panicPercent: 50,
  health: undefined,
  passive: undefined,
  breaker: {
    failureThreshold: 10,
    successThreshold: 10,
    timeoutMs: 10_000,
    halfOpenRequestsMax: 5,
    statuses: SERVER_ERRORS,
  },
  queue: { waitersMax: 100, timeoutMs: 1_000 },
  dns: { refreshMs: 10_000, family: "auto" },
};

if (import.meta.main) await run();

/**
 * Transports: the backends of a pool are spoken to in one way, and whoever uses the pool speaks it.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Given } from "../resolve/block.ts";
import {
  type NamedPoolDraft,
  type PoolDraft,
  type Transport,
  transportOf,
} from "../resolve/pool.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import { type StreamDraft, targetsOf } from "../resolve/stream.ts";

/** Reports pools of two kinds, pools that are of another kind than their users, and blocks that streams cannot have. */
export function linkTransports(
  named: readonly NamedPoolDraft[],
  services: readonly ServiceDraft[],
  streams: readonly StreamDraft[],
  log: DiagnosticLog,
): void {
  const targets = [
    ...services.map(({ target }) => ({ target, transport: "http" as const })),
    ...streams.flatMap((stream) =>
      targetsOf(stream).map((target) => ({ target, transport: stream.protocol })),
    ),
  ];
  const pools = new Map(named.map((pool) => [pool.name?.value, pool]));
  const users = new Map<PoolDraft, User>();
  for (const { target, transport } of targets) {
    if ("backends" in target) reportPool(target, log);
    else if (target.pool !== undefined) {
      const pool = pools.get(target.pool.value);
      if (pool !== undefined) linkUser(pool, { name: target.pool, transport }, users, log);
    }
  }
  for (const pool of named) reportPool(pool, log);
}

interface User {
  /** Where it names the pool. */
  name: Given<string>;
  transport: Transport;
}

function linkUser(
  pool: NamedPoolDraft,
  user: User,
  users: Map<PoolDraft, User>,
  log: DiagnosticLog,
): void {
  const first = users.get(pool);
  if (first === undefined) users.set(pool, user);
  const { name, transport } = user;
  if (first !== undefined && first.transport !== transport) {
    const params = { pool: name.value, by: WORDS[transport], other: WORDS[first.transport] };
    log.report("BAL4013", name.at, params, [{ message: "the other is here", span: first.name.at }]);
  } else if (pool.transport !== transport && pool.backends.length > 0) {
    const params = { what: `the pool "${name.value}"`, is: pool.transport, due: transport };
    log.report("BAL4012", name.at, params, [{ message: "the pool is here", span: pool.at }]);
  }
}

const WORDS: Record<Transport, string> = {
  http: "a service",
  tcp: "a TCP stream",
  udp: "a UDP stream",
};

function reportPool({ transport, backends, blocks }: PoolDraft, log: DiagnosticLog): void {
  for (const { scheme, at } of backends) {
    if (scheme === undefined || transportOf(scheme) === transport) continue;
    log.report("BAL4012", at, { what: "this backend", is: scheme, due: transport });
  }
  if (transport === "http") return;
  const { hash, sticky } = blocks?.balancing ?? {};
  const reason = `a ${transport} stream knows nothing of a request`;
  if (hash !== undefined && hash.value.by !== "source-ip") {
    log.report("BAL4014", hash.at, { key: `a hash by ${hash.value.by}`, reason });
  }
  if (sticky !== undefined) log.report("BAL4014", sticky.at, { key: "sticky", reason });
}

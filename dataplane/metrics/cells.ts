/**
 * Cells: what the numbers of a row are, and in which order they lie. A cell is a float of 64 bits; a
 * histogram is one cell for each bucket, one for what is beyond the last, and one for the sum.
 *
 * Writers know these positions, and the exposition reads by them; nothing else does.
 */

/** Bounds of buckets, in seconds. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
export const DNS_BOUNDS: readonly number[] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1];
export const TCP_BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5];
export const TLS_BOUNDS: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

/** Why a connection or a request was turned away or ended by Balto itself. */
export const DROP_REASONS = [
  "malformed_request",
  "header_timeout",
  "request_timeout",
  "body_too_large",
  "slow_reader",
  "no_backend",
  "queue_full",
  "queue_timeout",
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const histogram = (bounds: readonly number[]): number => bounds.length + 2;

/** Counts what `fields` take, in their order. */
function positions<K extends string>(fields: Record<K, number>): Record<K | "size", number> {
  let size = 0;
  const at: Record<string, number> = {};
  for (const [name, cells] of Object.entries<number>(fields)) {
    at[name] = size;
    size += cells;
  }
  return { ...at, size } as Record<K | "size", number>;
}

/** Of one service, route, method, backend and status: requests are what its histogram counts. */
export const ANSWER: Readonly<Record<"duration" | "size", number>> = positions({
  duration: histogram(LATENCY_BOUNDS),
});

/** Of one service, route, method and backend. */
export const EXCHANGE: Readonly<
  Record<"requestBytes" | "responseBytes" | "retries" | "ttfb" | "size", number>
> = positions({
  requestBytes: 1,
  responseBytes: 1,
  retries: 1,
  ttfb: histogram(LATENCY_BOUNDS),
});

/** Of one backend. `active` is a gauge, all else only grows. */
export const BACKEND: Readonly<
  Record<
    | "active"
    | "connectionErrors"
    | "httpErrors"
    | "probeFailures"
    | "created"
    | "reused"
    | "transfer"
    | "tcp"
    | "dns"
    | "tls"
    | "size",
    number
  >
> = positions({
  active: 1,
  connectionErrors: 1,
  httpErrors: 1,
  probeFailures: 1,
  created: 1,
  reused: 1,
  transfer: histogram(LATENCY_BOUNDS),
  tcp: histogram(TCP_BOUNDS),
  dns: histogram(DNS_BOUNDS),
  tls: histogram(TLS_BOUNDS),
});

/** Of one thread. The first are gauges, down to `deadlines`. */
export const THREAD: Readonly<
  Record<
    | "connections"
    | "exchanges"
    | "tunnels"
    | "waiting"
    | "deadlines"
    | "accepted"
    | "requests"
    | "unrecorded"
    | "spansDropped"
    | "drops"
    | "queue"
    | "lag"
    | "size",
    number
  >
> = positions({
  connections: 1,
  exchanges: 1,
  tunnels: 1,
  waiting: 1,
  deadlines: 1,
  accepted: 1,
  requests: 1,
  unrecorded: 1,
  spansDropped: 1,
  drops: DROP_REASONS.length,
  queue: histogram(LATENCY_BOUNDS),
  lag: histogram(LATENCY_BOUNDS),
});

/** The kinds of rows. Of each the cells of one row, the names of its labels, and how many cells are gauges. */
export const KINDS = {
  answer: {
    cells: ANSWER.size,
    labels: ["service", "route", "method", "backend_id", "status_code"],
    gauges: 0,
  },
  exchange: {
    cells: EXCHANGE.size,
    labels: ["service", "route", "method", "backend_id"],
    gauges: 0,
  },
  backend: { cells: BACKEND.size, labels: ["backend_id"], gauges: 1 },
  thread: { cells: THREAD.size, labels: ["worker"], gauges: 5 },
} as const;
export type Kind = keyof typeof KINDS;

/** Counts one value in the histogram that begins at `at`. */
export function observe(
  cells: Float64Array,
  at: number,
  bounds: readonly number[],
  value: number,
): void {
  const { length } = bounds;
  let bucket = 0;
  while (bucket < length && value > bounds[bucket]!) bucket++;
  cells[at + bucket]! += 1;
  cells[at + length + 1]! += value;
}

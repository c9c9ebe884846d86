/**
 * Hot families: the metrics that threads count themselves, and from which of their cells each is made.
 * Names, labels and buckets are a contract with dashboards and alerts.
 */
import {
  ANSWER,
  BACKEND,
  DNS_BOUNDS,
  DROP_REASONS,
  EXCHANGE,
  type Kind,
  LATENCY_BOUNDS,
  TCP_BOUNDS,
  THREAD,
  TLS_BOUNDS,
} from "./cells.ts";
import type { Directory, Entry } from "./directory.ts";
import { boundsOf, type Exposition } from "./exposition.ts";

/** How a family is made from the rows of a kind. */
interface Spec {
  name: string;
  help: string;
  kind: Kind;
  /** Of threads that serve nobody, too. */
  everyThread?: boolean;
  from:
    | { type: "counter" | "gauge"; cell: number }
    /** Several cells that a label tells apart. */
    | { type: "counter"; label: string; cells: readonly (readonly [value: string, cell: number])[] }
    /** What a histogram has counted. */
    | { type: "counter"; histogram: number; bounds: readonly number[] }
    | {
        type: "histogram";
        cell: number;
        bounds: readonly number[];
        /** Left out where it has counted nothing: many backends have no name to look up, and no TLS. */
        sparse?: boolean;
      };
}

const SPECS: readonly Spec[] = [
  {
    name: "balto_requests_total",
    help: "Requests that are over, by status: 499 is a client that left.",
    kind: "answer",
    from: { type: "counter", histogram: ANSWER.duration, bounds: LATENCY_BOUNDS },
  },
  {
    name: "balto_request_duration_seconds",
    help: "From a request's head to the last byte of its answer.",
    kind: "answer",
    from: { type: "histogram", cell: ANSWER.duration, bounds: LATENCY_BOUNDS },
  },
  {
    name: "balto_ttfb_seconds",
    help: "From a request's head to the head of its backend's answer.",
    kind: "exchange",
    from: { type: "histogram", cell: EXCHANGE.ttfb, bounds: LATENCY_BOUNDS },
  },
  {
    name: "balto_request_bytes_total",
    help: "Bytes of content of requests.",
    kind: "exchange",
    from: { type: "counter", cell: EXCHANGE.requestBytes },
  },
  {
    name: "balto_response_bytes_total",
    help: "Bytes of content of answers.",
    kind: "exchange",
    from: { type: "counter", cell: EXCHANGE.responseBytes },
  },
  {
    name: "balto_retries_total",
    help: "Attempts after the first of a request, by the backend that was tried last.",
    kind: "exchange",
    from: { type: "counter", cell: EXCHANGE.retries },
  },
  {
    name: "balto_backend_active_connections",
    help: "Requests that a backend has been given and not finished.",
    kind: "backend",
    from: { type: "gauge", cell: BACKEND.active },
  },
  {
    name: "balto_backend_failures_total",
    help: "Attempts that failed: connections refused, broken or too slow, and answers from 500 on.",
    kind: "backend",
    from: {
      type: "counter",
      label: "failure_type",
      cells: [
        ["connection_error", BACKEND.connectionErrors],
        ["http_error", BACKEND.httpErrors],
      ],
    },
  },
  {
    name: "balto_probe_failures_total",
    help: "Health probes that failed.",
    kind: "backend",
    from: { type: "counter", cell: BACKEND.probeFailures },
  },
  {
    name: "balto_upstream_connections_created_total",
    help: "Connections that were made to a backend.",
    kind: "backend",
    from: { type: "counter", cell: BACKEND.created },
  },
  {
    name: "balto_upstream_connections_reused_total",
    help: "Requests that found a connection to their backend standing.",
    kind: "backend",
    from: { type: "counter", cell: BACKEND.reused },
  },
  {
    name: "balto_content_transfer_seconds",
    help: "From the head of a backend's answer to its last byte.",
    kind: "backend",
    from: { type: "histogram", cell: BACKEND.transfer, bounds: LATENCY_BOUNDS },
  },
  {
    name: "balto_tcp_connection_seconds",
    help: "Until a connection to a backend stood.",
    kind: "backend",
    from: { type: "histogram", cell: BACKEND.tcp, bounds: TCP_BOUNDS },
  },
  {
    name: "balto_dns_lookup_seconds",
    help: "Until the name of a backend was looked up.",
    kind: "backend",
    from: { type: "histogram", cell: BACKEND.dns, bounds: DNS_BOUNDS, sparse: true },
  },
  {
    name: "balto_tls_handshake_seconds",
    help: "TLS handshakes with a backend.",
    kind: "backend",
    from: { type: "histogram", cell: BACKEND.tls, bounds: TLS_BOUNDS, sparse: true },
  },
  {
    name: "balto_worker_requests_total",
    help: "Requests that are over, by the thread that served them.",
    kind: "thread",
    from: { type: "counter", cell: THREAD.requests },
  },
  {
    name: "balto_connections",
    help: "Connections of clients that are open.",
    kind: "thread",
    from: { type: "gauge", cell: THREAD.connections },
  },
  {
    name: "balto_connections_accepted_total",
    help: "Connections of clients that were served.",
    kind: "thread",
    from: { type: "counter", cell: THREAD.accepted },
  },
  {
    name: "balto_requests_in_flight",
    help: "Requests that have begun and are not over.",
    kind: "thread",
    from: { type: "gauge", cell: THREAD.exchanges },
  },
  {
    name: "balto_tunnels",
    help: "Connections that have been upgraded, to WebSocket for example.",
    kind: "thread",
    from: { type: "gauge", cell: THREAD.tunnels },
  },
  {
    name: "balto_queue_waiting",
    help: "Requests that wait for a backend that is not full.",
    kind: "thread",
    from: { type: "gauge", cell: THREAD.waiting },
  },
  {
    name: "balto_deadlines",
    help: "Connections, requests and waits whose time is limited.",
    kind: "thread",
    from: { type: "gauge", cell: THREAD.deadlines },
  },
  {
    name: "balto_queue_wait_seconds",
    help: "How long requests waited for a backend that was not full.",
    kind: "thread",
    from: { type: "histogram", cell: THREAD.queue, bounds: LATENCY_BOUNDS, sparse: true },
  },
  {
    name: "balto_event_loop_lag_seconds",
    help: "How late a thread was to do what was due, looked at ten times a second.",
    kind: "thread",
    everyThread: true,
    from: { type: "histogram", cell: THREAD.lag, bounds: LATENCY_BOUNDS },
  },
];

/** What the main thread is called as a thread that counts. */
export const MAIN_THREAD = "main";

const WRITERS = SPECS.map((spec) => ({ spec, write: writerOf(spec) }));

/** Writes all of them; stops after each entry, so that the caller can take what is there. */
export function* writeHotFamilies(directory: Directory, to: Exposition): Generator<void> {
  for (const { spec, write } of WRITERS) {
    to.head(spec.name, spec.from.type, spec.help);
    for (const entry of directory.entries(spec.kind)) {
      if (spec.kind === "thread" && !spec.everyThread && entry.labels[0] === MAIN_THREAD) continue;
      write(directory, to, entry);
      if (to.isFull) yield;
    }
  }
}

/** What threads have turned away, by reason. */
export function dropsOf(directory: Directory): { reason: string; count: number }[] {
  return DROP_REASONS.map((reason, index) => ({
    reason,
    count: directory.total(THREAD.drops + index),
  }));
}

function writerOf({ name, from }: Spec) {
  if (from.type === "histogram") {
    const bounds = boundsOf(from.bounds);
    const count = bounds.length + 2;
    return (directory: Directory, to: Exposition, entry: Entry): void => {
      const cells = directory.cells(entry, from.cell, count);
      if (from.sparse && isEmpty(cells, count)) return;
      to.histogram(name, entry.text, bounds, cells);
    };
  }
  if ("histogram" in from) {
    const count = from.bounds.length + 1;
    return (directory: Directory, to: Exposition, entry: Entry): void => {
      const cells = directory.cells(entry, from.histogram, count);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += cells[i]!;
      to.sample(name, entry.text, sum);
    };
  }
  if ("label" in from) {
    const { label, cells } = from;
    return (directory: Directory, to: Exposition, entry: Entry): void => {
      for (const [value, cell] of cells) {
        to.sample(name, `${entry.text},${label}="${value}"`, directory.cell(entry, cell));
      }
    };
  }
  return (directory: Directory, to: Exposition, entry: Entry): void =>
    to.sample(name, entry.text, directory.cell(entry, from.cell));
}

function isEmpty(cells: Float64Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (cells[i] !== 0) return false;
  return true;
}

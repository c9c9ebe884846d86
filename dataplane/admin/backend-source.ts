/**
 * Backend source: what operators see of the backends, and what is measured of them.
 */
import type { Family } from "../metrics/exposition.ts";

/** One backend as operators see it. What is not known is left out. */
export interface BackendState {
  /** As in metrics and logs. */
  id: string;
  pool: string;
  url: string;
  weight: number;
  services: { service: string; route: string }[];
  /** Streams whose connections it gets; only where there are some. */
  streams?: string[];
  /** Requests and connections that it has and has not finished, all workers together. */
  in_flight: number;
  priority?: number;
  healthy?: boolean;
  ejected?: boolean;
  /** An operator wants nothing new sent there. */
  draining?: boolean;
  breaker?: "closed" | "open" | "half-open";
  /** How often the breaker has come to each state since the start. */
  breaker_transitions?: Readonly<Record<"closed" | "open" | "half-open", number>>;
  ewma_ms?: number;
}

export interface BackendSource {
  /** All backends of the artifact that is served. */
  list(): BackendState[];
  /**
   * Those of them that have a state worth measuring: of 200,000 few are ever used. A backend that several
   * pools of a domain have is there for each, with one id.
   */
  inUse(): Iterable<BackendState>;
  /**
   * An operator wants a backend to be sent nothing new, or requests again: in every pool that has it.
   *
   * @returns the backend, as its first pool has it; undefined where there is none of that id
   */
  setDraining(id: string, isDraining: boolean): BackendState | undefined;
}

const BREAKER_STATES = { closed: 0, open: 1, "half-open": 2 } as const;
/** What a label can be called. */
const TRANSITIONS = { closed: "closed", open: "open", "half-open": "half_open" } as const;

/** What is measured of the backends. */
export function backendFamilies(source: BackendSource): Family[] {
  return [
    {
      name: "balto_backend_healthy",
      help: "Whether a backend is taken for healthy: 1, or 0.",
      type: "gauge",
      labels: ["backend_id", "route", "service"],
      collect: (sample) => {
        for (const { id, healthy, services } of source.inUse()) {
          if (healthy === undefined) continue;
          for (const { service, route } of services) sample([id, route, service], Number(healthy));
        }
      },
    },
    {
      name: "balto_stream_backend_healthy",
      help: "The same of a stream's backend.",
      type: "gauge",
      labels: ["backend_id", "stream"],
      collect: (sample) => {
        for (const { id, healthy, streams = [] } of source.inUse()) {
          if (healthy === undefined) continue;
          for (const stream of streams) sample([id, stream], Number(healthy));
        }
      },
    },
    {
      name: "balto_circuit_breaker_state",
      help: "The state of a backend's breaker: 0 closed, 1 open, 2 half-open.",
      type: "gauge",
      labels: ["backend_id"],
      collect: (sample) => {
        const worst = new Map<string, number>();
        for (const { id, breaker } of source.inUse()) {
          if (breaker === undefined) continue;
          const state = BREAKER_STATES[breaker];
          // Open is worse than half-open, whose number is larger.
          if (worst.get(id) !== BREAKER_STATES.open) {
            worst.set(id, state === BREAKER_STATES.closed ? (worst.get(id) ?? state) : state);
          }
        }
        for (const [id, state] of worst) sample([id], state);
      },
    },
    {
      name: "balto_circuit_breaker_transitions_total",
      help: "How often a backend's breaker has come to a state.",
      type: "counter",
      labels: ["backend_id", "to"],
      collect: (sample) => {
        const seen = new Set<string>();
        for (const { id, breaker_transitions: counts } of source.inUse()) {
          // They are counted by id.
          if (counts === undefined || seen.has(id)) continue;
          seen.add(id);
          for (const [to, label] of Object.entries(TRANSITIONS))
            sample([id, label], counts[to as keyof typeof TRANSITIONS]);
        }
      },
    },
  ];
}

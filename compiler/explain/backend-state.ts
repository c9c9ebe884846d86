/**
 * Backend states: what a Balto that runs knows of the backends of an explanation, beside what is written.
 */
import type { Explanation } from "./explanation.ts";

/** One endpoint of a backend, as `GET /balto/backends` has it. What is not known is left out. */
export interface BackendState {
  id: string;
  in_flight: number;
  healthy?: boolean;
  ejected?: boolean;
  draining?: boolean;
  breaker?: "closed" | "open" | "half-open";
}

/** Adds to each backend what is known of it: nothing where `answer` is no list of backends. */
export function withStates(explanation: Explanation, answer: unknown): Explanation {
  const { pool } = explanation;
  if (pool === null || !Array.isArray(answer)) return explanation;
  const known = answer.filter(
    (one): one is BackendState & { pool: string; url: string } =>
      typeof one === "object" && one !== null && (one as { pool?: unknown }).pool === pool.name,
  );
  const backends = pool.backends.map((backend) => {
    const states = known
      .filter(({ url }) => url === backend.address || url === backend.url)
      .map(({ id, in_flight, healthy, ejected, draining, breaker }) => ({
        id,
        in_flight,
        ...(healthy === undefined ? {} : { healthy }),
        ...(ejected === undefined ? {} : { ejected }),
        ...(draining === undefined ? {} : { draining }),
        ...(breaker === undefined ? {} : { breaker }),
      }));
    return states.length === 0 ? backend : { ...backend, states };
  });
  return { ...explanation, pool: { ...pool, backends } };
}

/** In words, what stands in the way of requests first: "down, breaker open, 3 in flight". */
export function stateText({
  healthy,
  ejected,
  draining,
  breaker,
  in_flight,
}: BackendState): string {
  const words = [
    healthy === false ? "down" : healthy === true ? "up" : "",
    ejected === true ? "ejected" : "",
    draining === true ? "draining" : "",
    breaker === undefined || breaker === "closed" ? "" : `breaker ${breaker}`,
    `${in_flight} in flight`,
  ];
  return words.filter((word) => word !== "").join(", ");
}

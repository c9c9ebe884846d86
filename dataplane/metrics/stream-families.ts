/**
 * Stream families: what is measured of streams, by stream and backend, as their workers have counted it.
 */
import { DURATION_BOUNDS_MS } from "../stream/stream-counters.ts";
import type { StreamSnapshot } from "../stream/stream-statistics.ts";
import { boundsOf, type Family, type HistogramFamily } from "./exposition.ts";

const OF_BACKEND = ["stream", "backend_id"] as const;
const BOUNDS = boundsOf(DURATION_BOUNDS_MS.map((ms) => ms / 1_000));

/** The families. `read` gives the counts since the start. */
export function streamFamilies(
  read: () => readonly StreamSnapshot[],
): readonly (Family | HistogramFamily)[] {
  // What came to no backend has opened nothing, passed nothing on, and ended all the same.
  const opened = (): StreamSnapshot[] => read().filter(({ backend }) => backend !== "");
  return [
    {
      name: "balto_stream_connections_total",
      help: "Connections and UDP sessions of streams that stood with a backend.",
      type: "counter",
      labels: OF_BACKEND,
      collect: (sample) => {
        for (const of of opened()) sample([of.stream, of.backend], of.opened);
      },
    },
    {
      name: "balto_stream_connections_active",
      help: "Those of them that are open.",
      type: "gauge",
      labels: OF_BACKEND,
      collect: (sample) => {
        for (const of of opened()) sample([of.stream, of.backend], of.open);
      },
    },
    {
      name: "balto_stream_bytes_total",
      help: "Bytes that have passed: in is from clients, out is to them.",
      type: "counter",
      labels: [...OF_BACKEND, "direction"],
      collect: (sample) => {
        for (const of of opened()) {
          sample([of.stream, of.backend, "in"], of.bytesIn);
          sample([of.stream, of.backend, "out"], of.bytesOut);
        }
      },
    },
    {
      name: "balto_stream_connection_duration_seconds",
      help: "How long connections and sessions stood that are over.",
      type: "histogram",
      labels: OF_BACKEND,
      bounds: BOUNDS,
      collect: (sample) => {
        for (const of of opened()) sample([of.stream, of.backend], durationCells(of));
      },
    },
    {
      name: "balto_stream_endings_total",
      help: "Connections and sessions that are over or were turned away, by cause.",
      type: "counter",
      labels: [...OF_BACKEND, "cause"],
      collect: (sample) => {
        for (const { stream, backend, causes } of read())
          for (const [cause, count] of Object.entries(causes))
            sample([stream, backend, cause], count);
      },
    },
  ];
}

/** As the text format wants them: a count for each bucket alone, and the sum. Seconds. */
function durationCells({ durations, durationMs }: StreamSnapshot): Float64Array {
  const counts = durations.map(({ count }, at) => count - (durations[at - 1]?.count ?? 0));
  return Float64Array.from([...counts, durationMs / 1_000]);
}

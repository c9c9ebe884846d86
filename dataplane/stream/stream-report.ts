/**
 * Stream report: what streams have done since the start, a line for each stream and backend, when the
 * process ends.
 */
import type { Log } from "../log.ts";
import type { StreamDirectory } from "./stream-directory.ts";

/** Writes the report. */
export function logStreams(streams: StreamDirectory, log: Log): void {
  for (const of of streams.streamStatistics()) {
    log.write("info", "stream", "Stream served", {
      stream: of.stream,
      ...(of.backend === "" ? {} : { backend: of.backend }),
      connections: of.opened,
      open: of.open,
      bytes_in: of.bytesIn,
      bytes_out: of.bytesOut,
      duration_ms: Math.round(of.durationMs),
      causes: of.causes,
    });
  }
}

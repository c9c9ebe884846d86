/**
 * A line of JSON about a connection or session of a stream that is over, or was turned away.
 */
import type { StreamRecord } from "../stream/stream-record.ts";
import { clockText, isoTime } from "./clock-text.ts";
import { escapedText } from "./escaped-text.ts";

/** The line with its end. `now` is the time of day, in milliseconds. */
export function streamLine(record: StreamRecord, now: number): string {
  return (
    `{"level":"info","module":"access","stream":"${escapedText(record.stream)}"` +
    `,"client":"${escapedText(record.client)}","client_port":${record.clientPort}` +
    `,"backend":"${escapedText(record.backend)}"` +
    `,"bytes_in":${record.bytesIn},"bytes_out":${record.bytesOut}` +
    `,"total_ms":${Math.round(Math.max(record.durationMs, 0) * 1_000) / 1_000}` +
    `,"cause":"${record.cause}","time":"${clockText(isoTime, now)}","message":"connection"}\n`
  );
}

/** The lines of a file of any size, as it is read: plain or gzip, or standard input. */
import { createReadStream, statSync } from "node:fs";
import { Transform } from "node:stream";
import { createGunzip } from "node:zlib";

import { Failure, reason } from "./failure.ts";

/** Bytes of one read. */
const CHUNK_BYTES = 1024 * 1024;
/** A line is cut here: nothing is kept of a file that has no line ends. */
const LINE_BYTES_MAX = 256 * 1024;

export interface LogProgress {
  bytes: number;
  /** Of the file; undefined where it is not known. */
  total: number | undefined;
}

/**
 * Calls `onLine` for each line, without its line end.
 *
 * @param onChunk is told now and then how far it is
 * @throws Failure
 */
export async function eachLine(
  file: string,
  onLine: (line: string) => void,
  onChunk: (progress: LogProgress) => void,
): Promise<void> {
  const isInput = file === "-";
  let bytes = 0;
  try {
    const total = isInput ? undefined : statSync(file).size;
    const source = isInput ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_BYTES });
    const counting = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    source.on("error", (error: Error) => counting.destroy(error));
    const counted = source.pipe(counting);
    const plain = file.endsWith(".gz") ? counted.pipe(gunzipOf(counting)) : counted;
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      rest = takeLines(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), onLine);
      onChunk({ bytes, total });
    }
    if (rest.length > 0) onLine(rest.toString("utf8"));
  } catch (error) {
    throw new Failure(`${isInput ? "standard input" : file} cannot be read: ${reason(error)}`);
  }
}

function gunzipOf(source: Transform): ReturnType<typeof createGunzip> {
  const gunzip = createGunzip();
  source.on("error", (error) => gunzip.destroy(error));
  return gunzip;
}

/** Gives all whole lines, and what is behind the last of them. */
function takeLines(bytes: Buffer, onLine: (line: string) => void): Buffer {
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    const last = end > start && bytes[end - 1] === 0x0d ? end - 1 : end;
    onLine(bytes.toString("utf8", start, last));
    start = end + 1;
  }
  const rest = bytes.subarray(start);
  if (rest.length <= LINE_BYTES_MAX) return rest;
  onLine(rest.toString("utf8", 0, LINE_BYTES_MAX));
  return rest.subarray(rest.length);
}

// How Balto and llhttp read what a backend says to a GET: the final answer, or that there is none.

import { request } from "node:http";
import { type Duplex, duplexPair } from "node:stream";

import { BodyDecoder } from "../../dataplane/http/body.ts";
import { latin1 } from "../../dataplane/http/bytes.ts";
import { ResponseHead } from "../../dataplane/http/response-head.ts";

/** A whole answer; one character a byte. */
export interface AnswerReading {
  status: number;
  reason: string;
  fields: [name: string, value: string][];
  body: string;
}

const head = new ResponseHead({ headBytesMax: 64 * 1024, fieldsMax: 1000 });

/**
 * What Balto's parser and decoder make of it, and where it ends; undefined where it is refused or cut
 * off. What stands behind its end Balto throws away, with the connection.
 */
export function baltoReads(bytes: Buffer): { answer: AnswerReading; end: number } | undefined {
  const copy = Buffer.from(bytes);
  let at = 0;
  do {
    at = head.parse(copy, at, copy.length);
    if (at <= 0 || head.status === 101) return undefined;
  } while (head.status < 200);
  const { fields } = head;
  const answer: AnswerReading = {
    status: head.status,
    reason: latin1(copy, head.reasonStart, head.reasonEnd),
    fields: Array.from({ length: fields.count }, (_, i) => [
      latin1(copy, fields.nameStart[i]!, fields.nameEnd[i]!),
      latin1(copy, fields.valueStart[i]!, fields.valueEnd[i]!),
    ]),
    body: "",
  };
  const decoder = new BodyDecoder();
  if (head.status === 204 || head.status === 304) decoder.beginLength(0);
  else if (head.isChunked) decoder.beginChunked();
  else if (head.contentLength !== -1) decoder.beginLength(head.contentLength);
  else decoder.beginClose();
  if (!decoder.done) {
    if (!decoder.read(copy, at, copy.length)) return undefined;
    answer.body = latin1(copy, decoder.contentStart, decoder.contentEnd);
    at = decoder.next;
  }
  return decoder.endOfInput() ? { answer, end: at } : undefined;
}

/** What a strict node:http client makes of it; a code where it refuses it. */
export async function llhttpReads(bytes: Buffer): Promise<AnswerReading | string> {
  const [ours, theirs] = duplexPair() as [Duplex, Duplex];
  theirs.on("error", () => undefined);
  theirs.once("data", () => void theirs.end(bytes));
  try {
    return await new Promise<AnswerReading | string>((resolve) => {
      const refuse = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
      const sent = request({ createConnection: () => ours, insecureHTTPParser: false });
      sent.on("error", refuse);
      const close = (): void => resolve("closed");
      sent.on("close", close);
      sent.on("response", (response) => {
        // From now on it is the answer's end that counts.
        sent.off("close", close);
        response.on("close", close);
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", refuse);
        response.on("end", () => {
          const raw = response.rawHeaders;
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? "",
            fields: raw.flatMap((name, i): AnswerReading["fields"] =>
              i % 2 === 0 ? [[name, raw[i + 1]!]] : [],
            ),
            body: Buffer.concat(chunks).toString("latin1"),
          });
        });
      });
      sent.end();
    });
  } finally {
    ours.destroy();
    theirs.destroy();
  }
}

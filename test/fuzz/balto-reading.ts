// How Balto reads a stream of requests: its own parser, decision, writer and decoder, without a socket.
// What leaves is here as bytes, beside what it was read as.

import { compile } from "../../compiler/compile.ts";
import { viewVerified } from "../../artifact/view.ts";
import { Generation } from "../../dataplane/generation.ts";
import { latin1 } from "../../dataplane/http/bytes.ts";
import { Relay } from "../../dataplane/http/relay.ts";
import type { RequestHead } from "../../dataplane/http/request-head.ts";
import { writeRequestHead } from "../../dataplane/http/request-writer.ts";
import type { Wire } from "../../dataplane/http/wire.ts";
import { PoolRegistry } from "../../dataplane/pool/pool-registry.ts";
import { PoolState } from "../../dataplane/pool/state/pool-state.ts";
import { Runtime } from "../../dataplane/runtime.ts";
import type { Random } from "./random.ts";

/** A request as somebody reads it; one character a byte. */
export interface Reading {
  method: string;
  target: string;
  fields: [name: string, value: string][];
  body: string;
}

/** A request that Balto forwards. */
export interface Forwarded {
  /** As it should leave, less what Balto adds to the fields. */
  leaves: Reading;
  /** What leaves, framing and all. */
  bytes: Buffer;
}

/** What becomes of a stream. */
export interface StreamReading {
  /** The method of every request whose head was read. */
  methods: string[];
  /** Every request that was read whole, as it came. */
  requests: Reading[];
  forwarded: Forwarded[];
  /** Balto's own answers, by status, among them the one that ends the connection. */
  answered: number[];
  /** `complete`: at a request's end; `cut`: inside one; `refused`: not HTTP; `closed`: asked to. */
  end: "complete" | "cut" | "refused" | "closed";
  /** Whether a body came in time for an answer of Balto's own depends on how the bytes came. */
  dependsOnTime: boolean;
}

const BACKEND = "backend.test:8080";

/** Fields that Balto writes itself or never passes on. */
const OWN =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|http2-settings|content-length|expect|forwarded|x-forwarded-.*|x[-_]param[-_].+)$/i;
/** Fields that Connection cannot remove. */
const KEPT = /^(?:authorization|cookie|date|access-control-allow-origin)$/i;

export class BaltoReader {
  readonly #runtime: Runtime;

  constructor() {
    const { artifact, diagnostics } = compile({
      files: [
        { path: "balto.config.yaml", content: Buffer.from("{}") },
        {
          path: "services/all.yaml",
          content: Buffer.from(`domain: "*"\npath_prefix: /*\nports: ["http://${BACKEND}"]\n`),
        },
      ],
    });
    if (artifact === undefined) throw new Error(JSON.stringify(diagnostics));
    const view = viewVerified(artifact);
    const pools = new PoolRegistry({
      state: PoolState.over(PoolState.create(1).buffer, 0),
      names: { watch: () => ({ endpoints: [], error: "", settled() {}, failed() {}, close() {} }) },
      tell: () => {},
      random: Math.random,
    });
    this.#runtime = new Runtime(new Generation(view, new Map(), pools));
  }

  /** Reads a stream, its bodies in pieces. */
  read(stream: Buffer, random: Random): StreamReading {
    const { requestHead: head, decision, output } = this.#runtime;
    const reading: StreamReading = {
      methods: [],
      requests: [],
      forwarded: [],
      answered: [],
      end: "complete",
      dependsOnTime: false,
    };
    let at = 0;
    while (at < stream.length) {
      const behind = head.parse(stream, at, stream.length);
      if (behind <= 0) {
        reading.end = behind === 0 ? "cut" : "refused";
        if (behind < 0) reading.answered.push(-behind);
        return reading;
      }
      decision.decide(head, stream, { peer: "192.0.2.1", isTls: false });
      const status = decision.status;
      output.clear();
      const came = readingOf(head, stream);
      const leaves = structuredClone(came);
      reading.methods.push(came.method);
      if (status === 0) {
        const { path, pathStart, pathEnd } = decision.forwarding;
        const query = latin1(stream, head.pathEnd, head.queryEnd);
        leaves.target = (latin1(path, pathStart, pathEnd) || "/") + query;
        leaves.fields = passing(came);
        const { forwarding } = decision;
        forwarding.target = forwarding.route.pool.backends[0]!;
        writeRequestHead(output, stream, head, forwarding);
      } else {
        reading.answered.push(status);
      }
      const { keepAlive, expectsContinue } = head;
      const body = this.#body(stream.subarray(behind), random, head);
      came.body = leaves.body = body.content;
      if (status !== 0 && expectsContinue && (body.length !== 0 || body.isBroken)) {
        reading.dependsOnTime = true;
      }
      if (body.isBroken || !body.isDone) {
        reading.end = body.isBroken ? "refused" : "cut";
        if (body.isBroken && status === 0) reading.answered.push(400);
        return reading;
      }
      reading.requests.push(came);
      if (status === 0) reading.forwarded.push({ leaves, bytes: body.sent });
      at = behind + body.length;
      if (keepAlive) continue;
      reading.end = "closed";
      return reading;
    }
    return reading;
  }

  /** Reads a body as an exchange does, behind the head in the output buffer. */
  #body(bytes: Buffer, random: Random, head: RequestHead) {
    const { output } = this.#runtime;
    const relay = new Relay();
    if (head.isChunked) relay.decoder.beginChunked();
    else relay.decoder.beginLength(Math.max(head.contentLength, 0));
    relay.begin(head.isChunked);
    const wire = new MemoryWire();
    let isBroken = false;
    let length = 0;
    let content = "";
    for (const piece of random.pieces(bytes, 4)) {
      if (relay.decoder.done || isBroken) break;
      if (relay.push(wire, wire, output, piece, 0, piece.length)) {
        const { contentStart, contentEnd, next } = relay.decoder;
        content += latin1(piece, contentStart, contentEnd);
        length += next;
      } else {
        isBroken = true;
      }
    }
    output.flush(wire);
    return {
      content,
      length,
      isBroken,
      isDone: relay.decoder.done,
      sent: Buffer.concat(wire.written),
    };
  }
}

function readingOf(head: RequestHead, bytes: Buffer): Reading {
  const { fields } = head;
  const isAbsolute = head.authorityEnd > head.authorityStart && head.authorityEnd <= head.pathStart;
  const start = isAbsolute ? latin1(bytes, 0, head.authorityStart).lastIndexOf(" ") + 1 : -1;
  return {
    method: latin1(bytes, head.methodStart, head.methodEnd),
    target: head.isAsterisk
      ? "*"
      : latin1(bytes, isAbsolute ? start : head.pathStart, head.queryEnd),
    fields: Array.from({ length: fields.count }, (_, i) => [
      latin1(bytes, fields.nameStart[i]!, fields.nameEnd[i]!),
      latin1(bytes, fields.valueStart[i]!, fields.valueEnd[i]!),
    ]),
    body: "",
  };
}

/** The fields that pass, said anew: not with the writer's own words. */
function passing({ method, fields }: Reading): Reading["fields"] {
  const fold = (name: string): string => name.toLowerCase().replaceAll("_", "-");
  const named = fields
    .filter(([name]) => fold(name) === "connection")
    .flatMap(([, value]) => value.split(",").map((option) => fold(option.trim())));
  return fields.filter(([name]) => {
    if (OWN.test(name)) return false;
    if (KEPT.test(name)) return true;
    if (method === "OPTIONS" && /^max-forwards$/i.test(name)) return false;
    return !named.includes(fold(name));
  });
}

/** Takes everything at once and keeps it. */
class MemoryWire implements Wire {
  readonly written: Buffer[] = [];
  readonly remoteAddress = "192.0.2.1";
  readonly isFlushed = true;
  readonly isPaused = false;
  readonly isGone = false;

  write(bytes: Buffer): boolean {
    this.written.push(Buffer.from(bytes));
    return true;
  }

  isShared(): boolean {
    return true;
  }

  hasProgressed(): boolean {
    return false;
  }

  takeBuffer(): void {}
  releaseBuffer(): void {}
  holdBuffer(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
  reset(): void {}
}

// Raw origin: a backend that is a script over TCP. It says what a test makes it say, right or wrong,
// and reads requests strictly.

import { createServer, type AddressInfo } from "node:net";

import { onTestFinished } from "vitest";

import { type Field, framingOf, readBody, readHead, valueOf, valuesOf } from "./message.ts";
import { Peer } from "./peer.ts";
import { until } from "./until.ts";

/** A request that was read whole. */
export interface RawRequest {
  requestLine: string;
  fields: Field[];
  body: Buffer;
  field(name: string): string | undefined;
  all(name: string): string[];
}

/** One connection at the origin. */
export class OriginPeer extends Peer {
  /** Counted from 0. */
  index = 0;

  /**
   * The next request, whole; undefined where Balto has closed the connection.
   *
   * @param trailers where they are put; left out, there must be none
   */
  async request(withinMs?: number, trailers?: Field[]): Promise<RawRequest | undefined> {
    const head = await readHead(this, withinMs);
    if (head === undefined) return undefined;
    const { startLine: requestLine, fields } = head;
    const chunks: Buffer[] = [];
    for await (const chunk of readBody(this, framingOf(fields, "none"), withinMs, trailers)) {
      chunks.push(chunk);
    }
    return {
      requestLine,
      fields,
      body: Buffer.concat(chunks),
      field: (name) => valueOf(fields, name),
      all: (name) => valuesOf(fields, name),
    };
  }
}

export interface RawOrigin {
  port: number;
  url: string;
  /** All connections so far. */
  peers: OriginPeer[];
  /** Connection number `index`, once it is there. */
  peer(index: number): Promise<OriginPeer>;
}

/** Starts a raw origin; every connection gets the script. A script that throws fails the test. */
export async function startRawOrigin(
  script: (peer: OriginPeer) => Promise<void> | void = () => undefined,
): Promise<RawOrigin> {
  const peers: OriginPeer[] = [];
  const failures: unknown[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new OriginPeer(socket);
    peer.index = peers.push(peer) - 1;
    Promise.resolve(script(peer)).catch((error: unknown) => {
      if (!peer.isClosed) failures.push(error);
      peer.close();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.close();
    for (const peer of peers) peer.close();
    if (failures.length > 0) throw failures[0];
  });
  const { port } = server.address() as AddressInfo;
  const peer = async (index: number): Promise<OriginPeer> => {
    await until(`connection ${index} at the origin`, () => peers.length > index);
    return peers[index]!;
  };
  return { port, url: `http://127.0.0.1:${port}`, peers, peer };
}

// Stream: where a stream of a running data plane listens, and backends to put behind one.

import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";

import { startChild } from "./children.ts";
import type { DataPlane } from "./data-plane.ts";
import { freePort } from "./free-port.ts";
import { Peer } from "./peer.ts";
import { startRawOrigin, type RawOrigin } from "./raw-origin.ts";
import { until, within } from "./until.ts";

/** The port of a stream, once it listens. */
export async function streamPort(balto: DataPlane, name: string, from = 0): Promise<number> {
  const find = (): string | undefined => {
    const line = balto.log
      .slice(from)
      .find(({ message, stream }) => message === "Stream opened" && stream === name);
    return line === undefined ? undefined : String(line["listen"]);
  };
  await until(`the stream ${name} listening`, () => find() !== undefined);
  return Number(/:(\d+)$/.exec(find()!)?.[1]);
}

/** A connection to a port, from an address of this machine. */
export async function connectTo(port: number, localAddress = "127.0.0.1"): Promise<Peer> {
  const host = localAddress.includes(":") ? "::1" : "127.0.0.1";
  const socket = connect({ port, host, localAddress, allowHalfOpen: true });
  const peer = new Peer(socket);
  await within(
    "a connection",
    new Promise((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    }),
  );
  return peer;
}

/** Reads exactly so many bytes. */
export async function readBytes(peer: Peer, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let have = 0; have < length;) {
    const chunk = await peer.read();
    if (chunk === undefined) throw new Error(`ended after ${have} of ${length} bytes`);
    chunks.push(chunk);
    have += chunk.length;
  }
  const all = Buffer.concat(chunks);
  peer.unread(all.subarray(length));
  return all.subarray(0, length);
}

/** Sends back what it gets, and its FIN. */
export async function startEcho(): Promise<RawOrigin & { target: string }> {
  const origin = await startRawOrigin((peer) => {
    peer.socket.pipe(peer.socket);
  });
  return { ...origin, target: `tcp://127.0.0.1:${origin.port}` };
}

/** A real program that listens on a port, by default a free one, given to `args`; resolves when it does. */
export async function startProgram(
  command: string,
  args: (port: number) => readonly string[],
  at?: number,
): Promise<{ child: ChildProcess; port: number; exit: Promise<unknown> }> {
  const port = at ?? (await freePort());
  const { child, exit } = startChild(command, args(port), { stdio: ["ignore", "ignore", 2] });
  await isListening(port);
  return { child, port, exit };
}

/** Resolves when somebody listens on a port of the loopback address. */
async function isListening(port: number): Promise<void> {
  let listens = false;
  let isTrying = false;
  await until(`somebody listening on ${port}`, () => {
    if (!isTrying) {
      isTrying = true;
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("connect", () => {
        listens = true;
        socket.destroy();
      });
      socket.on("error", () => {});
      socket.on("close", () => (isTrying = false));
    }
    return listens;
  });
}

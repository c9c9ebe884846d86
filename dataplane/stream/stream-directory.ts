/**
 * Stream directory: what the main thread keeps of streams: what their workers have in common, and what
 * these have counted.
 */
import { once } from "node:events";

import { streamsOf } from "../../artifact/decode.ts";
import type { Stream, StreamPolicy } from "../../artifact/model.ts";
import type { View } from "../../artifact/view.ts";
import { ConnectionCounts } from "../connection-counts.ts";
import { holdTcpPort } from "../listening-sockets.ts";
import { dgramModule } from "./dgram-module.ts";
import type { NewRow } from "./stream-counters.ts";
import type { StreamShare, StreamShares } from "./stream-share.ts";
import { type StreamSnapshot, StreamStatistics } from "./stream-statistics.ts";
import type { References } from "../references.ts";
import { listenAddressOf } from "./stream.ts";

/** Of the process's descriptors, for the sessions of all UDP streams: anybody can make those up. */
const SESSIONS_SHARE = 1 / 2;

export class StreamDirectory {
  readonly #workers: number;
  readonly #descriptorsMax: number;
  readonly #statistics: StreamStatistics;
  /** Of the artifact that was shared last. */
  #names: ReadonlySet<string> = new Set();
  /** By the names of streams, for as long as the process lives: their connections may outlast them. */
  readonly #counts = new Map<string, ConnectionCounts>();
  /** Of streams whose port is 0, by protocol, host and name. */
  readonly #ports = new Map<string, number>();

  /** @param descriptorsMax of the process; Infinity where that is not known */
  constructor(workers: number, descriptorsMax: number) {
    this.#workers = workers;
    this.#descriptorsMax = descriptorsMax;
    this.#statistics = new StreamStatistics(workers);
  }

  /** What workers count in. */
  get counters(): SharedArrayBuffer {
    return this.#statistics.memory;
  }

  /** What streams have done since the start, by stream and backend. */
  streamStatistics(): StreamSnapshot[] {
    return this.#statistics.snapshot();
  }

  /** The same without streams that are gone, and whose connections are over. */
  livingStatistics(): StreamSnapshot[] {
    return this.streamStatistics().filter(
      ({ stream, open }) => open > 0 || stream === "" || this.#names.has(stream),
    );
  }

  /** What workers need to serve the streams of an artifact. Its limits hold from now on. */
  async share(view: View, references: References): Promise<StreamShares> {
    const shares = new Map<string, StreamShare>();
    const streams = streamsOf(view);
    this.#names = new Set(streams.map(({ name }) => name));
    const udp = streams.filter(({ protocol }) => protocol === "udp").length;
    const sessionsMax = Math.ceil((this.#descriptorsMax * SESSIONS_SHARE) / udp);
    for (const stream of streams) {
      const port = await this.#portOf(stream, references);
      shares.set(stream.name, { port, counts: this.#countsOf(stream, sessionsMax)?.memory });
    }
    return shares;
  }

  /** A worker has begun to use a row of its counters. */
  named(worker: number, row: NewRow): void {
    this.#statistics.named(worker, row);
  }

  /** A worker has ended. */
  forget(worker: number): void {
    for (const counts of this.#counts.values()) counts.forget(worker);
    this.#statistics.forget(worker);
  }

  #countsOf(
    { name, protocol, policy }: Stream<number>,
    sessionsMax: number,
  ): ConnectionCounts | undefined {
    const limits = limitsOf(policy, protocol === "udp" ? sessionsMax : undefined);
    let counts = this.#counts.get(name);
    const isLimited = limits.connectionsMax > 0 || limits.clientConnectionsMax > 0;
    if (counts === undefined && isLimited) {
      counts = ConnectionCounts.create(this.#workers);
      this.#counts.set(name, counts);
    }
    counts?.setLimits(limits);
    return counts;
  }

  /** Any free port for a stream that names none, and always the same one. */
  async #portOf(
    { name, protocol, listen }: Stream<number>,
    references: References,
  ): Promise<number> {
    const { host, port } = listenAddressOf(listen, references);
    if (port !== 0) return port;
    const key = `${protocol} ${host} ${name}`;
    let chosen = this.#ports.get(key);
    if (chosen === undefined) {
      chosen = protocol === "tcp" ? await holdTcpPort(host) : await freeUdpPort(host);
      this.#ports.set(key, chosen);
    }
    return chosen;
  }
}

/** Of UDP a session is what a connection is of TCP; each has a descriptor, and there are only so many. */
function limitsOf(policy: StreamPolicy, sessionsMax: number | undefined) {
  const { connectionsMax, clientConnectionsMax } = policy;
  if (sessionsMax === undefined) return { connectionsMax, clientConnectionsMax };
  return { connectionsMax: Math.min(policy.sessionsMax, sessionsMax), clientConnectionsMax };
}

async function freeUdpPort(host: string): Promise<number> {
  const socket = dgramModule().createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.bind(host === "" ? { port: 0 } : { port: 0, address: host });
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

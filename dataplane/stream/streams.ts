/**
 * Streams: all streams of one worker. A new generation opens listeners, closes those that are not named
 * any more, and leaves alone what stays, connections above all.
 */
import { ConnectionCounter, ConnectionCounts } from "../connection-counts.ts";
import type { TcpHandle } from "../http/tcp-handle.ts";
import { type ListenAddress, socketsPerAddress } from "../listening-sockets.ts";
import { reason } from "../reason.ts";
import type { StreamContext } from "./stream-context.ts";
import type { StreamListener } from "./stream-listener.ts";
import { NO_SHARES, type StreamShare, type StreamShares } from "./stream-share.ts";
import type { Stream } from "./stream.ts";
import { TcpListener } from "./tcp-listener.ts";
import { UdpListener } from "./udp-listener.ts";

/** An address that could not be listened on is tried again after so long. */
const AGAIN_MS = 1_000;

export interface StreamsOptions {
  context: StreamContext;
  worker: number;
  /** How many workers there are. */
  workers: number;
  /** Descriptors that the process may have. */
  descriptorsMax: number;
  /** Whether there is a descriptor to serve a new connection with. */
  admits: (handle: TcpHandle) => boolean;
  /** Told what becomes of an address. */
  tell: (message: string, fields: { stream: string; listen: string; error?: string }) => void;
}

export class Streams {
  readonly #options: StreamsOptions;
  /** By protocol and address. */
  readonly #open = new Map<string, StreamListener>();
  /** Of UDP, those that were closed with sessions under way: they may be wanted again. */
  readonly #retired = new Map<string, StreamListener>();
  /** One generation after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #latest: { streams: readonly Stream[]; shares: StreamShares } = {
    streams: [],
    shares: NO_SHARES,
  };
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /**
   * From now on these are served. Resolves when every listener is open or has failed.
   *
   * @returns what could not be listened on, a line each; it is tried again
   */
  serve(streams: readonly Stream[], shares: StreamShares): Promise<string[]> {
    this.#latest = { streams, shares };
    const served = this.#queue.then(() => this.#serveLatest());
    this.#queue = served;
    return served;
  }

  /** Nothing new is taken any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#again);
    await Promise.all([...this.#open.values()].map((listener) => listener.retire()));
  }

  async #serveLatest(): Promise<string[]> {
    clearTimeout(this.#again);
    const { streams, shares } = this.#latest;
    const gone = new Map(this.#open);
    const failures: string[] = [];
    // What goes makes room first: a stream may have taken over another one's address.
    const wanted = streams.map((stream) => {
      const share = shares.get(stream.name);
      const { host, port } = stream.listen;
      const at = { host, port: port === 0 ? (share?.port ?? 0) : port };
      const key = `${stream.protocol} ${at.host}:${at.port}`;
      gone.delete(key);
      return { stream, share, at, key };
    });
    for (const [key, listener] of gone) this.#retire(key, listener);
    for (const { stream, share, at, key } of wanted) {
      const error = await this.#serveOne(stream, share, at, key);
      if (error !== undefined) failures.push(`stream ${stream.name}: ${error}`);
    }
    if (failures.length > 0 && !this.#isClosed) {
      const again = (): void => void this.serve(this.#latest.streams, this.#latest.shares);
      this.#again = setTimeout(again, AGAIN_MS).unref();
    }
    return failures;
  }

  async #serveOne(
    stream: Stream,
    share: StreamShare | undefined,
    { host, port }: ListenAddress,
    key: string,
  ): Promise<string | undefined> {
    const counter = this.#counter(share?.counts);
    let listener = this.#open.get(key);
    if (listener === undefined) {
      const retired = this.#retired.get(key);
      this.#retired.delete(key);
      if (retired?.revive() === true) {
        listener = retired;
        this.#open.set(key, listener);
      }
    }
    if (listener !== undefined) {
      listener.stream = stream;
      listener.counter = counter;
      return undefined;
    }
    const { context, admits, tell } = this.#options;
    const fresh =
      stream.protocol === "tcp"
        ? new TcpListener(context, stream, counter, admits)
        : new UdpListener(context, stream, counter);
    const fields = { stream: stream.name, listen: `${host}:${port}` };
    try {
      await fresh.open({ host, port }, this.#sockets());
    } catch (error) {
      tell("Stream cannot listen", { ...fields, error: reason(error) });
      return `cannot listen on ${fields.listen}: ${reason(error)}`;
    }
    this.#open.set(key, fresh);
    if (this.#isClosed) await fresh.retire();
    else tell("Stream opened", fields);
    return undefined;
  }

  /** With how many sockets the address of a stream is listened on. */
  #sockets(): number {
    const { descriptorsMax, workers } = this.#options;
    const { streams } = this.#latest;
    const addresses = streams.filter(({ protocol }) => protocol === "tcp").length;
    return socketsPerAddress({ descriptorsMax, workers, addresses });
  }

  #retire(key: string, listener: StreamListener): void {
    this.#open.delete(key);
    if (listener.stream.protocol === "udp") this.#retired.set(key, listener);
    void listener.retire();
    const { name } = listener.stream;
    this.#options.tell("Stream closed", { stream: name, listen: key.slice(key.indexOf(" ") + 1) });
  }

  #counter(memory: SharedArrayBuffer | undefined): ConnectionCounter | undefined {
    if (memory === undefined) return undefined;
    return new ConnectionCounter(ConnectionCounts.over(memory), this.#options.worker);
  }
}

/**
 * Listening sockets: what a listener accepts with. They share a port, with each other and with those of
 * the other threads (SO_REUSEPORT); the system gives each connection to one of them.
 *
 * They are several because libuv accepts one connection a turn of the event loop and socket, and a turn
 * in which a thousand connections are served takes some ten milliseconds: of a thousand clients that
 * come at once, the last would wait for ten seconds. Figures in docs/performance.md.
 */
import { isIP } from "node:net";

import { emptyAcceptQueue } from "./accept-queue.ts";
import { type SocketName, systemError, type TcpHandle } from "./http/tcp-handle.ts";

/** Waiting connections the system keeps for a socket; it may cap it lower. */
const BACKLOG = 4096;
/** So many connections are accepted a turn of the event loop, which serves up to 1,024 that stand. */
const SOCKETS_MAX = 32;
/** A handshake takes a millisecond of a turn, for which those that stand wait. */
const TLS_SOCKETS_MAX = 8;
/** This part of the descriptors may go to listening for HTTP, and as many for streams. */
const SHARE = 1 / 100;

/** libuv's `uv_tcp_t` that is bound, here or in another process. Every call returns 0 or a negated errno. */
export interface ListeningHandle {
  onconnection: (status: number, handle: TcpHandle | undefined) => void;
  listen(backlog: number): number;
  getsockname(out: SocketName): number;
  close(): void;
}
interface UnboundHandle extends ListeningHandle {
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
}
interface TcpBinding {
  TCP: new (kind: number) => UnboundHandle;
  constants: { SERVER: number; UV_TCP_REUSEPORT: number };
}

// An `import` of it would load all that it has.
const { getSystemErrorMessage } = process.getBuiltinModule("node:util");
const node = process as unknown as { binding(name: string): unknown };
const tcp = node.binding("tcp_wrap") as TcpBinding;

/** An address to listen on: a host name or an IP address, "" for all of them; 0 for any free port. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** What each worker listens on. */
export interface Listening {
  /** How many the process may have. */
  descriptorsMax: number;
  workers: number;
  /** How many addresses. */
  addresses: number;
  isTls?: boolean;
}

/**
 * With how many sockets a worker listens on each address: with as many as the others, so that each
 * worker is given its share of the connections.
 */
export function socketsPerAddress(listening: Listening): number {
  const { descriptorsMax, workers, addresses, isTls = false } = listening;
  const share = Math.floor((descriptorsMax * SHARE) / (workers * addresses));
  return Math.min(Math.max(share, 1), isTls ? TLS_SOCKETS_MAX : SOCKETS_MAX);
}

/** What is done with a connection. */
export type Takes = (handle: TcpHandle) => void;

export class ListeningSockets {
  readonly handles: readonly ListeningHandle[];
  #accepted = 0;

  /**
   * Opens `count` sockets on one port and accepts from now on.
   *
   * @throws Error with `code` (EADDRINUSE, EADDRNOTAVAIL, EACCES, ENOTFOUND), and none is open
   */
  static open(address: ListenAddress, count: number, takes: Takes): Promise<ListeningSockets> {
    return on(address.host, (host) => {
      const handles: UnboundHandle[] = [];
      let { port } = address;
      try {
        for (let at = 0; at < count; at++) {
          const handle = bind(host, port);
          handles.push(handle);
          port = portOf(handle);
        }
        return new ListeningSockets(handles, takes);
      } catch (error) {
        for (const handle of handles) handle.close();
        throw error;
      }
    });
  }

  /**
   * Accepts from now on with what has been opened already.
   *
   * @throws Error with `code` where it cannot
   */
  constructor(handles: readonly ListeningHandle[], takes: Takes) {
    this.handles = handles;
    for (const listening of handles) {
      listening.onconnection = (status, handle) => {
        // What fails while accepting is left to the next attempt.
        if (status !== 0 || handle === undefined) return;
        this.#accepted++;
        takes(handle);
      };
      check(listening, listening.listen(BACKLOG), "listen");
    }
  }

  get port(): number {
    return this.handles[0] === undefined ? 0 : portOf(this.handles[0]);
  }

  /** Accepts what waits, then nothing more. */
  async close(): Promise<void> {
    await emptyAcceptQueue(() => this.#accepted);
    for (const handle of this.handles) handle.close();
  }
}

/**
 * Takes any free port without listening there, so that nobody else is given it; `open` can use it. It is
 * held until the process ends.
 *
 * @throws Error with `code` where the address is not this machine's
 */
export async function holdTcpPort(host: string): Promise<number> {
  return on(host, (address) => portOf(bind(address, 0)));
}

/** All addresses are IPv6's "::", which is both, or where there is no IPv6 the other ones. */
async function on<T>(host: string, open: (address: string) => T): Promise<T> {
  if (host !== "") return open(isIP(host) === 0 ? await addressOf(host) : host);
  try {
    return open("::");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return open("0.0.0.0");
  }
}

async function addressOf(name: string): Promise<string> {
  // Loaded by those alone that listen on a name.
  const { lookup } = process.getBuiltinModule("node:dns/promises");
  return (await lookup(name)).address;
}

function bind(address: string, port: number): UnboundHandle {
  const handle = new tcp.TCP(tcp.constants.SERVER);
  const flags = tcp.constants.UV_TCP_REUSEPORT;
  const call = address.includes(":") ? "bind6" : "bind";
  check(handle, handle[call](address, port, flags), call);
  return handle;
}

/** Some errors of a bind are told with this call only. */
function portOf(handle: ListeningHandle): number {
  const name: SocketName = {};
  check(handle, handle.getsockname(name), "bind");
  return name.port ?? 0;
}

/** @throws Error where it failed, and closes the handle */
function check(handle: ListeningHandle, status: number, call: string): void {
  if (status === 0) return;
  handle.close();
  const error = systemError(status, call);
  error.message = `${getSystemErrorMessage(status)} (${error.code})`;
  throw error;
}

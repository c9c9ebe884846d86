/**
 * Upstream connection: one connection to a backend. It serves one exchange at a time and is kept for
 * the next one; what it gets while it serves none ends it.
 */
import { SocketWire } from "../http/socket-wire.ts";
import { TcpWire } from "../http/tcp-wire.ts";
import type { ReadBuffers, Wire, WireOwner } from "../http/wire.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Destination } from "./addresses.ts";
import type { Backend } from "./backend.ts";

/** Idle longer than this is closed: below the keep-alive times of common servers (Node's is 5 s). */
const IDLE_MS = 4_000;

/** Whom a connection serves: told of what the backend does, until it is released or destroyed. */
export interface UpstreamUser {
  onUpstreamConnected(): void;
  onResponseBytes(bytes: Buffer, start: number, end: number): void;
  onUpstreamDrain(): void;
  /** The backend will send no more. True where the connection goes on all the same. */
  onUpstreamEnd(): boolean;
  onUpstreamClosed(error: NodeJS.ErrnoException | undefined): void;
  /** A limit has passed. True where that ends the connection; `onUpstreamClosed` follows. */
  onUpstreamDeadline(): boolean;
}

/** What connections need of the worker they live in. */
export interface UpstreamContext {
  readonly deadlines: Deadlines;
  readonly buffers: ReadBuffers;
}

export class UpstreamConnection implements WireOwner {
  deadline = Infinity;
  readonly backend: Backend;
  /** It has served an exchange before: its backend may be closing it just now. */
  isReused = false;
  isConnected = false;
  readonly #context: UpstreamContext;
  #user: UpstreamUser | undefined;
  #wire: Wire | undefined;
  /** Where it has not been tried yet to connect to, and where last. */
  #left: Destination[] = [];
  #tried: Destination | undefined;
  #isClosed = false;
  /** When the attempt to connect that is under way began. */
  #connectingSince = 0;
  #keepIdleMs = IDLE_MS;

  constructor(context: UpstreamContext, backend: Backend) {
    this.#context = context;
    this.backend = backend;
    context.deadlines.add(this);
  }

  /** The socket; there is one from the first attempt to connect on. */
  get wire(): Wire {
    return this.#wire!;
  }

  /** Serves `user` from now on, and connects where it is not connected yet. */
  assign(user: UpstreamUser): void {
    this.#user = user;
    this.deadline = Infinity;
    if (this.isConnected) return;
    const askedAt = performance.now();
    let hasWaited = false;
    this.backend.addresses.get(this.#context.deadlines.now, (error, destinations) => {
      if (this.#isClosed) return;
      if (hasWaited) this.backend.meter?.lookedUp(performance.now() - askedAt);
      this.#left = [...destinations];
      this.#connectNext(error);
    });
    hasWaited = true;
  }

  /** Another user takes over in the middle: the exchange has become a tunnel. */
  reassign(user: UpstreamUser): void {
    this.#user = user;
  }

  /** The exchange is over and the connection as good as new. */
  release(keepAliveSeconds: number): void {
    this.#detach();
    this.isReused = true;
    // A backend that names its limit is believed, less a second for what is on its way.
    if (keepAliveSeconds >= 0) this.#keepIdleMs = Math.min(IDLE_MS, (keepAliveSeconds - 1) * 1000);
    if (this.#keepIdleMs <= 0 || this.#isClosed || !this.backend.keep(this)) {
      this.destroy();
      return;
    }
    this.wire.resume();
    this.deadline = this.#context.deadlines.in(this.#keepIdleMs);
  }

  /** Ends the connection; its exchange hears nothing more of it. */
  destroy(): void {
    this.#detach();
    this.#closed();
    this.#wire?.destroy();
  }

  /** As `destroy`; the backend learns that what it has got is not whole. */
  reset(): void {
    this.#detach();
    this.#closed();
    this.#wire?.reset();
  }

  onConnect(): void {
    this.isConnected = true;
    this.#measure();
    this.#user?.onUpstreamConnected();
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.#user === undefined) this.destroy();
    else this.#user.onResponseBytes(bytes, start, end);
  }

  onEnd(): void {
    const user = this.#user;
    if (user !== undefined && user.onUpstreamEnd()) return;
    this.destroy();
    user?.onUpstreamClosed(undefined);
  }

  onDrain(): void {
    this.#user?.onUpstreamDrain();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    if (this.#isClosed) return;
    if (!this.isConnected) {
      this.#connectNext(error);
      return;
    }
    const user = this.#user;
    this.destroy();
    user?.onUpstreamClosed(error);
  }

  onDeadline(): void {
    const user = this.#user;
    if (user !== undefined && !user.onUpstreamDeadline()) return;
    if (!this.isConnected) this.#failed();
    this.destroy();
    user?.onUpstreamClosed(undefined);
  }

  /** The next destination, or the end where none is left. */
  #connectNext(error: Error | undefined): void {
    if (error !== undefined) this.#failed();
    const destination = (this.#tried = this.#left.shift());
    if (destination === undefined) {
      const user = this.#user;
      this.destroy();
      user?.onUpstreamClosed(error ?? new Error("no address"));
      return;
    }
    const { host, scheme } = this.backend.address;
    const { buffers } = this.#context;
    const to = { host, address: destination.address, port: destination.port };
    this.#connectingSince = performance.now();
    this.#wire =
      scheme === "https"
        ? SocketWire.connect(this, buffers, to)
        : TcpWire.connect(this, buffers, to);
  }

  /** No connection to the destination tried last came about. */
  #failed(): void {
    if (this.#tried !== undefined) this.backend.addresses.failed(this.#tried);
  }

  /** How long it took until the connection stood, and with TLS the handshake behind it. */
  #measure(): void {
    const { meter } = this.backend;
    if (meter === undefined) return;
    const now = performance.now();
    const securedFrom = this.#wire instanceof SocketWire ? this.#wire.connectedAt : now;
    meter.connected(securedFrom - this.#connectingSince);
    if (securedFrom !== now) meter.handshaken(now - securedFrom);
  }

  #detach(): void {
    if (this.#user === undefined) return;
    this.#user = undefined;
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.deadline = Infinity;
    this.#context.deadlines.remove(this);
    this.backend.forget(this);
  }
}

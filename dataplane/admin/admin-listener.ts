/**
 * Admin listener: where operators' questions come in. Workers hand them over on the loopback address,
 * with a secret; beside that there may be an address of their own, and a private socket for the process
 * that started this one.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, renameSync, rmSync, statSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

import { parseListenAddress } from "../../artifact/address.ts";
import { reason } from "../reason.ts";
import type { AdminHttp, AdminHttpOptions } from "./admin-http.ts";
import type { AdminChannel } from "./admin-route.ts";
import type { AdminContext } from "./admin-server.ts";

export interface AdminListenerOptions {
  /** `host:port`, or `unix:` and a path; "" is on the address of the traffic only. */
  listen: string;
  /** Path of the private socket. */
  privateSocket: string | undefined;
  /** What is told; there when the process serves. */
  context: () => Promise<AdminContext>;
}

const SECRET_BYTES = 32;
/** More at a time are not served. */
const WORKERS_CONNECTIONS_MAX = 256;
const UNIX = "unix:";

export class AdminListener {
  /** Answers so far, by status. */
  readonly answered: Map<number, number> = new Map();
  readonly #secret = randomBytes(SECRET_BYTES).toString("hex");
  readonly #options: AdminHttpOptions;
  #http: Promise<AdminHttp> | undefined;
  #port = 0;
  #address = "";
  readonly #servers: HttpServer[] = [];
  readonly #sockets: { path: string; inode: number | undefined }[] = [];

  private constructor({ context }: AdminListenerOptions) {
    this.#options = { secret: this.#secret, context, answered: this.answered };
  }

  /** @throws Error with one line where it cannot listen */
  static async open(options: AdminListenerOptions): Promise<AdminListener> {
    const listener = new AdminListener(options);
    const { listen, privateSocket } = options;
    await listener.#openChannel();
    if (privateSocket !== undefined)
      await or(listener.#openSocket("private", privateSocket), privateSocket);
    listener.#address = listen;
    if (listen.startsWith(UNIX))
      await or(listener.#openSocket("socket", listen.slice(UNIX.length)), listen);
    else if (listen !== "") listener.#address = await or(listener.#openAddress(listen), listen);
    return listener;
  }

  /** The address that was asked for, with its port; "" where none was. */
  get address(): string {
    return this.#address;
  }

  /** What workers are told. */
  get channel(): AdminChannel {
    return { port: this.#port, secret: this.#secret, isOnTraffic: this.#address === "" };
  }

  /** No more questions on addresses of their own; those through workers go on to the end. */
  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeIdleConnections();
    }
    for (const { path, inode } of this.#sockets) {
      // A successor's stays.
      if (inodeOf(path) === inode) rmSync(path, { force: true });
    }
  }

  /** Until the first connection this is a bare socket: most processes are never asked anything. */
  async #openChannel(): Promise<void> {
    const server: Server = createServer((socket: Socket) => {
      socket.on("error", () => {});
      void this.#load().then((http) => http.accept(socket));
    });
    server.maxConnections = WORKERS_CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        server.removeListener("error", reject).on("error", () => {});
        resolve();
      });
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /**
   * A socket is bound under another name first: at its own name it replaces the one before in one step,
   * and libuv, which removes what it has bound, cannot remove a successor's.
   */
  async #openSocket(door: "private" | "socket", path: string): Promise<void> {
    const bound = `${path}.${process.pid}`;
    rmSync(bound, { force: true });
    const http = await this.#load();
    this.#servers.push(await http.listen(door, { path: bound }));
    chmodSync(bound, 0o600);
    this.#sockets.push({ path, inode: inodeOf(bound) });
    renameSync(bound, path);
  }

  async #openAddress(listen: string): Promise<string> {
    const address = parseListenAddress(listen);
    if (typeof address === "string") throw new Error(address);
    const { host, port } = address;
    const http = await this.#load();
    // A process that takes this one's place listens beside it for a while.
    const at = { port, reusePort: true, ...(host === "" ? {} : { host }) };
    const server = await http.listen("address", at);
    this.#servers.push(server);
    return `${host}:${(server.address() as AddressInfo).port}`;
  }

  #load(): Promise<AdminHttp> {
    return (this.#http ??= import("./admin-http.ts").then(
      ({ AdminHttp }) => new AdminHttp(this.#options),
    ));
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

async function or<T>(opening: Promise<T>, where: string): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    throw new Error(`cannot listen on ${where}: ${reason(error)}`, { cause: error });
  }
}

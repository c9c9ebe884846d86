/**
 * Descriptor passing: a listening socket goes from one process to another over a Unix socket, and is
 * then open in both (SCM_RIGHTS). Node does this between parent and child only; here it is its own
 * binding, as in http/tcp-handle.ts.
 */
import type { Server } from "node:net";

import { type ListeningHandle, listeningHandle } from "./http/tcp-handle.ts";

interface PipeHandle {
  /** Called for every read; a socket that came with it is `pendingHandle`. */
  onread: (this: PipeHandle) => void;
  pendingHandle: ListeningHandle | null;
  readonly fd: number;
  open(fd: number): number;
  connect(request: Request, path: string): number;
  readStart(): number;
  writeUtf8String(request: Request, text: string, handle: ListeningHandle): number;
  close(): void;
}
interface Request {
  oncomplete: (status: number) => void;
}

interface PipeBinding {
  Pipe: new (kind: number) => PipeHandle;
  PipeConnectWrap: new () => Request;
  constants: { IPC: number };
}
interface StreamBinding {
  WriteWrap: new () => Request;
}

const node = process as unknown as { binding(name: string): unknown };
const pipe = node.binding("pipe_wrap") as PipeBinding;
const stream = node.binding("stream_wrap") as StreamBinding;

/** A taker that does not get what it asked for goes on without. Milliseconds. */
const TAKE_MS = 2_000;

/**
 * From now on `server`, listening on a path, gives the descriptor of each connection to `takes`, to be
 * used in `giveListener`, in whichever thread. Where it says false the connection is closed.
 */
export function onTaker(server: Server, takes: (fd: number) => boolean): void {
  // The handle that was accepted cannot carry descriptors, and closing it would close the descriptor
  // under the handle that can: it is kept, unused, for as long as the process lives.
  const kept: unknown[] = [];
  listeningHandle(server).onconnection = (status, handle) => {
    if (status !== 0 || handle === undefined) return;
    if (takes(handle.fd)) kept.push(handle);
    else handle.close(() => {});
  };
}

/**
 * Sends a listening socket to whoever is at the other end of `fd`, and closes that connection; only
 * closes it where there is none.
 */
export function giveListener(fd: number, server: Server | undefined): void {
  const connection = new pipe.Pipe(pipe.constants.IPC);
  if (connection.open(fd) !== 0) return;
  if (server === undefined) return connection.close();
  const request = new stream.WriteWrap();
  request.oncomplete = () => connection.close();
  const status = connection.writeUtf8String(request, "listener\n", listeningHandle(server));
  if (status !== 0) connection.close();
}

/** The listening socket that is given at `path`; undefined where it is not, "nobody" where none can be. */
export function takeListener(path: string): Promise<ListeningHandle | undefined | "nobody"> {
  return new Promise((resolve) => {
    const connection = new pipe.Pipe(pipe.constants.IPC);
    const request = new pipe.PipeConnectWrap();
    const end = (result: ListeningHandle | undefined | "nobody"): void => {
      clearTimeout(timer);
      connection.onread = () => {};
      connection.close();
      resolve(result);
    };
    const timer = setTimeout(() => end("nobody"), TAKE_MS);
    connection.pendingHandle = null;
    // A byte with the socket, or an end without.
    connection.onread = () => end(connection.pendingHandle ?? undefined);
    request.oncomplete = (status) => {
      if (status !== 0) end("nobody");
      else connection.readStart();
    };
    if (connection.connect(request, path) !== 0) end("nobody");
  });
}

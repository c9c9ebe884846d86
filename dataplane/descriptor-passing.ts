/**
 * Descriptor passing: listening sockets go from one process to another over a Unix socket, and are
 * then open in both (SCM_RIGHTS). Node does this between parent and child only; here it is its own
 * binding, as in http/tcp-handle.ts.
 */
import type { Server } from "node:net";

import { bytesRead } from "./http/tcp-handle.ts";
import type { ListeningHandle } from "./listening-sockets.ts";

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
  const { _handle: listening } = server as unknown as { _handle: ListeningHandle };
  listening.onconnection = (status, handle) => {
    if (status !== 0 || handle === undefined) return;
    if (takes(handle.fd)) kept.push(handle);
    else handle.close(() => {});
  };
}

/** Sends listening sockets to whoever is at the other end of `fd`, and closes that connection. */
export function giveListeners(fd: number, handles: readonly ListeningHandle[]): void {
  const connection = new pipe.Pipe(pipe.constants.IPC);
  if (connection.open(fd) !== 0) return;
  let underWay = handles.length;
  for (const handle of handles) {
    const request = new stream.WriteWrap();
    request.oncomplete = () => {
      if (--underWay === 0) connection.close();
    };
    if (connection.writeUtf8String(request, "listener\n", handle) !== 0) return connection.close();
  }
  if (underWay === 0) connection.close();
}

/** The listening sockets that are given at `path`, none where they are not; "nobody" where none can be. */
export function takeListeners(path: string): Promise<ListeningHandle[] | "nobody"> {
  return new Promise((resolve) => {
    const connection = new pipe.Pipe(pipe.constants.IPC);
    const request = new pipe.PipeConnectWrap();
    const taken: ListeningHandle[] = [];
    const end = (result: ListeningHandle[] | "nobody"): void => {
      clearTimeout(timer);
      connection.onread = () => {};
      connection.close();
      resolve(result);
    };
    const timer = setTimeout(() => end(taken.length > 0 ? taken : "nobody"), TAKE_MS);
    connection.pendingHandle = null;
    connection.onread = () => {
      // Some bytes with each socket, and the end behind the last.
      if (bytesRead() < 0) return end(taken);
      if (connection.pendingHandle !== null) taken.push(connection.pendingHandle);
      connection.pendingHandle = null;
    };
    request.oncomplete = (status) => {
      if (status !== 0) end("nobody");
      else connection.readStart();
    };
    if (connection.connect(request, path) !== 0) end("nobody");
  });
}

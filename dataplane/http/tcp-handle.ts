/**
 * TCP handles: Node's own binding to libuv, below `net.Socket`.
 *
 * A socket's stream machinery costs more per request than parsing it, and several kilobytes per idle
 * connection (figures in docs/performance.md). What is used here has been the same since Node 12; it
 * has no public name, so this file, those that listen (listening-sockets.ts) and those that pass
 * descriptors (descriptor-passing.ts) are the only ones that know it.
 */
import type { Socket } from "node:net";

/** One end of a connection; what is left out is not known. */
export interface SocketName {
  address?: string;
  port?: number;
}

/** libuv's `uv_tcp_t`. Every call returns 0 or a negated errno. */
export interface TcpHandle {
  /** Called for every read, with the handle as `this`; returns the buffer for the next one, if another. */
  onread: (this: TcpHandle) => Buffer | undefined;
  readonly writeQueueSize: number;
  /** Its file descriptor; -1 where it has none. */
  readonly fd: number;
  useUserBuffer(buffer: Buffer): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  shutdown(request: ShutdownRequest): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
  getpeername(out: SocketName): number;
  getsockname(out: SocketName): number;
  setNoDelay(on: boolean): number;
  close(closed: () => void): void;
  reset(closed: () => void): number;
}

/** A write that was not done at once completes later. One that was leaves its request unused. */
export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
}
interface ShutdownRequest {
  oncomplete: (status: number) => void;
}
interface ConnectRequest {
  oncomplete: (status: number) => void;
}

interface StreamBinding {
  WriteWrap: new () => WriteRequest;
  ShutdownWrap: new () => ShutdownRequest;
  streamBaseState: Int32Array;
  kReadBytesOrError: number;
  kLastWriteWasAsync: number;
}
interface TcpBinding {
  TCP: new (kind: number) => TcpHandle;
  TCPConnectWrap: new () => ConnectRequest;
  constants: { SOCKET: number };
}

// An `import` of it would load all that it has.
const { getSystemErrorMap, getSystemErrorName } = process.getBuiltinModule("node:util");
const node = process as unknown as { binding(name: string): unknown };
const stream = node.binding("stream_wrap") as StreamBinding;
const tcp = node.binding("tcp_wrap") as TcpBinding;

/** Reads end with this number where the peer has sent its FIN. */
export const END_OF_FILE: number = errno("EOF");
const TOO_MANY_FILES = errno("EMFILE");

let connectDescriptorsMax = Infinity;

/** From now on connections that would get this descriptor or a higher one fail with EMFILE. */
export function limitConnects(descriptorsMax: number): void {
  connectDescriptorsMax = descriptorsMax;
}

/** In `onread`: how many bytes were read, or a negated errno. */
export function bytesRead(): number {
  return stream.streamBaseState[stream.kReadBytesOrError]!;
}

/** Behind `writeBuffer`: whether it goes on. */
export function isWriteUnderWay(): boolean {
  return stream.streamBaseState[stream.kLastWriteWasAsync] !== 0;
}

export function createWriteRequest(): WriteRequest {
  return new stream.WriteWrap();
}

/** Sends a FIN behind what has been written. */
export function shutdown(handle: TcpHandle, done: () => void): number {
  const request = new stream.ShutdownWrap();
  request.oncomplete = done;
  return handle.shutdown(request);
}

/** True where the connection is no more: a socket that was reset has no peer. */
export function isDisconnected(handle: Pick<TcpHandle, "getpeername"> | undefined): boolean {
  return handle === undefined || handle.getpeername(peerName) !== 0;
}
const peerName: SocketName = {};

/** From now on the connection's peer goes by this name: a proxy in front has said whose it is. */
export function renamePeer(handle: TcpHandle, { address, port }: Required<SocketName>): void {
  const getpeername = handle.getpeername.bind(handle);
  handle.getpeername = (out) => {
    const status = getpeername(out);
    if (status === 0) Object.assign(out, { address, port });
    return status;
  };
}

/** What a Node socket reads from, TLS or not; undefined where it is destroyed. */
export function socketHandle(socket: Socket): Pick<TcpHandle, "getpeername"> | undefined {
  return (socket as unknown as { _handle?: TcpHandle | null })._handle ?? undefined;
}

/** Connects to an IP address. `done` is given 0 or a negated errno. */
export function connectTcp(
  address: string,
  port: number,
  done: (status: number) => void,
): TcpHandle {
  const handle = new tcp.TCP(tcp.constants.SOCKET);
  const request = new tcp.TCPConnectWrap();
  request.oncomplete = done;
  let status = address.includes(":")
    ? handle.connect6(request, address, port)
    : handle.connect(request, address, port);
  if (status === 0 && handle.fd >= connectDescriptorsMax) status = TOO_MANY_FILES;
  if (status !== 0) process.nextTick(done, status);
  return handle;
}

/** The error of a negated errno. */
export function systemError(status: number, call: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${call} ${code}`), { code, syscall: call, errno: status });
}

/** The negated errno of an error's name. */
function errno(code: string): number {
  return [...getSystemErrorMap()].find(([, [name]]) => name === code)![0];
}

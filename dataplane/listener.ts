/**
 * Listener: a worker's own socket on the common port, plain or TLS. What it accepts becomes client
 * connections of the worker's runtime.
 */
import { createServer as createPlainServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";

import { ClientConnection } from "./http/client-connection.ts";
import { SocketWire } from "./http/socket-wire.ts";
import { onAccept, type TcpHandle } from "./http/tcp-handle.ts";
import { TcpWire } from "./http/tcp-wire.ts";
import { type TlsMaterial } from "./messages.ts";
import { type Runtime } from "./runtime.ts";

/** Waiting connections the system keeps for a listener; it may cap it lower. */
const BACKLOG = 4096;
/** A TLS handshake takes two round trips; slower than this is an attack. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface Listener {
  /**
   * Opens the socket.
   *
   * @returns its port
   * @throws Error where the address cannot be listened on
   */
  open(address: { host: string; port: number }): Promise<number>;
  /** Certificates for connections from now on; those that stand keep theirs. */
  setTls(tls: TlsMaterial): void;
  /** Accepts nothing more; connections stay. */
  close(): void;
}

/** A listener that speaks TLS where `tls` is given. */
export function createListener(runtime: Runtime, tls: TlsMaterial | undefined): Listener {
  if (tls === undefined) {
    const server = createPlainServer();
    const accept = (handle: TcpHandle): void => {
      new ClientConnection(runtime, false, (owner) =>
        TcpWire.accepted(owner, runtime.buffers, handle),
      );
    };
    return {
      open: async (address) => {
        server.once("listening", () => onAccept(server, accept));
        return open(server, address);
      },
      setTls: () => {},
      close: () => server.close(),
    };
  }
  const server = createTlsServer({
    ...tlsOptions(tls),
    noDelay: true,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ALPNProtocols: ["http/1.1"],
  });
  // A handshake that fails or takes too long is only told; ending it is left to us.
  server.on("tlsClientError", (_, socket) => socket.destroy());
  server.on("secureConnection", (socket) => {
    // From here on a FIN is the request's end and not the connection's.
    socket.allowHalfOpen = true;
    new ClientConnection(runtime, true, (owner) => new SocketWire(owner, runtime.buffers, socket));
  });
  return {
    open: (address) => open(server, address),
    setTls: (material) => server.setSecureContext(tlsOptions(material)),
    close: () => server.close(),
  };
}

function tlsOptions({ cert, key }: TlsMaterial) {
  return { cert, key, minVersion: "TLSv1.2" } as const;
}

function open(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const where = host === "" ? { port } : { host, port };
    server.listen({ ...where, reusePort: true, backlog: BACKLOG }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/**
 * Both ends of the stream benchmark, in one process beside the proxy's: `node ends.js origin PORT` is a
 * server, `node ends.js WORKLOAD PORT AMOUNT` a load, which prints "ready" when it holds what was asked
 * for, or "done".
 */
import { createServer, connect } from "node:net";

const CHUNK = Buffer.alloc(64 * 1024, 97);
const SMALL = Buffer.alloc(1024, 98);
const CONNECTIONS_AT_A_TIME = 32;
const BULK_CONNECTIONS = 8;

const [what, port, amount] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const onread = { buffer: Buffer.allocUnsafe(64 * 1024), callback: () => true };

if (what === "origin") origin();
else if (what === "bulk") bulk();
else if (what === "connect") connections();
else idle();

/** The first byte says what is wanted: `B` for bytes without end, else everything is sent back. */
function origin() {
  createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes) => {
      if (bytes[0] !== 66) {
        socket.write(bytes);
        socket.pipe(socket);
        return;
      }
      const fill = () => {
        while (socket.write(CHUNK));
      };
      socket.on("drain", fill);
      fill();
    });
  }).listen({ port, host: "127.0.0.1", backlog: 4096 });
}

/** So many bytes through a few connections. */
function bulk() {
  let left = amount;
  const sockets = Array.from({ length: BULK_CONNECTIONS }, () => {
    const callback = (count) => {
      if (left > 0 && (left -= count) <= 0) done(sockets);
      return true;
    };
    const buffer = Buffer.allocUnsafe(256 * 1024);
    const socket = connect({ port, host: "127.0.0.1", onread: { buffer, callback } });
    socket.on("error", fail).write("B");
    return socket;
  });
}

/** So many connections, each for 1 KB there and back. */
function connections() {
  let left = amount;
  let open = 0;
  const next = () => {
    if (left-- <= 0) {
      if (open === 0) done([]);
      return;
    }
    open++;
    const socket = connect({ port, host: "127.0.0.1" });
    let received = 0;
    socket.on("error", fail);
    socket.on("data", (bytes) => {
      received += bytes.length;
      if (received === SMALL.length) socket.end();
    });
    socket.on("close", () => {
      open--;
      next();
    });
    socket.write(SMALL);
  };
  for (let n = 0; n < CONNECTIONS_AT_A_TIME; n++) next();
}

/** So many connections that stand and say nothing more. */
function idle() {
  let standing = 0;
  const next = () => {
    const socket = connect({ port, host: "127.0.0.1", onread });
    socket.on("error", fail);
    socket.on("connect", () => {
      socket.write("x");
      if (++standing === amount) setTimeout(() => process.stdout.write("ready\n"), 1_000);
      else if (standing + CONNECTIONS_AT_A_TIME <= amount) next();
    });
  };
  for (let n = 0; n < Math.min(CONNECTIONS_AT_A_TIME, amount); n++) next();
}

function done(sockets) {
  process.stdout.write("done\n");
  for (const socket of sockets) socket.destroy();
}

function fail(error) {
  throw error;
}

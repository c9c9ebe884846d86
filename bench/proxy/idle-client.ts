/**
 * A client that opens connections, gets one answer on each, prints how many failed, and holds the rest
 * until it is stopped. Arguments: port, connections.
 */
import { connect } from "node:net";

/** Connections that are being opened at a time: fewer than a listener's queue. */
const PARALLEL = 64;

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
let opened = 0;
let failed = 0;

async function openOne(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write("GET /60 HTTP/1.1\r\nHost: bench\r\n\r\n");
    });
    socket.once("data", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

async function openSome(): Promise<void> {
  while (opened++ < count) if (!(await openOne())) failed++;
}

await Promise.all(Array.from({ length: PARALLEL }, openSome));
process.stdout.write(`${failed}\n`);

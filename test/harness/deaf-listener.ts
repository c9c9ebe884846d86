// Deaf listener: a port at which nobody accepts and whose queue is full, so that a connection to it
// neither comes about nor is refused.

import { connect } from "node:net";

import { startChild } from "./children.ts";
import { openEnd } from "./open-ends.ts";
import { sleep, within } from "./until.ts";

const script = `
  const server = require("node:net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
`;
/** More than any queue of a backlog of one holds. */
const CONNECTIONS_MAX = 16;

/** Gives the port. */
export async function startDeafListener(): Promise<number> {
  const { child } = startChild(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", 2] });
  const port = await within(
    "the listener's port",
    new Promise<number>((resolve) => {
      child.stdout!.once("data", (text: Buffer) => resolve(Number(text.toString())));
    }),
  );
  child.kill("SIGSTOP");
  for (let n = 0; n < CONNECTIONS_MAX; n++) {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    openEnd(() => socket.destroy());
    const connected = new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
    });
    if (!(await Promise.race([connected, sleep(200).then(() => false)]))) return port;
  }
  throw new Error("the listener's queue never fills");
}

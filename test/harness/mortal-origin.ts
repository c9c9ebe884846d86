// Mortal origin: a backend in a process of its own, which a test can kill and bring back on the same
// port.

import type { ChildProcess } from "node:child_process";

import { startChild } from "./children.ts";
import { freePort } from "./free-port.ts";
import { within } from "./until.ts";

/** Says its name to every request, after a while, "up" when it listens, and "asked" at the first request. */
const script = `
  const [port, name, delay] = process.argv.slice(1);
  let asked = false;
  require("node:http")
    .createServer((request, response) => {
      if (!asked) console.log("asked");
      asked = true;
      request.resume();
      setTimeout(() => response.end(name), Number(delay));
    })
    .listen(Number(port), "127.0.0.1", () => console.log("up"));
`;

export class MortalOrigin {
  readonly port: number;
  readonly #name: string;
  readonly #delayMs: number;
  /** It has been asked since it was started last. */
  wasAsked = false;
  #child: ChildProcess | undefined;

  private constructor(port: number, name: string, delayMs: number) {
    this.port = port;
    this.#name = name;
    this.#delayMs = delayMs;
  }

  /**
   * @param name what it answers
   * @param delayMs how long each answer takes
   */
  static async start(name: string, delayMs = 0): Promise<MortalOrigin> {
    const origin = new MortalOrigin(await freePort(), name, delayMs);
    await origin.revive();
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends it without a word, as a crash does; its connections are reset or closed by the system. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
    });
    child.kill("SIGKILL");
    await within("the end of the origin", exited);
  }

  /** Resolves when it listens again. */
  async revive(): Promise<void> {
    const args = ["-e", script, String(this.port), this.#name, String(this.#delayMs)];
    const { child } = startChild(process.execPath, args, { stdio: ["ignore", "pipe", 2] });
    this.#child = child;
    this.wasAsked = false;
    await within(
      "the origin listening",
      new Promise<void>((resolve) => {
        child.stdout!.on("data", (text: Buffer) => {
          if (text.includes("asked")) this.wasAsked = true;
          resolve();
        });
      }),
    );
  }
}

/**
 * Signals: what the process is told from outside. SIGTERM, SIGINT and a parent that has gone stop it,
 * SIGHUP reloads, SIGUSR1 opens log files anew.
 */
export class Signals {
  onReload: () => void = () => {};
  onReopen: () => void = () => {};
  /** Stops that came before anybody waited for one. */
  #pending: string[] = [];
  #waiting: ((signal: string) => void)[] = [];

  constructor(parentPipe: boolean) {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => this.#stop(signal));
    }
    process.on("SIGHUP", () => this.onReload());
    // Without a handler Node opens its inspector on SIGUSR1.
    process.on("SIGUSR1", () => this.onReopen());
    if (parentPipe) process.stdin.on("close", () => this.#stop("parent")).resume();
  }

  /** The next stop: one that has come and was not waited for, or one to come. */
  stop(): Promise<string> {
    const pending = this.#pending.shift();
    if (pending !== undefined) return Promise.resolve(pending);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #stop(signal: string): void {
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#pending.push(signal);
    else resolve(signal);
  }
}

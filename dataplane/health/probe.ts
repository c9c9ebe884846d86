/**
 * Probe: asks one target again and again, and tells the backends behind it what it finds. Backends with
 * the same target share a probe, whichever pools they are in.
 */
import type { Turnstile } from "../turnstile.ts";
import { Health } from "./health.ts";
import type { ProbeTarget } from "./probe-target.ts";

/** Something that follows a probe. */
export interface ProbeFollower {
  /** It is up or down. `run` counts the probes that say so, `reason` is why it is down. */
  onHealth(isUp: boolean, run: number, reason: string): void;
  /** A probe has found it ill; told before what comes of it. */
  onFailure(): void;
  /** A run of good probes has come behind a bad one, though it was not down. */
  onRecovery(): void;
}

/** What probes share. */
export interface ProbeContext {
  /**
   * Asks a target once. Gives "" where it is well, else the reason why it is not, and undefined where it
   * could not be asked; never throws.
   */
  ask(target: ProbeTarget): Promise<string | undefined>;
  /** So many are asked at a time. */
  readonly turnstile: Turnstile;
  /** A probe had to wait for its turn longer than its interval. */
  onLate(waitedMs: number): void;
}

export class Probe {
  readonly followers: Set<ProbeFollower> = new Set();
  readonly #target: ProbeTarget;
  readonly #context: ProbeContext;
  readonly #health: Health;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(target: ProbeTarget, isUp: boolean, context: ProbeContext) {
    this.#target = target;
    this.#context = context;
    this.#health = new Health(isUp, target.policy);
  }

  get isUp(): boolean {
    return this.#health.isUp;
  }

  /** Asks for the first time after so long. */
  start(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#run(), delayMs).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const { intervalMs, jitterMs } = this.#target.policy;
    const dueAt = performance.now();
    let startedAt = dueAt;
    const reason = await this.#context.turnstile.pass(async () => {
      startedAt = performance.now();
      return this.#isStopped ? "" : this.#context.ask(this.#target);
    });
    if (this.#isStopped) return;
    const next = startedAt + intervalMs + jitterMs * Math.random() - performance.now();
    this.start(Math.max(0, next));
    if (startedAt - dueAt > intervalMs) this.#context.onLate(startedAt - dueAt);
    if (reason !== undefined) this.#tell(reason);
  }

  #tell(reason: string): void {
    const { unhealthyThreshold, healthyThreshold } = this.#target.policy;
    if (reason !== "") for (const follower of this.followers) follower.onFailure();
    const change = this.#health.note(reason === "");
    if (change === undefined) return;
    for (const follower of this.followers) {
      if (change === "well") follower.onRecovery();
      else if (change === "up") follower.onHealth(true, healthyThreshold, "");
      else follower.onHealth(false, unhealthyThreshold, reason);
    }
  }
}

/**
 * Health: what a run of probes says of a backend.
 */

/**
 * What a run of probes, having become long enough, says. `well` is a run of good ones on what was up
 * already, `down` may be said of what was down already.
 */
export type HealthChange = "up" | "down" | "well" | undefined;

export interface HealthThresholds {
  unhealthyThreshold: number;
  healthyThreshold: number;
}

export class Health {
  isUp: boolean;
  readonly #thresholds: HealthThresholds;
  #failures = 0;
  #successes = 0;

  constructor(isUp: boolean, thresholds: HealthThresholds) {
    this.isUp = isUp;
    this.#thresholds = thresholds;
  }

  /** A probe has come back. */
  note(isGood: boolean): HealthChange {
    const { unhealthyThreshold, healthyThreshold } = this.#thresholds;
    if (!isGood) {
      this.#successes = 0;
      if (++this.#failures !== unhealthyThreshold) return undefined;
      this.isUp = false;
      return "down";
    }
    this.#failures = 0;
    if (++this.#successes !== healthyThreshold) return undefined;
    if (this.isUp) return "well";
    this.isUp = true;
    return "up";
  }
}

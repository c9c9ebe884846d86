/**
 * Process state: what the main thread knows of itself, for those who ask.
 */
import type { Settings } from "../artifact/model.ts";
import type { LoadedArtifact } from "./artifact-file.ts";

/** What every worker serves. */
export interface Served {
  loaded: LoadedArtifact;
  settings: Settings;
  generation: number;
  since: Date;
}

export class ProcessState {
  readonly startedAt: Date = new Date(performance.timeOrigin);
  served: Served;
  isDraining = false;
  /** How many workers there should be, and are. */
  workers: () => { wanted: number; serving: number };

  constructor(served: Served, workers: () => { wanted: number; serving: number }) {
    this.served = served;
    this.workers = workers;
  }

  /** It wants traffic. */
  get isReady(): boolean {
    return !this.isDraining && this.workers().serving > 0;
  }
}

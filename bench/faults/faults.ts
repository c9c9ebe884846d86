/**
 * Faults: what the third of three backends does wrong in an experiment, to every request of a client and
 * to every health check alike. The other two are well.
 */

export const FAULTS = [
  "none",
  "silent",
  "half",
  "reset",
  "errors",
  "slow",
  "closing",
  "killed",
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a table says of each. */
export const DESCRIPTIONS: Record<Fault, string> = {
  none: "all three are well",
  silent: "accepts, never answers",
  half: "sends half a body, then nothing",
  reset: "resets in the middle of the body",
  errors: "answers 500 to 30%",
  slow: "answers 10% after 2 s",
  closing: "closes idle connections at random",
  killed: "killed after 3 s, back after 6 s",
};

/** An answer's body. Its length tells a whole one from a part. */
export const BODY: Buffer = Buffer.alloc(8 * 1024, "balto ");

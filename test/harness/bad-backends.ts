// Bad backends: the ways in which one can fail its requests, each as an origin that counts them.

import type { RetryPolicy } from "../../artifact/model.ts";
import type { Target } from "./artifact.ts";
import { type OriginPeer, type RawRequest, startRawOrigin } from "./raw-origin.ts";

/** An origin that fails, and what it got. */
export interface BadBackend {
  url: string;
  /** Requests that came whole. */
  requests: RawRequest[];
}

/** What a bad backend does with a request that it has read. */
export type Misdeed = (peer: OriginPeer, request: RawRequest) => Promise<void> | void;

/** Everything that can be retried is, at once, and nothing is left to chance. */
export const RETRY_ALL: Partial<RetryPolicy> = {
  attempts: 2,
  on: {
    connectFailure: true,
    reset: true,
    timeout: true,
    statuses: [
      { first: 429, last: 429 },
      { first: 500, last: 599 },
    ],
  },
  backoff: { initialMs: 10, maxMs: 100, multiplierPercent: 200, jitterPercent: 0 },
  budgetPercent: 1_000,
};

/** Starts an origin that does so with each request, on each of its connections. */
export async function startBadBackend(misdeed: Misdeed): Promise<BadBackend> {
  const requests: RawRequest[] = [];
  const { url } = await startRawOrigin(async (peer) => {
    for (;;) {
      const request = await peer.request(60_000).catch(() => undefined);
      if (request === undefined) return peer.close();
      requests.push(request);
      await misdeed(peer, request);
    }
  });
  return { url, requests };
}

export const neverAnswers: Misdeed = () => undefined;
export const resets: Misdeed = (peer) => peer.reset();
export const closes: Misdeed = (peer) => peer.close();
export const speaksNonsense: Misdeed = (peer) => peer.send("220 mail.test ESMTP\r\n");
export const answersHalfAHead: Misdeed = async (peer) => {
  await peer.send("HTTP/1.1 200 OK\r\nContent-Le");
  peer.end();
};

/** Answers with a status. */
export function answers(status: number, body = "bad"): Misdeed {
  return (peer) =>
    peer.send(`HTTP/1.1 ${status} Bad\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

/** Targets of which each is asked when those before it have been. */
export function inOrder(...targets: readonly { url: string }[]): Target[] {
  return targets.map(({ url }, priority) => ({ url, priority }));
}

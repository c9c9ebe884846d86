/**
 * Wrong tokens: how many a client has tried, so that nobody can go on guessing.
 */
import { clientOf } from "../connection-counts.ts";

const TRIES_MAX = 30;
const WINDOW_MS = 60_000;
/** Clients that are remembered; beyond, the one that came first is forgotten. */
const CLIENTS_MAX = 1_000;

export class WrongTokens {
  readonly #now: () => number;
  readonly #clients = new Map<string, { tries: number; until: number }>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How long a client has to wait before it may try again, in seconds; 0 where it need not. */
  waitOf(peer: string): number {
    const known = this.#clients.get(clientOf(peer));
    if (known === undefined || known.tries < TRIES_MAX) return 0;
    const waitMs = known.until - this.#now();
    return waitMs <= 0 ? 0 : Math.ceil(waitMs / 1_000);
  }

  /** A client has tried a wrong one. */
  add(peer: string): void {
    const client = clientOf(peer);
    const now = this.#now();
    const known = this.#clients.get(client);
    if (known !== undefined && known.until > now) {
      known.tries++;
      return;
    }
    this.#clients.delete(client);
    this.#clients.set(client, { tries: 1, until: now + WINDOW_MS });
    if (this.#clients.size <= CLIENTS_MAX) return;
    for (const first of this.#clients.keys()) {
      this.#clients.delete(first);
      break;
    }
  }
}

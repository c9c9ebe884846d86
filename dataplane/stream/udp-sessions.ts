/**
 * UDP sessions: those of one socket, by client and in the order of use, so that the one that has been
 * idle for longest is always at hand.
 */
import type { UdpSession } from "./udp-session.ts";

export class UdpSessions {
  readonly #byKey = new Map<string, UdpSession>();
  #oldest: UdpSession | undefined;
  #newest: UdpSession | undefined;

  get size(): number {
    return this.#byKey.size;
  }

  /** The one that has been idle for longest. */
  get oldest(): UdpSession | undefined {
    return this.#oldest;
  }

  find(key: string): UdpSession | undefined {
    return this.#byKey.get(key);
  }

  add(session: UdpSession): void {
    this.#byKey.set(session.key, session);
    this.#append(session);
  }

  /** It becomes the newest. */
  touch(session: UdpSession): void {
    if (session === this.#newest || this.#byKey.get(session.key) !== session) return;
    this.#unlink(session);
    this.#append(session);
  }

  remove(session: UdpSession): void {
    if (!this.#byKey.delete(session.key)) return;
    this.#unlink(session);
  }

  #append(session: UdpSession): void {
    session.older = this.#newest;
    session.newer = undefined;
    if (this.#newest === undefined) this.#oldest = session;
    else this.#newest.newer = session;
    this.#newest = session;
  }

  #unlink(session: UdpSession): void {
    const { older, newer } = session;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    session.older = session.newer = undefined;
  }
}

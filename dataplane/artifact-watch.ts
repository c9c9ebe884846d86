/**
 * Artifact watch: tells when the file at a path may have become another, however it was replaced:
 * written in place, renamed over, or by a link somewhere on its path that now leads elsewhere.
 *
 * File events are a hint only: they miss Kubernetes' and git-sync's link swaps. A poll of what the
 * path leads to is what it rests on.
 */
import { watch } from "chokidar";
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** How often the path is looked at. */
const POLL_MS = 250;
/** A hint may come in the middle of a write in place. */
const SETTLE_MS = 20;

/** Watches until `stop` is called. `changed` is told of every change, and of hints. */
export class ArtifactWatch {
  readonly #path: string;
  readonly #others: () => readonly string[];
  readonly #changed: () => void;
  readonly #watcher: ReturnType<typeof watch>;
  readonly #timer: NodeJS.Timeout;
  #seen: string;
  #hint: NodeJS.Timeout | undefined;

  /** @param others further files whose change counts, as they are now: certificates, secrets */
  constructor(path: string, changed: () => void, others: () => readonly string[] = () => []) {
    this.#path = path;
    this.#others = others;
    this.#changed = changed;
    this.#seen = this.#identities();
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
    this.#watcher = watch(dirname(path), { depth: 0, ignoreInitial: true });
    this.#watcher.on("all", (_, changed) => this.#hinted(changed));
    // Without events (no folder, no descriptors left) the poll still sees everything.
    this.#watcher.on("error", () => {});
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#hint);
    await this.#watcher.close();
  }

  #identities(): string {
    return [this.#path, ...this.#others()].map(identityOf).join();
  }

  #hinted(changed: string): void {
    clearTimeout(this.#hint);
    if (resolve(changed) === resolve(this.#path) && wasMovedThere(changed)) this.#poll();
    else this.#hint = setTimeout(() => this.#poll(), SETTLE_MS);
  }

  #poll(): void {
    const now = this.#identities();
    if (now === this.#seen) return;
    this.#seen = now;
    this.#changed();
  }
}

/**
 * True for a file that is whole: whoever writes to it changes both times at once, a rename only that of
 * the change.
 */
function wasMovedThere(path: string): boolean {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats !== undefined && stats.ctimeNs > stats.mtimeNs;
}

/** What a path leads to, so that any replacement shows; or why it leads nowhere. */
export function identityOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    // A write can put the modification time back, but not the change time.
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  }
}

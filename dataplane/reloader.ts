/**
 * Reloader: takes over a new artifact, or keeps the last good one and says why.
 */
import { settingsOf } from "../artifact/decode.ts";
import { type Settings } from "../artifact/model.ts";
import { loadArtifact, type LoadedArtifact } from "./artifact-file.ts";
import { type Log } from "./log.ts";
import { type GenerationMessage } from "./messages.ts";
import { reason } from "./reason.ts";
import { type Workers } from "./workers.ts";

/**
 * A file that was refused is read once more after so long: the rest of a write in place may fall into
 * the same tick of the file system's clock, and then nothing shows that it came. Milliseconds.
 */
const SECOND_LOOK_MS = 500;

export class Reloader {
  /** The settings in force. */
  settings: Settings;
  /** Told of an artifact that is about to be served. */
  onLoaded: (loaded: LoadedArtifact) => void = () => {};
  /** Told of settings that have come into force. */
  onSettings: (settings: Settings) => void = () => {};
  readonly #path: string;
  readonly #workers: Workers;
  readonly #log: Log;
  #current: LoadedArtifact;
  #message: GenerationMessage;
  #queue: Promise<void> = Promise.resolve();
  #isSecondLook = false;
  #refused = "";

  /** `first` is being served already, as `message`. */
  constructor(
    path: string,
    first: LoadedArtifact,
    message: GenerationMessage,
    workers: Workers,
    log: Log,
  ) {
    this.#path = path;
    this.#current = first;
    this.#message = message;
    this.#workers = workers;
    this.#log = log;
    this.settings = settingsOf(first.view);
  }

  /** Files beside the artifact whose change is a reason to look. */
  get files(): readonly string[] {
    return this.#current.files;
  }

  /** Looks at the file; one look after the other, however often this is called. */
  request(): void {
    this.#queue = this.#queue
      .then(() => this.#reload())
      .catch((error: unknown) => {
        this.#log.write("error", "artifact", "Reload failed by a bug, the last good one goes on", {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      });
  }

  async #reload(): Promise<void> {
    const startedAt = performance.now();
    const loaded = this.#load();
    if (loaded === undefined) return;
    const before = this.#current;
    if (loaded.view.digest === before.view.digest && sameOutside(loaded, before)) return;
    const settings = settingsOf(loaded.view);
    this.#warnOfRestart(before, loaded, settings);
    this.#message = generationMessage(loaded, this.#message.number + 1);
    this.onLoaded(loaded);
    await this.#workers.serve(this.#message);
    this.#current = loaded;
    this.settings = settings;
    this.onSettings(settings);
    this.#log.setLevels(settings.logLevels);
    this.#log.write("info", "artifact", "Artifact loaded", {
      generation: this.#message.number,
      ...identify(loaded),
      milliseconds: Math.round(performance.now() - startedAt),
    });
  }

  #load(): LoadedArtifact | undefined {
    const isSecondLook = this.#isSecondLook;
    this.#isSecondLook = false;
    try {
      const loaded = loadArtifact(this.#path);
      this.#refused = "";
      return loaded;
    } catch (error) {
      const text = reason(error);
      // Nothing is wrong with the file: it is read as soon as there is a descriptor to read it with.
      if (isOutOfDescriptors(text)) this.#lookAgain();
      if (isSecondLook && text === this.#refused) return undefined;
      this.#refused = text;
      this.#log.write("error", "artifact", "Artifact refused, the last good one goes on serving", {
        path: this.#path,
        error: text,
        serving: this.#current.view.digest,
      });
      if (!isOutOfDescriptors(text)) this.#lookAgain();
      return undefined;
    }
  }

  #lookAgain(): void {
    setTimeout(() => {
      this.#isSecondLook = true;
      this.request();
    }, SECOND_LOOK_MS).unref();
  }

  /** What a running process does not take over. */
  #warnOfRestart(before: LoadedArtifact, after: LoadedArtifact, settings: Settings): void {
    const was = before.resolved.get(this.settings.listen) ?? this.settings.listen;
    const is = after.resolved.get(settings.listen) ?? settings.listen;
    const warn = (key: string, values: { was: unknown; is: unknown }): void =>
      this.#log.write("warn", "artifact", `${key} has changed: restart to take it over`, values);
    if (was !== is) warn("server.port", { was, is });
    const [wasTls, isTls] = [before.tls !== undefined, after.tls !== undefined];
    if (wasTls !== isTls) warn("global.tls.enabled", { was: wasTls, is: isTls });
  }
}

/** What the log says an artifact is. */
export function identify({ view }: LoadedArtifact): { digest: string; revision?: string } {
  const { digest, revision } = view;
  return revision === "" ? { digest } : { digest, revision };
}

/** What workers are given of an artifact. */
export function generationMessage(
  { bytes, resolved, tls }: LoadedArtifact,
  number: number,
): GenerationMessage {
  return { number, bytes, resolved, tls };
}

function isOutOfDescriptors(text: string): boolean {
  return /\bE[MN]FILE\b/.test(text);
}

/** What an artifact only refers to has not changed either. */
function sameOutside(one: LoadedArtifact, other: LoadedArtifact): boolean {
  if (one.tls?.cert !== other.tls?.cert || one.tls?.key !== other.tls?.key) return false;
  if (one.resolved.size !== other.resolved.size) return false;
  return [...one.resolved].every(([key, value]) => other.resolved.get(key) === value);
}

/**
 * Reloader: takes over a new artifact, or keeps the last good one and says why.
 */
import { settingsOf } from "../artifact/decode.ts";
import type { Settings } from "../artifact/model.ts";
import type { TrustedKey } from "../artifact/signature.ts";
import { loadArtifact, type LoadedArtifact } from "./artifact-file.ts";
import { identityOf } from "./artifact-watch.ts";
import type { Log } from "./log.ts";
import type { GenerationMessage } from "./messages.ts";
import type { Served } from "./process-state.ts";
import { reason } from "./reason.ts";
import { MAIN_BYTES_MAX, RetiredArtifacts } from "./retired-artifacts.ts";
import { NO_SHARES, type StreamShares } from "./stream/stream-share.ts";
import { resolve } from "./references.ts";
import type { Workers } from "./workers.ts";

/**
 * A file that was refused is read once more after so long: the rest of a write in place may fall into
 * the same tick of the file system's clock, and then nothing shows that it came. Milliseconds.
 */
const SECOND_LOOK_MS = 500;

/** What came of a look at the file. The digest and the generation are those that are served. */
export interface ReloadResult {
  result: "loaded" | "unchanged" | "refused";
  digest: string;
  generation: number;
  /** Why it was refused. */
  error?: string;
}

export class Reloader {
  /** The settings in force. */
  settings: Settings;
  /** Told of an artifact that is about to be served. */
  onLoaded: (loaded: LoadedArtifact) => void = () => {};
  /** What workers have in common for the streams of an artifact. */
  shareStreams: (loaded: LoadedArtifact) => Promise<StreamShares> = async () => NO_SHARES;
  /** Told of an artifact whose settings have come into force, and of the one before. */
  onServed: (served: Served, before: LoadedArtifact) => void = () => {};
  /** Told what came of a look, where there was something new to see. */
  onResult: (result: ReloadResult) => void = () => {};
  readonly #path: string;
  readonly #trusted: readonly TrustedKey[];
  readonly #workers: Workers;
  readonly #log: Log;
  #current: LoadedArtifact;
  #message: GenerationMessage;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #retired = new RetiredArtifacts(MAIN_BYTES_MAX);
  #isSecondLook = false;
  #refused = "";
  #refusedFile = "";
  #refusedAt = -Infinity;

  /** `first` is being served already, as `message`. */
  constructor(
    path: string,
    trusted: readonly TrustedKey[],
    first: LoadedArtifact,
    message: GenerationMessage,
    workers: Workers,
    log: Log,
  ) {
    this.#path = path;
    this.#trusted = trusted;
    this.#current = first;
    this.#retired.add(first.bytes.length);
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
    void this.reload();
  }

  /** The same, and what came of it. */
  async reload(): Promise<ReloadResult> {
    const result = this.#queue
      .then(() => this.#reload())
      .catch((error: unknown) => {
        this.#log.write("error", "artifact", "Reload failed by a bug, the last good one goes on", {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
        return this.#result("refused", reason(error));
      });
    this.#queue = result;
    return result;
  }

  async #reload(): Promise<ReloadResult> {
    const startedAt = performance.now();
    const loaded = this.#load();
    if (loaded === undefined) return this.#result("refused", this.#refused);
    const before = this.#current;
    if (loaded.view.digest === before.view.digest && sameOutside(loaded, before))
      return this.#result("unchanged");
    const settings = settingsOf(loaded.view);
    this.#warnOfRestart(before, loaded, settings);
    const streams = await this.shareStreams(loaded);
    this.#message = generationMessage(loaded, this.#message.number + 1, streams);
    this.onLoaded(loaded);
    await this.#workers.serve(this.#message);
    this.#current = loaded;
    this.settings = settings;
    this.#log.setLevels(settings.logLevels);
    this.onServed(
      { loaded, settings, generation: this.#message.number, since: new Date() },
      before,
    );
    this.#log.write("info", "artifact", "Artifact loaded", {
      generation: this.#message.number,
      ...identify(loaded),
      milliseconds: Math.round(performance.now() - startedAt),
    });
    const result = this.#result("loaded");
    this.onResult(result);
    return result;
  }

  #result(result: ReloadResult["result"], error?: string): ReloadResult {
    const { digest } = this.#current.view;
    const generation = this.#message.number;
    return { result, digest, generation, ...(error === undefined ? {} : { error }) };
  }

  #load(): LoadedArtifact | undefined {
    const isSecondLook = this.#isSecondLook;
    this.#isSecondLook = false;
    const file = identityOf(this.#path);
    try {
      const loaded = loadArtifact(this.#path, this.#trusted);
      // It takes the place of another one, or says the same and is dropped.
      this.#retired.add(loaded.bytes.length);
      this.#refused = "";
      return loaded;
    } catch (error) {
      const text = reason(error);
      // Nothing is wrong with the file: it is read as soon as there is a descriptor to read it with.
      if (isOutOfDescriptors(text)) this.#lookAgain();
      // A second look and the watch may both come upon a file that has just been replaced.
      const isSameFile = file === this.#refusedFile;
      const isSaid = performance.now() - this.#refusedAt < SECOND_LOOK_MS && isSameFile;
      if ((isSecondLook || isSaid) && text === this.#refused) return undefined;
      this.#refused = text;
      this.#refusedFile = file;
      this.#refusedAt = performance.now();
      this.#log.write("error", "artifact", "Artifact refused, the last good one goes on serving", {
        path: this.#path,
        error: text,
        serving: this.#current.view.digest,
      });
      this.onResult(this.#result("refused", text));
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
    const was = resolve(this.settings.listen, before.references);
    const is = resolve(settings.listen, after.references);
    const warn = (key: string, values: { was: unknown; is: unknown }): void =>
      this.#log.write("warn", "artifact", `${key} has changed: restart to take it over`, values);
    if (was !== is) warn("server.port", { was, is });
    const [wasTls, isTls] = [before.tls !== undefined, after.tls !== undefined];
    if (wasTls !== isTls) warn("global.tls.enabled", { was: wasTls, is: isTls });
  }
}

/** What the log says an artifact is. */
export function identify({ view }: LoadedArtifact): {
  digest: string;
  revision?: string;
  signed_by?: string[];
} {
  const { digest, revision, signatures } = view;
  return {
    digest,
    ...(revision === "" ? {} : { revision }),
    ...(signatures.length === 0 ? {} : { signed_by: signatures.map(({ keyId }) => keyId) }),
  };
}

/** What workers are given of an artifact. */
export function generationMessage(
  { bytes, references, tls }: LoadedArtifact,
  number: number,
  streams: StreamShares,
): GenerationMessage {
  return { number, bytes, references, tls, streams };
}

function isOutOfDescriptors(text: string): boolean {
  return /\bE[MN]FILE\b/.test(text);
}

/** What an artifact only refers to has not changed either. */
function sameOutside(one: LoadedArtifact, other: LoadedArtifact): boolean {
  if (one.tls?.cert !== other.tls?.cert || one.tls?.key !== other.tls?.key) return false;
  if (one.references.size !== other.references.size) return false;
  return [...one.references].every(([key, value]) => other.references.get(key) === value);
}

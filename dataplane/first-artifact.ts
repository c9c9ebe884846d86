/**
 * First artifact: with `--wait`, the process waits here until there is one that can be served.
 */
import type { TrustedKey } from "../artifact/signature.ts";
import { loadArtifact, type LoadedArtifact } from "./artifact-file.ts";
import { ArtifactWatch } from "./artifact-watch.ts";
import type { Log } from "./log.ts";
import { reason } from "./reason.ts";

/**
 * Resolves with the first good artifact at `path`, and says each time anew why one cannot be served;
 * with undefined when `stopped` comes first.
 */
export async function firstArtifact(
  path: string,
  trusted: readonly TrustedKey[],
  log: Log,
  stopped: Promise<string>,
): Promise<LoadedArtifact | undefined> {
  let said = "";
  const attempt = (): LoadedArtifact | undefined => {
    try {
      return loadArtifact(path, trusted);
    } catch (error) {
      const text = reason(error);
      if (text !== said) {
        log.write("warn", "artifact", "Waiting for an artifact", { path, error: text });
      }
      said = text;
      return undefined;
    }
  };
  let found: (loaded: LoadedArtifact | undefined) => void = () => {};
  const first = new Promise<LoadedArtifact | undefined>((resolve) => (found = resolve));
  const check = (): void => {
    const loaded = attempt();
    if (loaded !== undefined) found(loaded);
  };
  const watch = new ArtifactWatch(path, check);
  void stopped.then(() => found(undefined));
  // Only now that the watch stands, so that no change falls between the two.
  check();
  const loaded = await first;
  await watch.stop();
  return loaded;
}

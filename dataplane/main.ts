/**
 * The data plane's process, from its first line to its last:
 * options → artifact → workers → watch → serve until a signal → drain.
 */
import { parseListenAddress } from "../artifact/address.ts";
import { settingsOf } from "../artifact/decode.ts";
import { loadArtifact, type LoadedArtifact } from "./artifact-file.ts";
import { ArtifactWatch } from "./artifact-watch.ts";
import { firstArtifact } from "./first-artifact.ts";
import { Log } from "./log.ts";
import { type Options, readOptions } from "./options.ts";
import { createTurns } from "./pool/turns.ts";
import { reason } from "./reason.ts";
import { generationMessage, identify, Reloader } from "./reloader.ts";
import { Signals } from "./signals.ts";
import { Workers } from "./workers.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 64;

const options = readOptions(process.argv.slice(2));
if (typeof options === "string") end(EXIT_USAGE, options);
else await run(options);

async function run({
  artifact: path,
  workers: count,
  wait,
  listen,
  parentPipe,
}: Options): Promise<void> {
  const log = Log.toStdout();
  const signals = new Signals(parentPipe);
  const stopped = signals.stop();

  let first: LoadedArtifact | undefined;
  try {
    first = wait ? await firstArtifact(path, log, stopped) : loadArtifact(path);
  } catch (error) {
    return end(EXIT_FAILED, `${path}: ${reason(error)}`);
  }
  if (first === undefined) process.exit(0);
  const settings = settingsOf(first.view);
  log.setLevels(settings.logLevels);

  const text = listen ?? first.resolved.get(settings.listen) ?? settings.listen;
  const address = parseListenAddress(text);
  if (typeof address === "string") return end(EXIT_USAGE, `--listen: ${address}`);
  const message = generationMessage(first, 1, createTurns(first.view));
  const workers = new Workers(count, address, message, log);
  let port: number;
  try {
    port = await workers.start();
  } catch (error) {
    return end(EXIT_FAILED, `cannot listen on ${text}: ${reason(error)}`);
  }
  const serving = { listen: `${address.host}:${port}`, workers: count, pid: process.pid };
  log.write("info", "dataplane", "Serving", { ...serving, ...identify(first) });

  const reloader = new Reloader(path, first, message, workers, log);
  const watch = new ArtifactWatch(
    path,
    () => reloader.request(),
    () => reloader.files,
  );
  signals.onReload = () => reloader.request();
  // A change between the first load and the watch's first look would be missed.
  reloader.request();

  const signal = await stopped;
  const { drainDelayMs, drainTimeoutMs } = reloader.settings;
  log.write("info", "dataplane", "Draining", { signal, timeout_ms: drainTimeoutMs });
  await watch.stop();
  const drained = sleep(drainDelayMs).then(() => workers.drain(drainTimeoutMs));
  await Promise.race([drained, signals.stop().then(() => workers.cut())]);
  log.write("info", "dataplane", "Stopped");
  process.exit(0);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function end(code: number, text: string): void {
  process.stderr.write(`balto: ${text}\n`);
  process.exit(code);
}

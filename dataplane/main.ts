/**
 * The data plane's process, from its first line to its last:
 * options → artifact → workers → watch → serve until a signal → drain.
 */
import { parseListenAddress } from "../artifact/address.ts";
import { settingsOf } from "../artifact/decode.ts";
import { Admin } from "./admin/admin.ts";
import { loadArtifact, type LoadedArtifact } from "./artifact-file.ts";
import { ArtifactWatch } from "./artifact-watch.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import { descriptorLimit } from "./descriptors.ts";
import { firstArtifact } from "./first-artifact.ts";
import { Handover } from "./handover.ts";
import { HealthChecker } from "./health/health-checker.ts";
import { Log } from "./log.ts";
import { Observation } from "./observation/observation.ts";
import { type Options, readOptions } from "./options.ts";
import { NameDirectory } from "./pool/name-directory.ts";
import { NameResolver, nameServers } from "./pool/name-resolver.ts";
import { SlotUpkeep } from "./pool/slot-upkeep.ts";
import { PoolState } from "./pool/state/pool-state.ts";
import { ProcessState } from "./process-state.ts";
import { reason } from "./reason.ts";
import { logRefusals } from "./refusal-log.ts";
import { generationMessage, identify, Reloader } from "./reloader.ts";
import { Signals } from "./signals.ts";
import { StreamDirectory } from "./stream/stream-directory.ts";
import { logStreams } from "./stream/stream-report.ts";
import type { StreamShares } from "./stream/stream-share.ts";
import { readTrustedKeys } from "./trusted-keys.ts";
import { resolve } from "./references.ts";
import { Workers } from "./workers.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 64;

const options = readOptions(process.argv.slice(2), process.env);
if (typeof options === "string") end(EXIT_USAGE, options);
else await run(options);

async function run({
  artifact: path,
  workers: count,
  wait,
  listen,
  trust,
  parentPipe,
  adminSocket: privateSocket,
  controlSocket,
}: Options): Promise<void> {
  const log = new Log();
  const servers = nameServers(process.env);
  if (typeof servers === "string") return end(EXIT_USAGE, servers);
  const trusted = readTrustedKeys(trust);
  if (typeof trusted === "string") return end(EXIT_FAILED, trusted);
  const names = new NameDirectory(new NameResolver(servers), log);
  const signals = new Signals(parentPipe);
  const stopped = signals.stop();

  let first: LoadedArtifact | undefined;
  try {
    first = wait ? await firstArtifact(path, trusted, log, stopped) : loadArtifact(path, trusted);
  } catch (error) {
    return end(EXIT_FAILED, `${path}: ${reason(error)}`);
  }
  if (first === undefined) process.exit(0);
  const settings = settingsOf(first.view);
  log.setLevels(settings.logLevels);
  const { view, references } = first;
  const observation = new Observation(log);
  observation.serve({ view, settings, references });

  const text = listen ?? resolve(settings.listen, first.references);
  const address = parseListenAddress(text);
  if (typeof address === "string") return end(EXIT_USAGE, `--listen: ${address}`);
  const descriptorsMax = descriptorLimit();
  const streams = new StreamDirectory(count, descriptorsMax);
  let shares: StreamShares;
  try {
    shares = await streams.share(first.view, first.references);
  } catch (error) {
    return end(EXIT_FAILED, `streams: ${reason(error)}`);
  }
  const message = generationMessage(first, 1, shares);
  const connections = ConnectionCounts.create(count);
  connections.setLimits(settings.limits);
  logRefusals(connections, log);
  const pools = PoolState.create(count);
  const health = new HealthChecker(pools, names, log);
  const upkeep = new SlotUpkeep(pools);
  upkeep.serve(first.view, first.references);
  health.serve(first.view, first.references);
  const handover = new Handover(log);
  const handoverBase = handover.base(address);
  let admin: Admin;
  try {
    const adminListen = resolve(settings.admin.listen, references);
    const { env } = process;
    admin = await Admin.open({
      listen: adminListen,
      privateSocket,
      controlSocket,
      env,
      log,
      observation,
    });
  } catch (error) {
    return end(EXIT_FAILED, reason(error));
  }
  const { channel } = admin;
  const workers = new Workers(
    {
      count,
      listen: address,
      descriptorsMax,
      connections,
      pools,
      names,
      streams,
      handoverBase,
      observation,
      admin: channel,
    },
    message,
    log,
  );
  workers.onPoolEvent = health.onEvent = (event) => admin.onPoolEvent(event);
  health.onProbeFailed = (id) => observation.main.backend(id).probeFailed();
  let port: number;
  try {
    port = await workers.start();
  } catch (error) {
    const why = reason(error);
    return end(EXIT_FAILED, why.startsWith("stream ") ? why : `cannot listen on ${text}: ${why}`);
  }
  surviveBugs(log);
  const { groups } = workers;
  const give = (group: number, fd: number): boolean => workers.give(groups[group]!, fd);
  await handover.offer(address, groups.length, give);
  log.write("info", "dataplane", "Serving", {
    listen: `${address.host}:${port}`,
    workers: count,
    pid: process.pid,
    ...(Number.isFinite(descriptorsMax) ? { descriptors: descriptorsMax } : {}),
    ...(workers.taken > 0 ? { taken_over: workers.taken } : {}),
    ...identify(first),
    ...admin.facts,
  });

  const reloader = new Reloader(path, trusted, first, message, workers, log);
  reloader.onLoaded = ({ view, references }) => {
    upkeep.serve(view, references);
    health.serve(view, references);
  };
  reloader.shareStreams = ({ view, references }) => streams.share(view, references);
  const served = { loaded: first, settings, generation: 1, since: new Date() };
  const state = new ProcessState(served, () => workers.states);
  admin.begin({ state, reloader, workers, connections, pools, health, streams });
  const watch = new ArtifactWatch(
    path,
    () => reloader.request(),
    () => reloader.files,
  );
  signals.onReload = () => reloader.request();
  signals.onReopen = () => observation.reopen();
  // A change between the first load and the watch's first look would be missed.
  reloader.request();

  const signal = await stopped;
  const { drainDelayMs, drainTimeoutMs } = reloader.settings;
  log.write("info", "dataplane", "Draining", {
    signal,
    delay_ms: drainDelayMs,
    timeout_ms: drainTimeoutMs,
  });
  void watch.stop();
  workers.announceDrain();
  admin.announceDrain();
  const drained = sleep(drainDelayMs).then(() => {
    handover.withdraw();
    admin.close();
    return workers.drain(drainTimeoutMs);
  });
  const second = signals.stop().then(() => workers.cut());
  await Promise.race([drained, second]);
  handover.withdraw();
  logStreams(streams, log);
  admin.close();
  await observation.finish();
  log.write("info", "dataplane", "Stopped");
  await log.finish();
  process.exit(0);
}

/**
 * From here on traffic is in the workers' hands. This thread holds nothing of theirs that a bug here
 * could spoil, so ending the process would only turn a fault of the log, the watch or a reload into an
 * outage.
 */
function surviveBugs(log: Log): void {
  process.on("uncaughtException", (error, origin) => {
    log.write("error", "dataplane", "Main thread failed by a bug, traffic goes on", {
      origin,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function end(code: number, text: string): void {
  process.stderr.write(`balto: ${text}\n`);
  process.exit(code);
}

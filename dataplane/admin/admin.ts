/**
 * Admin: all that operators can see and do, put together: the listener, the token, the events, and the
 * metrics of the process as a whole.
 */
import type { ConnectionCounts } from "../connection-counts.ts";
import type { HealthChecker } from "../health/health-checker.ts";
import type { Log } from "../log.ts";
import type { Family } from "../metrics/exposition.ts";
import { dropsFamily } from "../metrics/metrics-page.ts";
import { streamFamilies } from "../metrics/stream-families.ts";
import type { Observation } from "../observation/observation.ts";
import type { PoolEvent } from "../pool/pool-events.ts";
import type { PoolState } from "../pool/state/pool-state.ts";
import type { ProcessState } from "../process-state.ts";
import type { Reloader, ReloadResult } from "../reloader.ts";
import type { StreamDirectory } from "../stream/stream-directory.ts";
import type { Workers } from "../workers.ts";
import { AdminListener } from "./admin-listener.ts";
import type { AdminChannel } from "./admin-route.ts";
import type { AdminContext } from "./admin-server.ts";
import { backendFamilies } from "./backend-source.ts";
import { EventHub } from "./event-hub.ts";
import { PoolBackends } from "./pool-backends.ts";
import { tellHappening } from "./pool-happenings.ts";
import type { WriterAddress } from "./relay.ts";
import { ServiceTimes } from "./service-times.ts";
import { resolve } from "../references.ts";
import { AdminToken } from "./token.ts";

export interface AdminOptions {
  /** With references filled in; "" is the address of the traffic. */
  listen: string;
  privateSocket: string | undefined;
  /** Of the process that writes the tree. */
  controlSocket: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
  observation: Observation;
}

/** The rest of the process, once it serves. */
export interface AdminProcess {
  state: ProcessState;
  reloader: Reloader;
  workers: Workers;
  connections: ConnectionCounts;
  pools: PoolState;
  health: HealthChecker;
  streams: StreamDirectory;
}

export class Admin {
  /** Where what happens is told. */
  readonly events: EventHub = new EventHub();
  readonly #options: AdminOptions;
  readonly #token: AdminToken;
  #listener: AdminListener | undefined;
  #context: AdminContext | undefined;
  #backends: PoolBackends | undefined;
  #begin: () => void = () => {};
  readonly #begun = new Promise<void>((resolve) => (this.#begin = resolve));

  private constructor(options: AdminOptions) {
    this.#options = options;
    this.#token = new AdminToken(options.env, options.log);
  }

  /** @throws Error with one line where it cannot listen */
  static async open(options: AdminOptions): Promise<Admin> {
    const admin = new Admin(options);
    const { listen, privateSocket } = options;
    const context = async (): Promise<AdminContext> => {
      await admin.#begun;
      return admin.#context!;
    };
    admin.#listener = await AdminListener.open({ listen, privateSocket, context });
    return admin;
  }

  /** What workers are told. */
  get channel(): AdminChannel {
    return this.#listener!.channel;
  }

  /** What the log says at the start; never the token itself. */
  get facts(): Record<string, string> {
    const { address } = this.#listener!;
    return {
      ...(address === "" ? {} : { admin: address }),
      ...(this.#token.file === undefined ? {} : { admin_token_file: this.#token.file }),
    };
  }

  /** The process serves: questions that have come are answered from now on. */
  begin({ state, reloader, workers, connections, pools, health, streams }: AdminProcess): void {
    const { log, observation } = this.#options;
    const times = new ServiceTimes(state.startedAt);
    const statistics = streams.livingStatistics.bind(streams);
    const others = (): string[] => [
      ...health.ids(),
      ...statistics().flatMap(({ backend }) => (backend === "" ? [] : [backend])),
    ];
    const backends = new PoolBackends(state, observation.directory, pools, others);
    this.#backends = backends;
    this.#context = {
      log,
      token: this.#token,
      state,
      observation,
      events: this.events,
      times,
      reloader,
      backends,
      writer: () => this.#writer(state),
    };
    const reloads = { loaded: 0, refused: 0 };
    let isLastGood = true;
    reloader.onServed = (served, before) => {
      state.served = served;
      connections.setLimits(served.settings.limits);
      times.serve(before.view, served.loaded.view, served.since);
      this.#serve(served.loaded.view.digest, state, workers);
    };
    reloader.onResult = (result: ReloadResult) => {
      isLastGood = result.result !== "refused";
      if (result.result !== "unchanged") reloads[result.result]++;
      this.events.tell("reload", { ...result });
    };
    const { page, directory } = observation;
    const refused = (): { reason: string; count: number }[] => [
      { reason: "connections_limit", count: connections.refused("connections") },
      { reason: "connections_per_client_limit", count: connections.refused("client") },
      { reason: "out_of_descriptors", count: workers.turnedAway },
    ];
    page.register(dropsFamily(directory, refused));
    for (const family of processFamilies(state, workers)) page.register(family);
    page.register({
      name: "balto_reloads_total",
      help: "New artifacts, by what became of them.",
      type: "counter",
      labels: ["result"],
      collect: (sample) => {
        sample(["loaded"], reloads.loaded);
        sample(["refused"], reloads.refused);
      },
    });
    page.register({
      name: "balto_last_reload_successful",
      help: "Whether the newest artifact is the one that is served: 1, or 0.",
      type: "gauge",
      labels: [],
      collect: (sample) => sample([], Number(isLastGood)),
    });
    page.register({
      name: "balto_admin_requests_total",
      help: "What operators have asked, by the status of the answer.",
      type: "counter",
      labels: ["status_code"],
      collect: (sample) => {
        for (const [status, count] of this.#listener!.answered) sample([String(status)], count);
      },
    });
    for (const family of backendFamilies(backends)) page.register(family);
    for (const family of streamFamilies(statistics)) page.register(family);
    this.#begin();
  }

  /** Something has become of a backend. */
  onPoolEvent(event: PoolEvent): void {
    this.#backends?.note(event);
    tellHappening(this.events, event);
  }

  /** The process is about to end: it is not ready any more, and who listens is let go. */
  announceDrain(): void {
    this.#context!.state.isDraining = true;
    this.events.close();
  }

  /** Addresses of its own are given up. */
  close(): void {
    this.#listener!.close();
  }

  /** A new artifact is in force. */
  #serve(digest: string, { served }: ProcessState, workers: Workers): void {
    const { view, references } = served.loaded;
    const { log, observation, listen } = this.#options;
    const { settings } = served;
    const forgotten = observation.serve({ view, settings, references });
    for (const { worker, places } of forgotten) workers.tell(worker, { type: "forget", places });
    const wanted = resolve(settings.admin.listen, references);
    if (wanted !== listen)
      log.write("warn", "artifact", "admin.listen has changed: restart to take it over", {
        was: listen,
        is: wanted,
        digest,
      });
  }

  #writer({ served }: ProcessState): WriterAddress | undefined {
    const { controlSocket } = this.#options;
    if (controlSocket !== undefined) return { kind: "socket", path: controlSocket };
    const { writerUrl } = served.settings.admin;
    const url = resolve(writerUrl, served.loaded.references);
    return url === "" ? undefined : { kind: "url", url: new URL(url) };
  }
}

/** What is measured of the process as a whole. */
function processFamilies(state: ProcessState, workers: Workers): Family[] {
  const single = (
    name: string,
    type: Family["type"],
    help: string,
    value: () => number,
  ): Family => ({
    name,
    help,
    type,
    labels: [],
    collect: (sample) => sample([], value()),
  });
  return [
    {
      name: "balto_artifact_info",
      help: "The artifact that is served.",
      type: "gauge",
      labels: ["digest", "commit"],
      collect: (sample) => {
        const { digest, revision } = state.served.loaded.view;
        sample([digest, revision], 1);
      },
    },
    single(
      "balto_artifact_generation",
      "gauge",
      "How many artifacts have been served since the start.",
      () => state.served.generation,
    ),
    single(
      "balto_artifact_served_timestamp_seconds",
      "gauge",
      "Since when the artifact is served.",
      () => state.served.since.getTime() / 1_000,
    ),
    single("balto_ready", "gauge", "Whether the process wants traffic: 1, or 0.", () =>
      Number(state.isReady),
    ),
    single("balto_workers", "gauge", "Threads that serve.", () => state.workers().serving),
    single(
      "balto_worker_deaths_total",
      "counter",
      "Threads that have died and were replaced.",
      () => workers.deaths,
    ),
    {
      name: "balto_worker_utilization_ratio",
      help: "How busy a thread was since it began, from 0 to 1.",
      type: "gauge",
      labels: ["worker"],
      collect: (sample) => {
        for (const { worker, ratio } of workers.utilization()) sample([String(worker)], ratio);
      },
    },
  ];
}

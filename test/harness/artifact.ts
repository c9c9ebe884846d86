// Artifact: says in a line which routes a data plane has, compiles them, and puts the file where the
// data plane looks.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { onTestFinished } from "vitest";

import { encode } from "../../artifact/encode.ts";
import { buildTable, usesTable } from "../../artifact/maglev.ts";
import type {
  Backend,
  Limits,
  Model,
  Origin,
  Pool,
  PoolPolicy,
  RetryPolicy,
  Service,
  Settings,
  Stream,
  StreamPolicy,
  Timeouts,
} from "../../artifact/model.ts";
import { compile } from "../../compiler/compile.ts";
import { writeArtifact } from "../../compiler/write-artifact.ts";
import {
  POOL_POLICY,
  SERVICE_POLICY,
  SETTINGS,
  STREAM_POLICY,
} from "../fixtures/artifact-model.ts";

/** Where a request goes: an origin, or its URL; with an object, what its backend is beside. */
export type Target = string | ({ readonly url: string } & Partial<Omit<Backend, "url" | "origin">>);

/** A service. Without anything but `to` it takes every request and strips nothing off its path. */
export interface RouteOptions extends Partial<
  Pick<
    Service,
    | "name"
    | "domains"
    | "pattern"
    | "methods"
    | "predicates"
    | "priority"
    | "stripPrefix"
    | "preserveHost"
    | "bodyBytesMax"
    | "hedgeAfterMs"
  >
> {
  to: Target | readonly Target[];
  timeouts?: Partial<Timeouts>;
  retry?: Partial<RetryPolicy>;
  /** What differs from the default policy of a pool. */
  policy?: Partial<PoolPolicy>;
}

/** A stream: a name, and where it leads; without `listen` a port of its own, without a policy the defaults. */
export interface StreamOptions {
  name?: string;
  /** By default a free port of the loopback address. */
  listen?: string;
  /** By default that of the first backend's URL. */
  protocol?: Stream["protocol"];
  /** Without it connections that no SNI route takes are closed. */
  to?: Target | readonly Target[];
  sni?: readonly { names: string[]; to: Target | readonly Target[] }[];
  /** What differs from the default policy of a stream. */
  policy?: Partial<Omit<StreamPolicy, "proxyProtocol">>;
  proxyProtocol?: Partial<StreamPolicy["proxyProtocol"]>;
  /** What differs from the default policy of a pool, for all of its pools. */
  pool?: Partial<PoolPolicy>;
}

/** What differs from the defaults; of the limits, too. */
export type SettingOverrides = Partial<Omit<Settings, "limits">> & { limits?: Partial<Limits> };

const settings: Settings = {
  ...SETTINGS,
  listen: "127.0.0.1:0",
  drainTimeoutMs: 20_000,
  logLevels: ["info", "warn", "error"],
};

/** The artifact of some routes. */
export function serving(
  routes: RouteOptions | readonly RouteOptions[],
  overrides: SettingOverrides = {},
  revision = "",
): Uint8Array {
  return encode(modelOf("to" in routes ? [routes] : routes, overrides), revision);
}

/** The artifact of some streams, and of routes where there are any. */
export function streaming(
  streams: StreamOptions | readonly StreamOptions[],
  routes: readonly RouteOptions[] = [],
  overrides: SettingOverrides = {},
): Uint8Array {
  const model = modelOf(routes, overrides);
  const list = Array.isArray(streams)
    ? (streams as readonly StreamOptions[])
    : [streams as StreamOptions];
  list.forEach((stream, index) => addStream(model, stream, index));
  model.streams.sort((a, b) => (a.name < b.name ? -1 : 1));
  return encode(model);
}

function modelOf(list: readonly RouteOptions[], overrides: SettingOverrides): Model {
  const pools = list.map(poolOf);
  return {
    settings: {
      ...settings,
      ...overrides,
      limits: { ...settings.limits, ...overrides.limits },
    },
    pools,
    services: list.map((route, index) => ({
      name: nameOf(route, index),
      domains: route.domains ?? ["*"],
      pattern: route.pattern ?? "/*",
      methods: route.methods ?? [],
      predicates: route.predicates ?? [],
      priority: route.priority ?? 0,
      stripPrefix: route.stripPrefix ?? true,
      preserveHost: route.preserveHost ?? false,
      timeouts: { ...SERVICE_POLICY.timeouts, ...route.timeouts },
      bodyBytesMax: route.bodyBytesMax ?? 0,
      retry: { ...SERVICE_POLICY.retry, ...route.retry },
      hedgeAfterMs: route.hedgeAfterMs ?? 0,
      pool: pools[index]!,
      origin: { file: "services/test.yaml", line: index + 1, column: 1 },
    })),
    streams: [],
  };
}

function addStream({ pools, streams }: Model, stream: StreamOptions, index: number): void {
  const name = stream.name ?? `stream-${index}`;
  const origin = { file: "streams/test.yaml", line: index + 1, column: 1 };
  const addPool = (to: Target | readonly Target[], key: string): Pool => {
    const added = poolFor(key, key, to, stream.pool, origin);
    pools.push(added);
    return added;
  };
  const sni = (stream.sni ?? []).map(({ names, to }, nth) => ({
    names,
    pool: addPool(to, `${name}/sni-${nth}`),
  }));
  const pool = stream.to === undefined ? undefined : addPool(stream.to, name);
  const url = pool?.backends[0]?.url ?? "tcp:";
  streams.push({
    name,
    listen: stream.listen ?? "127.0.0.1:0",
    protocol: stream.protocol ?? (url.startsWith("udp:") ? "udp" : "tcp"),
    pool,
    sni,
    policy: {
      ...STREAM_POLICY,
      ...stream.policy,
      proxyProtocol: { ...STREAM_POLICY.proxyProtocol, ...stream.proxyProtocol },
    },
    origin,
  });
}

/** The artifact of a config tree, given as its files. */
export function compiled(files: Readonly<Record<string, string>>): Uint8Array {
  const { artifact, diagnostics } = compile({
    files: Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) })),
  });
  if (artifact === undefined) throw new Error(JSON.stringify(diagnostics, undefined, 2));
  return artifact;
}

/** An empty folder that goes when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "balto-e2e-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts an artifact, or what poses as one, into a folder of its own and gives its path. */
export function published(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), "balto.artifact");
  writeArtifact(path, bytes);
  return path;
}

/** Puts an artifact at a path, as Balto does: whole or not at all. */
export function publish(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeArtifact(path, bytes);
}

function poolOf(route: RouteOptions, index: number): Pool {
  const origin = { file: "services/test.yaml", line: index + 1, column: 1 };
  const label = route.domains?.[0] ?? "*";
  return poolFor(nameOf(route, index), label, route.to, route.policy, origin);
}

function poolFor(
  key: string,
  label: string,
  to: Target | readonly Target[],
  overrides: Partial<PoolPolicy> | undefined,
  origin: Origin,
): Pool {
  const policy = { ...POOL_POLICY, ...overrides };
  const backends = [to].flat().map((target): Backend => {
    const { url, weight, name, priority, connectionsMax } = (
      typeof target === "string" ? { url: target } : target
    ) as Exclude<Target, string>;
    return {
      url,
      weight: weight ?? 1,
      name: name ?? "",
      priority: priority ?? 0,
      connectionsMax: connectionsMax ?? 0,
      origin,
    };
  });
  return {
    key,
    label,
    policy,
    backends,
    table: usesTable(policy.algorithm) ? buildTable(backends) : [],
    origin,
  };
}

function nameOf(route: RouteOptions, index: number): string {
  return route.name ?? `service-${index}`;
}

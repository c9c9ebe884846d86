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
  Pool,
  PoolPolicy,
  RetryPolicy,
  Service,
  Settings,
  Timeouts,
} from "../../artifact/model.ts";
import { compile } from "../../compiler/compile.ts";
import { writeArtifact } from "../../compiler/write-artifact.ts";
import { POOL_POLICY, SERVICE_POLICY, SETTINGS } from "../fixtures/artifact-model.ts";

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
  const list = "to" in routes ? [routes] : routes;
  const model: Model = {
    settings: {
      ...settings,
      ...overrides,
      limits: { ...settings.limits, ...overrides.limits },
    },
    pools: list.map(poolOf),
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
      pool: index,
      origin: { file: "services/test.yaml", line: index + 1, column: 1 },
    })),
  };
  return encode(model, revision);
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
  const policy = { ...POOL_POLICY, ...route.policy };
  const backends = [route.to].flat().map((target): Backend => {
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
    key: nameOf(route, index),
    label: route.domains?.[0] ?? "*",
    policy,
    backends,
    table: usesTable(policy.algorithm) ? buildTable(backends) : [],
    origin,
  };
}

function nameOf(route: RouteOptions, index: number): string {
  return route.name ?? `service-${index}`;
}

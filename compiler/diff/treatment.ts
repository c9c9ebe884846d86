/**
 * Treatment: what a route does with a request that it takes, without what it is called or where it is
 * written. Two routes of one treatment are one and the same for every request.
 */
import type { Pool, Service } from "../../artifact/model.ts";
import { hasParameter, parsePattern, type Pattern } from "../../artifact/pattern.ts";
import { backendSettings, poolSettings, serviceSettings } from "../explain/model-settings.ts";
import { goesByWeight, sharesOf } from "../explain/upstream.ts";

export interface Treatment extends PoolTreatment {
  /** All of the below in one text: equal where the treatments are. */
  key: string;
  rewrite: Rewrite;
}

export interface PoolTreatment {
  /** Percent of the requests or connections by backend URL. */
  shares: ReadonlyMap<string, number>;
  /** Settings of the service, the pool and its backends by key. */
  policy: ReadonlyMap<string, string>;
}

/** What becomes of path, Host and parameters. */
export interface Rewrite {
  /** `all`: the path becomes `/`; a number: so many segments are taken off. */
  strip: "all" | number;
  preserveHost: boolean;
  /** Names of the parameters with the segments that they take. */
  parameters: readonly { name: string; segment: number }[];
}

/** Said by `Rewrite`. */
const REWRITE_KEYS = new Set(["strip_prefix", "preserve_host"]);

export function treatmentOf(service: Service): Treatment {
  const rewrite = rewriteOf(service);
  const pool = poolTreatmentOf(service.pool);
  const { shares } = pool;
  const own = serviceSettings(service).filter(({ key }) => !REWRITE_KEYS.has(key));
  const policy = new Map([...own.map(({ key, text }) => [key, text] as const), ...pool.policy]);
  const key = JSON.stringify([sorted(shares), rewrite, sorted(policy)]);
  return { key, shares, rewrite, policy };
}

/** What a pool does with what comes to it. */
export function poolTreatmentOf(pool: Pool): PoolTreatment {
  const percents = sharesOf(pool);
  const shares = new Map<string, number>();
  const policy = new Map(poolSettings(pool).map(({ key, text }) => [key, text]));
  for (const [index, backend] of pool.backends.entries()) {
    const { url } = backend;
    shares.set(url, (shares.get(url) ?? 0) + percents[index]!);
    const settings = backendSettings(backend);
    // What its weight is worth while others fail is not among the shares.
    if (percents[index] === 0 && goesByWeight(pool)) {
      settings.push({ key: "weight", text: String(backend.weight) });
    }
    for (const { key, text } of settings) {
      const texts = policy.get(`${url} ${key}`)?.split(", ") ?? [];
      policy.set(`${url} ${key}`, [...texts, text].toSorted().join(", "));
    }
  }
  return { shares, policy };
}

function rewriteOf({ pattern, stripPrefix, preserveHost }: Service): Rewrite {
  const parsed = parsePattern(pattern) as Pattern;
  const { segments, rest } = parsed;
  // Nothing is taken off a pattern with parameters, and a `*` alone has nothing to take off.
  const strips = stripPrefix && !hasParameter(parsed);
  const parameters = segments.flatMap(({ kind, text }, segment) =>
    kind === "parameter" ? [{ name: text, segment }] : [],
  );
  return {
    strip: !strips ? 0 : rest ? segments.length : "all",
    preserveHost,
    parameters,
  };
}

function sorted(map: ReadonlyMap<string, string | number>): [string, string | number][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

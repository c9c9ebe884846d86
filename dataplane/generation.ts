/**
 * Generation: one loaded artifact as a worker uses it. Routes are looked at when their first request
 * comes: an artifact of 100,000 costs a worker no more than the ones in use.
 */
import {
  backendOf,
  cached,
  methodNames,
  poolPolicyOf,
  servicePolicyOf,
  settingsOf,
  streamsOf,
  tableOf,
} from "../artifact/decode.ts";
import { Matcher } from "../artifact/match.ts";
import type {
  PoolPolicy,
  RetryPolicy,
  ServicePolicy,
  Settings,
  Timeouts,
} from "../artifact/model.ts";
import { pathRules } from "../artifact/path.ts";
import { RowReader, type View } from "../artifact/view.ts";
import { Cors } from "./http/cors.ts";
import { HashKey } from "./http/hash-key.ts";
import { Sticky } from "./http/sticky.ts";
import { Via } from "./http/via.ts";
import { Networks } from "./networks.ts";
import type { RouteMeter } from "./metrics/route-meter.ts";
import type { Backend } from "./pool/backend.ts";
import { addressOf } from "./pool/named-identities.ts";
import type { Pool } from "./pool/pool.ts";
import type { PoolRegistry } from "./pool/pool-registry.ts";
import { type References, resolve } from "./references.ts";
import { Stream } from "./stream/stream.ts";

/** A route as the engine needs it. */
export interface Route {
  service: string;
  pattern: string;
  /** The matched prefix is taken off the path. */
  strip: boolean;
  /** The pattern has no `*`. */
  isExact: boolean;
  preserveHost: boolean;
  timeouts: Timeouts;
  /** Bytes of a request's body; Infinity where there is no limit. */
  bodyBytesMax: number;
  /** `X-Param-<name>: `, in the order of the parameters. */
  parameterFields: readonly Buffer[];
  retry: RetryPolicy;
  /** 0 is no hedging. */
  hedgeAfterMs: number;
  pool: Pool;
  /** What requests are hashed by; undefined where the pool's algorithm does not hash. */
  key: HashKey | undefined;
  /** Undefined where clients are not bound to backends. */
  sticky: Sticky<Backend> | undefined;
  /** What counts its requests, from the first one on. */
  meter: RouteMeter | undefined;
}

export class Generation {
  /** Counted by the registry of pools. */
  readonly number: number;
  readonly view: View;
  readonly matcher: Matcher;
  readonly settings: Settings;
  readonly cors: Cors | undefined;
  readonly streams: readonly Stream[];
  /** Theirs stay, asked for or not. */
  readonly streamPools: ReadonlySet<Pool>;
  /** Whose connections to the HTTP listener begin with a header of the PROXY protocol. */
  readonly proxies: Networks | undefined;
  /** Balto's own name in Via; undefined where it has none. */
  readonly via: Via | undefined;
  /** Of `normalizePath`. */
  readonly pathRules: number;
  /** Spans are sent. */
  readonly isTracing: boolean;
  readonly #pools: PoolRegistry;
  readonly #references: References;
  readonly #trusted: Networks | undefined;
  readonly #routes = new Map<number, Route>();
  /** Where the round through them is; undefined between two of them. */
  #round: Iterator<[number, Route], undefined> | undefined;
  /** What routes with the same parameters write before their values; nearly all have none. */
  readonly #parameterFields = new Map<string, readonly Buffer[]>();
  /** Policies are few: routes share them. */
  readonly #servicePolicy: (row: number) => ServicePolicy;
  readonly #poolPolicy: (row: number) => PoolPolicy;
  readonly #rows: {
    routes: RowReader<"routes">;
    services: RowReader<"services">;
    pools: RowReader<"pools">;
  };

  /** @param references as they were looked up when the artifact was loaded */
  constructor(view: View, references: References, pools: PoolRegistry) {
    this.number = pools.begin();
    this.view = view;
    this.matcher = new Matcher(view);
    this.#servicePolicy = cached((row) => servicePolicyOf(view, row));
    this.#poolPolicy = cached((row) => poolPolicyOf(view, row));
    this.settings = settingsOf(view);
    this.cors = Cors.of(this.settings);
    this.via = Via.of(this.settings);
    this.pathRules = pathRules(this.settings);
    const { endpoint } = this.settings.tracing;
    this.isTracing = resolve(endpoint, references) !== "";
    this.#references = references;
    this.#pools = pools;
    this.#trusted = Networks.of(this.settings.trustedProxies);
    const { proxyProtocol } = this.settings;
    this.proxies = proxyProtocol.accept ? Networks.of(proxyProtocol.trusted) : undefined;
    this.#rows = {
      routes: new RowReader(view, "routes"),
      services: new RowReader(view, "services"),
      pools: new RowReader(view, "pools"),
    };
    // They are few, and their pools are in use from now on.
    const streamPools = new Set<Pool>();
    const streamPool = (row: number): Pool => {
      const pool = this.#pool(row);
      streamPools.add(pool);
      return pool;
    };
    this.streams = streamsOf(view).map((stream) => new Stream(stream, references, streamPool));
    this.streamPools = streamPools;
  }

  /** The route of a row that the matcher found. */
  route(row: number): Route {
    let route = this.#routes.get(row);
    if (route === undefined || route.pool.isClosed) {
      this.#routes.set(row, (route = this.#read(row)));
    }
    route.pool.wasUsed = true;
    return route;
  }

  /**
   * Goes on with a round through the routes that were asked for, or begins one: those whose pool has been
   * let go go too. To be called again until it returns true.
   *
   * @param count how many are looked at
   * @returns true where all have been looked at
   */
  forgetRoutes(count: number): boolean {
    this.#round ??= this.#routes.entries();
    for (let looked = 0; looked < count; looked++) {
      const entry = this.#round.next().value;
      if (entry === undefined) {
        this.#round = undefined;
        return true;
      }
      const [row, { pool }] = entry;
      if (pool.isClosed) this.#routes.delete(row);
    }
    return false;
  }

  /** True where the forwarding fields of a peer are believed. */
  trusts(peer: string): boolean {
    return peer !== "" && this.#trusted?.has(peer) === true;
  }

  methodNames(bits: number): string[] {
    return methodNames(this.view, bits);
  }

  #read(row: number): Route {
    const { routes, services } = this.#rows;
    const policy = this.#servicePolicy(services.number(row, "policy"));
    const pattern = routes.text(row, "pattern");
    const parameters = routes.words(row, "parameters");
    const pool = this.#pool(services.number(row, "pool"));
    return {
      service: services.text(row, "name"),
      pattern,
      strip: policy.stripPrefix && parameters.length === 0,
      isExact: !pattern.endsWith("*"),
      preserveHost: policy.preserveHost,
      timeouts: policy.timeouts,
      bodyBytesMax: policy.bodyBytesMax || Infinity,
      parameterFields: this.#parameterFieldsOf(parameters),
      retry: policy.retry,
      hedgeAfterMs: policy.hedgeAfterMs,
      pool,
      key: pool.usesHash ? new HashKey(pool.policy.hash) : undefined,
      sticky: this.#sticky(pool),
      meter: undefined,
    };
  }

  #parameterFieldsOf(names: readonly string[]): readonly Buffer[] {
    const key = names.join(" ");
    let fields = this.#parameterFields.get(key);
    if (fields === undefined) {
      fields = names.map((name) => Buffer.from(`X-Param-${name}: `));
      this.#parameterFields.set(key, fields);
    }
    return fields;
  }

  #sticky(pool: Pool): Sticky<Backend> | undefined {
    const { sticky } = pool.policy;
    if (sticky === undefined) return undefined;
    const secret = resolve(sticky.secret, this.#references);
    return new Sticky(sticky, secret, pool.key, pool);
  }

  #pool(row: number): Pool {
    const { pools } = this.#rows;
    const { first, count } = pools.run(row, "backends");
    const list = Array.from({ length: count }, (_, index) => {
      const { url, weight, priority, connectionsMax } = backendOf(this.view, first + index);
      const address = addressOf(url, this.#references);
      return { address, weight, priority, connectionsMax };
    });
    return this.#pools.use(this.number, {
      key: pools.text(row, "key"),
      label: pools.text(row, "label"),
      policy: this.#poolPolicy(pools.number(row, "policy")),
      table: tableOf(this.view, row),
      backends: list,
    });
  }
}

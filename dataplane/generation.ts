/**
 * Generation: one loaded artifact as a worker uses it. Routes are looked at when their first request
 * comes: an artifact of 100,000 costs a worker no more than the ones in use.
 */
import { BlockList, isIPv6 } from "node:net";

import { parseBackendUrl } from "../artifact/address.ts";
import { bodyBytesMax, methodNames, settingsOf } from "../artifact/decode.ts";
import { Matcher } from "../artifact/match.ts";
import { ALGORITHMS, type Settings, type Timeouts } from "../artifact/model.ts";
import { RowReader, textOf, type View } from "../artifact/view.ts";
import { Cors } from "./http/cors.ts";
import { type Pool } from "./pool/pool.ts";
import { type PoolRegistry } from "./pool/pool-registry.ts";
import { Turn, type Turns } from "./pool/turns.ts";

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
  parameterFields: Buffer[];
  pool: Pool;
}

export class Generation {
  readonly view: View;
  readonly matcher: Matcher;
  readonly settings: Settings;
  readonly cors: Cors | undefined;
  readonly #pools: PoolRegistry;
  readonly #resolved: ReadonlyMap<string, string>;
  readonly #turns: Turns;
  readonly #trusted: BlockList | undefined;
  readonly #trust = new Map<string, boolean>();
  readonly #routes = new Map<number, Route>();
  readonly #rows: {
    routes: RowReader<"routes">;
    services: RowReader<"services">;
    timeouts: RowReader<"timeouts">;
    pools: RowReader<"pools">;
    backends: RowReader<"backends">;
  };

  /** @param resolved values that hold references → what they became when the artifact was loaded */
  constructor(
    view: View,
    resolved: ReadonlyMap<string, string>,
    turns: Turns,
    pools: PoolRegistry,
  ) {
    this.view = view;
    this.#turns = turns;
    this.matcher = new Matcher(view);
    this.settings = settingsOf(view);
    this.cors = Cors.of(this.settings);
    this.#resolved = resolved;
    this.#pools = pools;
    this.#trusted =
      this.settings.trustedProxies.length > 0 ? blockList(this.settings.trustedProxies) : undefined;
    this.#rows = {
      routes: new RowReader(view, "routes"),
      services: new RowReader(view, "services"),
      timeouts: new RowReader(view, "timeouts"),
      pools: new RowReader(view, "pools"),
      backends: new RowReader(view, "backends"),
    };
  }

  /** The route of a row that the matcher found. */
  route(row: number): Route {
    let route = this.#routes.get(row);
    if (route === undefined) this.#routes.set(row, (route = this.#read(row)));
    return route;
  }

  /** True where the forwarding fields of a peer are believed. */
  trusts(peer: string): boolean {
    if (this.#trusted === undefined || peer === "") return false;
    let trust = this.#trust.get(peer);
    if (trust === undefined) {
      trust = this.#trusted.check(peer, isIPv6(peer) ? "ipv6" : "ipv4");
      if (this.#trust.size < TRUST_CACHE_MAX) this.#trust.set(peer, trust);
    }
    return trust;
  }

  methodNames(bits: number): string[] {
    return methodNames(this.view, bits);
  }

  #read(row: number): Route {
    const { routes, services, timeouts } = this.#rows;
    const service = routes.number(row, "service");
    const limits = services.number(service, "timeouts");
    const pattern = routes.text(row, "pattern");
    return {
      service: services.text(service, "name"),
      pattern,
      strip: routes.number(row, "strip") === 1,
      isExact: !pattern.endsWith("*"),
      preserveHost: services.number(service, "preserveHost") === 1,
      timeouts: {
        connectMs: timeouts.number(limits, "connectMs"),
        responseMs: timeouts.number(limits, "responseMs"),
        readMs: timeouts.number(limits, "readMs"),
        writeMs: timeouts.number(limits, "writeMs"),
      },
      bodyBytesMax: bodyBytesMax(services, service) || Infinity,
      parameterFields: routes
        .words(row, "parameters")
        .map((name) => Buffer.from(`X-Param-${name}: `)),
      pool: this.#pool(services.number(service, "pool")),
    };
  }

  #pool(row: number): Pool {
    const { pools, backends } = this.#rows;
    const { first, count } = pools.run(row, "backends");
    const list = Array.from({ length: count }, (_, index) => {
      const text = textOf(this.view, backends.number(first + index, "url"));
      const address = parseBackendUrl(this.#resolved.get(text) ?? text);
      // Every backend was parsed when the artifact was loaded.
      if (typeof address === "string") throw new Error(`backend ${text} is no URL`);
      return { address, weight: backends.number(first + index, "weight") };
    });
    const algorithm = ALGORITHMS[pools.number(row, "algorithm")]!;
    const turn = new Turn(this.#turns, row);
    return this.#pools.use(this, { key: pools.text(row, "key"), algorithm, turn, backends: list });
  }
}

/** Peers whose trust is remembered; more are asked for each time. */
const TRUST_CACHE_MAX = 10_000;

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address, bits] = cidr.split("/") as [string, string?];
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** A model in a few words, and the difference of two in a few words. */
import { predicateText } from "../artifact/predicate-text.ts";
import { grouped } from "../artifact/grouped.ts";
import type { Model, Pool, Service } from "../artifact/model.ts";
import { middles } from "../artifact/same-ends.ts";
import { counted } from "../compiler/report/index.ts";

/** `2 services, 1 stream, 4 backends`; streams only where there are any. */
export function contents({ services, streams, pools }: Model): string {
  const backends = pools.reduce((sum, pool) => sum + pool.backends.length, 0);
  return [
    counted(services.length, "service"),
    ...(streams.length === 0 ? [] : [counted(streams.length, "stream")]),
    counted(backends, "backend"),
  ].join(", ");
}

/** How many routes (host, pattern, method and conditions) came, went, or lead elsewhere. */
export interface RouteChanges {
  added: number;
  removed: number;
  changed: number;
  /** Whether anything beside the routes is other than before. */
  settings: boolean;
  /** Whether a stream came, went, or is other than before. */
  streams: boolean;
}

export function routeChanges(before: Model, after: Model): RouteChanges {
  // What the compiler found unchanged is not made anew.
  const [were, are] = middles(before.services, after.services);
  const old = routes(were);
  const now = routes(are);
  const changes: RouteChanges = {
    added: 0,
    removed: 0,
    changed: 0,
    settings: JSON.stringify(before.settings) !== JSON.stringify(after.settings),
    streams: streamsMeaning(before) !== streamsMeaning(after),
  };
  for (const [key, meaning] of now) {
    const was = old.get(key);
    if (was === undefined) changes.added++;
    else if (was !== meaning) changes.changed++;
  }
  for (const key of old.keys()) if (!now.has(key)) changes.removed++;
  return changes;
}

/** `1 route added, 0 removed, 2 changed`. */
export function changesText({ added, removed, changed, streams, settings }: RouteChanges): string {
  const text = `${counted(added, "route")} added, ${grouped(removed)} removed, ${grouped(changed)} changed`;
  return text + (streams ? ", other streams" : "") + (settings ? ", other settings" : "");
}

/** What each route means for traffic: where it was written is left out, so moves are no change. */
function routes(services: readonly Service[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const service of services) {
    const meaning = routeMeaning(service);
    const asked = service.predicates.map((one) => ` ${predicateText(one)}`).join("");
    const methods = service.methods.length === 0 ? ["*"] : service.methods;
    for (const domain of service.domains) {
      for (const method of methods) {
        map.set(`${method} ${domain}${service.pattern}${asked} ${service.priority}`, meaning);
      }
    }
  }
  return map;
}

function routeMeaning(service: Service): string {
  const { origin: _origin, domains: _domains, methods: _methods, pool, ...own } = service;
  return JSON.stringify([own, poolMeaning(pool)]);
}

function streamsMeaning({ streams }: Model): string {
  return JSON.stringify(
    streams.map(({ origin: _origin, pool, sni, ...own }) => [
      own,
      pool && poolMeaning(pool),
      sni.map((route) => [route.names, poolMeaning(route.pool)]),
    ]),
  );
}

function poolMeaning({ key, policy, backends }: Pool): unknown {
  return [key, policy, backends.map(({ origin: _at, ...backend }) => backend)];
}

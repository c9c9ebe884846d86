/**
 * Live names: which sets of labels an artifact still has a route or a backend for.
 */
import { formatBackendUrl, parseBackendUrl } from "../../artifact/address.ts";
import { streamsOf } from "../../artifact/decode.ts";
import { RowReader, textOf, type View } from "../../artifact/view.ts";
import { backendId } from "../pool/state/identity.ts";
import { type References, resolve } from "../references.ts";
import type { Directory, Entry } from "./directory.ts";

/** @param references as they were looked up when the artifact was loaded */
export function liveNames(
  view: View,
  references: References,
  directory: Directory,
): { has(entry: Entry): boolean } {
  const wanted = new Set<string>();
  for (const { labels } of directory.entries("exchange")) wanted.add(labels[0]!);
  const routes = new Set<string>();
  const backends = new Set<string>();
  const rows = {
    routes: new RowReader(view, "routes"),
    services: new RowReader(view, "services"),
    pools: new RowReader(view, "pools"),
    backends: new RowReader(view, "backends"),
  };
  const addBackends = (pool: number): void => {
    const label = rows.pools.text(pool, "label");
    const { first, count } = rows.pools.run(pool, "backends");
    for (let row = first; row < first + count; row++) {
      const text = textOf(view, rows.backends.number(row, "url"));
      const address = parseBackendUrl(resolve(text, references));
      if (typeof address !== "string") backends.add(backendId(label, formatBackendUrl(address)));
    }
  };
  for (let route = 0; route < rows.routes.count; route++) {
    const name = rows.services.text(route, "name");
    // Of a hundred thousand services few have been asked for anything.
    if (!wanted.has(name)) continue;
    routes.add(routeKey(name, rows.routes.text(route, "pattern")));
    addBackends(rows.services.number(route, "pool"));
  }
  for (const { pool, sni } of streamsOf(view)) {
    if (pool !== undefined) addBackends(pool);
    for (const route of sni) addBackends(route.pool);
  }
  // Endpoints of a name come and go without a reload.
  const hasBackend = (id: string): boolean => id === "" || backends.has(id.replace(/ \(.*$/, ""));
  return {
    has: ({ kind, labels }) => {
      if (kind === "backend") return hasBackend(labels[0]!);
      const [service = "", pattern = "", , backend = ""] = labels;
      if (service === "") return true;
      return routes.has(routeKey(service, pattern)) && hasBackend(backend);
    },
  };
}

function routeKey(service: string, pattern: string): string {
  return `${service}\n${pattern}`;
}

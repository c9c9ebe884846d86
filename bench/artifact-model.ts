/**
 * A tree of any size as a team of teams would write it: 100 services a file, one host a file, two
 * ports a service, every fourth service (not the first or last) with a
 * parameter. The same number gives the same model.
 */
import type { Model, Origin, Pool, Service } from "../artifact/model.ts";
import { POOL_POLICY, SERVICE_POLICY, SETTINGS } from "../test/fixtures/artifact-model.ts";

const WORDS = ["orders", "search", "ledger", "stocks", "images", "quotes", "emails", "brands"];
const SERVICES_PER_FILE = 100;

/** A model with `count` services. */
export function modelOf(count: number): Model {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const services = numbers.map(serviceOf);
  const pools = services.map(({ pool }) => pool);
  return { settings: SETTINGS, pools, services, streams: [] };
}

/** A path that the pattern of a service takes. */
export function pathOf({ pattern }: Service): string {
  return pattern.replace("/:id", "/4711").replace("/*", "/list/page");
}

function serviceOf(index: number): Service {
  const team = String(Math.floor(index / SERVICES_PER_FILE)).padStart(4, "0");
  // Of one length, so that the last costs what the first costs.
  const name = `${WORDS[index % WORDS.length]}-${String(index).padStart(6, "0")}`;
  const domain = `team-${team}.example.com`;
  const origin = {
    file: `services/team-${team}/services.yaml`,
    line: 2 + (index % SERVICES_PER_FILE) * 5,
    column: 5,
  };
  return {
    name,
    domains: [domain],
    pattern: `/api/v1/${name}/${index % 4 === 2 ? ":id" : "*"}`,
    methods: [],
    predicates: [],
    priority: 0,
    ...SERVICE_POLICY,
    pool: poolOf(name, domain, origin, index),
    origin,
  };
}

function poolOf(name: string, label: string, origin: Origin, index: number): Pool {
  const backends = [0, 1].map((nth) => ({
    url: `http://\${env:BALTO_UPSTREAM_HOST:-localhost}:${8_000 + ((index * 2 + nth) % 20_000)}`,
    weight: 1,
    name: "",
    priority: 0,
    connectionsMax: 0,
    origin: { ...origin, line: origin.line + 3, column: 13 + nth * 6 },
  }));
  return { key: name, label, policy: POOL_POLICY, backends, table: [], origin };
}

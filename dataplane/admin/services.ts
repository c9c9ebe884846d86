/**
 * Services of the artifact that is served, as the REST API shows them: no more than the artifact says.
 */
import { methodNames } from "../../artifact/decode.ts";
import { portsOf, serviceIdOf } from "../../artifact/service-resource.ts";
import { RowReader, textOf, type View } from "../../artifact/view.ts";
import type { ServiceTimes } from "./service-times.ts";

/** A service as it is shown. */
export interface ServiceResource {
  id: string;
  name: string;
  domain: string;
  /** Where there are several. */
  domains?: string[];
  path_prefix: string;
  /** Where it does not take every method. */
  methods?: string[];
  ports: string[];
  created_at: string;
  updated_at: string;
}

/** Reads single services off an artifact. */
export class ServiceReader {
  readonly #view: View;
  readonly #routes: RowReader<"routes">;
  readonly #services: RowReader<"services">;
  readonly #pools: RowReader<"pools">;
  readonly #backends: RowReader<"backends">;

  constructor(view: View) {
    this.#view = view;
    this.#routes = new RowReader(view, "routes");
    this.#services = new RowReader(view, "services");
    this.#pools = new RowReader(view, "pools");
    this.#backends = new RowReader(view, "backends");
  }

  /** Each has one route. */
  get count(): number {
    return this.#routes.count;
  }

  /** What tells a service from all others: domain, pattern and methods. */
  key(route: number): { domain: string; pattern: string; methods: string[] } {
    const service = route;
    return {
      domain: this.#services.words(service, "domains")[0]!,
      pattern: this.#routes.text(route, "pattern"),
      methods: methodNames(this.#view, this.#routes.number(route, "methods")),
    };
  }

  /** URLs of the backends, with references as they were written. */
  urls(route: number): string[] {
    const pool = this.#services.number(route, "pool");
    const { first, count } = this.#pools.run(pool, "backends");
    return Array.from({ length: count }, (_, index) =>
      textOf(this.#view, this.#backends.number(first + index, "url")),
    );
  }

  resource(route: number, times: ServiceTimes): ServiceResource {
    const { domain, pattern, methods } = this.key(route);
    const service = route;
    const domains = this.#services.words(service, "domains");
    return {
      id: serviceIdOf(domain, pattern, methods),
      name: this.#services.text(service, "name"),
      domain,
      ...(domains.length > 1 ? { domains } : {}),
      path_prefix: pattern,
      ...(methods.length > 0 ? { methods } : {}),
      ports: portsOf(this.urls(route)),
      ...times.of(keyText(domain, pattern, methods)),
    };
  }
}

/** All services, sorted by id. */
export function listServices(view: View, times: ServiceTimes): ServiceResource[] {
  const reader = new ServiceReader(view);
  const services = Array.from({ length: reader.count }, (_, route) =>
    reader.resource(route, times),
  );
  return services.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The service of an id, or of `domain-path_prefix` where only one is called so. */
export function findService(
  view: View,
  id: string,
  times: ServiceTimes,
): ServiceResource | undefined {
  const reader = new ServiceReader(view);
  const isHash = /^[0-9a-f]{64}$/.test(id);
  for (let route = 0; route < reader.count; route++) {
    const { domain, pattern, methods } = reader.key(route);
    const isIt = isHash
      ? serviceIdOf(domain, pattern, methods) === id
      : `${domain}-${pattern}` === id;
    if (isIt) return reader.resource(route, times);
  }
  return undefined;
}

/** Domain, pattern and methods as one text. */
export function keyText(domain: string, pattern: string, methods: readonly string[]): string {
  return `${domain} ${pattern} ${methods.join(",")}`;
}

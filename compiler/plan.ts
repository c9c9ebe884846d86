/**
 * Plan: the drafts of a tree without errors become the model, in the one order that depends on
 * nothing but what the tree says: the same tree gives the same bytes.
 */
import type { Model, Origin, Pool, Service } from "../artifact/model.ts";
import type { ResolvedTree } from "./resolve/resolve.ts";
import type { ServiceDraft } from "./resolve/service.ts";
import type { Span } from "./source-text.ts";

/** Makes the model. Disabled services are left out. */
export function plan({ settings, algorithm, services }: ResolvedTree): Model {
  const planned = services
    .filter(({ enabled }) => enabled)
    .map((draft) => ({ service: planService(draft), draft }))
    .toSorted((a, b) => compareServices(a.service, b.service));
  return {
    settings,
    // Each service has a pool of its own, in the same order; its name is the identity of both.
    pools: planned.map(({ service, draft }) => planPool(service.name, algorithm, draft)),
    services: planned.map(({ service }, pool) => ({ ...service, pool })),
  };
}

function planService(draft: ServiceDraft): Service {
  const { methods, stripPrefix, preserveHost, timeouts, bodyBytesMax } = draft;
  return {
    name: known(draft.name).text,
    domains: draft.domains.toSorted(),
    pattern: known(draft.pattern).text,
    methods,
    stripPrefix,
    preserveHost,
    timeouts,
    bodyBytesMax,
    pool: 0,
    origin: originOf(draft.at),
  };
}

function planPool(key: string, algorithm: Pool["algorithm"], { backends }: ServiceDraft): Pool {
  return {
    key,
    algorithm,
    backends: backends.map(({ url, weight, name, at }) => ({
      url: known(url),
      weight,
      name,
      origin: originOf(at),
    })),
  };
}

function originOf({ source, start }: Span): Origin {
  return { file: source.path, ...source.position(start) };
}

function compareServices(a: Service, b: Service): number {
  return (
    byText(a.domains[0]!, b.domains[0]!) ||
    byText(a.pattern, b.pattern) ||
    byText(a.methods.join(), b.methods.join()) ||
    byText(a.name, b.name)
  );
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Every part of a draft is there once no error was reported: anything else is a bug of the compiler. */
function known<T>(part: T | undefined): T {
  if (part === undefined)
    throw new Error("a part of a service is missing, and nothing was reported");
  return part;
}

/**
 * Routes: the same host, pattern, method, conditions and priority belong to one service.
 */
import type { Pattern } from "../../artifact/pattern.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { PatternDraft, ServiceDraft } from "../resolve/service.ts";

/**
 * Reports routes that are taken already: once for two services, however many hosts and methods they
 * share.
 *
 * @returns the services that were reported
 */
export function linkRoutes(
  services: readonly ServiceDraft[],
  log: DiagnosticLog,
): Set<ServiceDraft> {
  const clashes = new Set<ServiceDraft>();
  const slots = new Map<string, Slot>();
  for (const service of services) {
    const { pattern } = service;
    if (pattern === undefined) continue;
    const path = `${shapeOf(pattern.parsed)} ${service.priority} ${askedText(service)}`;
    const told = new Set<ServiceDraft>();
    for (const domain of service.domains) {
      const key = domain + path;
      let slot = slots.get(key);
      if (slot === undefined) slots.set(key, (slot = { any: undefined, byMethod: new Map() }));
      for (const [other, methods] of claim(slot, service)) {
        if (told.has(other)) continue;
        told.add(other);
        clashes.add(service);
        report(service, pattern, domain, methods, other, log);
      }
    }
  }
  return clashes;
}

/** A pattern without the names of its parameters: what makes two patterns the same. */
function shapeOf({ segments, rest }: Pattern): string {
  const parts = segments.map(({ kind, text }) => (kind === "parameter" ? ":" : text));
  if (rest) parts.push("*");
  return `/${parts.join("/")}`;
}

function askedText({ predicates }: ServiceDraft): string {
  return predicates.length === 0 ? "" : JSON.stringify(predicates);
}

/** Who has which methods of one host and pattern. */
interface Slot {
  any: ServiceDraft | undefined;
  byMethod: Map<string, ServiceDraft>;
}

/**
 * Takes a slot for a service; gives who had it before, with the methods in question. Who names methods
 * is asked before who takes every method, so these two do not clash.
 */
function claim(slot: Slot, service: ServiceDraft): Map<ServiceDraft, string[]> {
  const before = new Map<ServiceDraft, string[]>();
  if (service.methods.length === 0) {
    if (slot.any !== undefined) before.set(slot.any, []);
    slot.any ??= service;
    return before;
  }
  for (const method of service.methods) {
    const other = slot.byMethod.get(method);
    if (other === undefined) slot.byMethod.set(method, service);
    else collect(before, other, method);
  }
  return before;
}

function collect(
  methods: Map<ServiceDraft, string[]>,
  service: ServiceDraft,
  method: string,
): void {
  const list = methods.get(service);
  if (list === undefined) methods.set(service, [method]);
  else list.push(method);
}

function report(
  service: ServiceDraft,
  pattern: PatternDraft,
  domain: string,
  methods: readonly string[],
  other: ServiceDraft,
  log: DiagnosticLog,
): void {
  const params = {
    domain,
    pattern: pattern.text,
    methods: methods.length === 0 ? "every method of" : methods.join(", "),
    other: other.name?.text ?? "",
  };
  const span = other.pattern?.at ?? other.at;
  log.report("BAL4002", pattern.at, params, [{ message: "first taken here", span }]);
}

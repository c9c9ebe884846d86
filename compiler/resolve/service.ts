/**
 * One service: from what is written to what it means. Whatever cannot be read is left out of the
 * draft after an error, so that the stages after this one find what else is wrong.
 */
import { formatDomain, parseDomain } from "../../artifact/domain.ts";
import type { Predicate, ServicePolicy } from "../../artifact/model.ts";
import { parsePattern, type Pattern } from "../../artifact/pattern.ts";
import { SERVICE_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Service } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import { field } from "./field.ts";
import type { Globals } from "./globals.ts";
import { readMethods } from "./method.ts";
import { readName } from "./name.ts";
import { type PoolDraft, type PoolReference, readPoolBelow, readReference } from "./pool.ts";
import { poolBlockSpans } from "./pool-policy.ts";
import { HEDGE, type HedgeDraft, readRetry, type RetryDraft } from "./retry.ts";
import { readFlag } from "./scalar.ts";
import { readPredicates } from "./predicates.ts";
import { readSize } from "./size.ts";
import { plainText, spanInside } from "./text.ts";
import { SERVICE_TIMEOUTS, type TimeoutsDraft } from "./timeouts.ts";

/** A service as far as it could be read. After a run without errors nothing is undefined. */
export interface ServiceDraft {
  at: Span;
  enabled: boolean;
  name: ServiceName | undefined;
  /** Canonical, each once, in the order of the file. */
  domains: string[];
  /** Where each of them stands. */
  domainsAt: Span[];
  pattern: PatternDraft | undefined;
  /** Sorted; empty is every method. */
  methods: string[];
  /** Where `methods` stands, or the service where it is left out. */
  methodsAt: Span;
  /** In the order of the model. */
  predicates: Predicate[];
  priority: number;
  /** Where `priority` stands, or the service where it is left out. */
  priorityAt: Span;
  /** Its own backends, or the name of a pool. */
  target: PoolDraft | PoolReference;
  policy: ServicePolicy;
  /** What is written here, for those who ask where. */
  blocks: ServiceBlocks;
}

export interface ServiceBlocks {
  timeouts: TimeoutsDraft | undefined;
  retry: RetryDraft | undefined;
  hedge: HedgeDraft | undefined;
}

export interface ServiceName {
  text: string;
  at: Span;
  /** False where it was made of domain and pattern. */
  given: boolean;
}

export interface PatternDraft {
  text: string;
  parsed: Pattern;
  at: Span;
}

/** The most is far below what a number holds exactly; a service without bodies lists its methods. */
const MAX_BODY = { least: "1B", most: "1048576GiB" };

/** Reads the mapping of a service. */
export function readService(node: YamlNode, globals: Globals, log: DiagnosticLog): ServiceDraft {
  const at = headOf(node);
  const found = readDomains(node, log);
  const domains = [...found.keys()];
  const pattern = readPattern(field<Service>(node, "path_prefix"), log);
  const methods = field<Service>(node, "methods");
  const priority = field<Service>(node, "priority");
  const blocks = {
    timeouts: SERVICE_TIMEOUTS.read(field<Service>(node, "timeouts"), log),
    retry: readRetry(field<Service>(node, "retry"), log),
    hedge: HEDGE.read(field<Service>(node, "hedge"), log),
  };
  return {
    at,
    enabled: readFlag(field<Service>(node, "enabled"), SERVICE_DEFAULTS.enabled),
    name: serviceName(node, at, domains[0], pattern, log),
    domains,
    domainsAt: [...found.values()],
    pattern,
    methods: readMethods(methods, log),
    methodsAt: methods === undefined ? at : headOf(methods),
    predicates: readPredicates(field<Service>(node, "match"), log),
    priority: readPriority(priority),
    priorityAt: priority ?? at,
    target: readTarget(node, globals, log),
    policy: readPolicy(node, blocks, globals, log),
    blocks,
  };
}

function readTarget(
  service: YamlNode,
  globals: Globals,
  log: DiagnosticLog,
): PoolDraft | PoolReference {
  const node = field<Service>(service, "pool");
  if (node === undefined) return readPoolBelow(service, service, "http", globals, log);
  return readReference(node, poolBlockSpans(service), log);
}

function readPolicy(
  node: YamlNode,
  { timeouts, retry, hedge }: ServiceBlocks,
  globals: Globals,
  log: DiagnosticLog,
): ServicePolicy {
  const { strip_prefix: strip, preserve_host: preserve } = SERVICE_DEFAULTS;
  return {
    stripPrefix: readFlag(field<Service>(node, "strip_prefix"), strip),
    preserveHost: readFlag(field<Service>(node, "preserve_host"), preserve),
    timeouts: globals.limits(timeouts),
    bodyBytesMax: readSize(field<Service>(node, "max_body"), MAX_BODY, log) ?? 0,
    retry: globals.retryPolicy(retry),
    hedgeAfterMs: HEDGE.complete(hedge).afterMs,
  };
}

/** Its range is the schema's. */
function readPriority(node: YamlNode | undefined): number {
  const { priority } = SERVICE_DEFAULTS;
  return node?.kind === "scalar" && typeof node.value === "number" ? node.value : priority;
}

/** Canonical domains and where they stand. */
function readDomains(service: YamlNode, log: DiagnosticLog): Map<string, Span> {
  const single = field<Service>(service, "domain");
  const nodes = [
    ...(single === undefined ? [] : [single]),
    ...itemsOf(field<Service>(service, "domains")),
  ];
  const domains = new Map<string, Span>();
  for (const node of nodes) {
    const text = plainText(node);
    if (text === undefined) continue;
    const domain = parseDomain(text);
    if (typeof domain === "string") {
      log.report("BAL3004", node, { domain: text, reason: domain });
      continue;
    }
    const canonical = formatDomain(domain);
    if (domains.has(canonical)) log.report("BAL2008", node, { value: canonical });
    else domains.set(canonical, node);
  }
  return domains;
}

function readPattern(node: YamlNode | undefined, log: DiagnosticLog): PatternDraft | undefined {
  const text = plainText(node);
  if (node === undefined || text === undefined) return undefined;
  const parsed = parsePattern(text);
  if (!("reason" in parsed)) return { text, parsed, at: node };
  const { reason, help, offset } = parsed;
  log.report("BAL3005", spanInside(node, text, offset), { pattern: text, reason, help });
  return undefined;
}

function serviceName(
  service: YamlNode,
  at: Span,
  domain: string | undefined,
  pattern: PatternDraft | undefined,
  log: DiagnosticLog,
): ServiceName | undefined {
  const node = field<Service>(service, "name");
  if (node !== undefined) {
    const text = readName(node, log);
    return text === undefined ? undefined : { text, at: node, given: true };
  }
  if (domain === undefined || pattern === undefined) return undefined;
  return { text: domain + pattern.text, at, given: false };
}

/**
 * Encode: a model becomes the bytes of an artifact. The same model gives the same bytes, always.
 *
 * What it is given has been checked: two routes that cannot be told apart, or a text that does not
 * parse, is a mistake of the caller and throws.
 */
import { seal } from "./container.ts";
import { type Domain, formatDomain, parseDomain } from "./domain.ts";
import { EncodeError } from "./encode-error.ts";
import { edgeHash, hostHash } from "./hash.ts";
import { HOST_ANY } from "./layout.ts";
import { type Model, PRIORITY_MIN, type Service, type Stream } from "./model.ts";
import { parameterNames, parsePattern, type Pattern } from "./pattern.ts";
import { comparePredicates } from "./route-specificity.ts";
import { SectionWriter } from "./section-writer.ts";
import { insert, layOut, type NodeRow, type TrieNode, trieNode } from "./trie.ts";

export { EncodeError } from "./encode-error.ts";

/**
 * @param revision stamped into the trailer, outside the digest; "" stamps nothing
 * @throws EncodeError for a model that the compiler should have refused
 * @throws RangeError as `seal` does
 */
export function encode(model: Model, revision = ""): Uint8Array {
  const out = new SectionWriter(methodsOf(model.services));
  const hosts = new Map<string, Host>();
  const { pools, backends, services, routes, candidates } = out.rows;
  pools.expect(model.pools.length);
  backends.expect(model.pools.reduce((sum, pool) => sum + pool.backends.length, 0));
  for (const rows of [services, routes, candidates]) rows.expect(model.services.length);
  for (const pool of model.pools) out.pool(pool);
  for (const service of model.services) {
    if (!(service.pool in model.pools)) throw new EncodeError(`there is no pool ${service.pool}`);
    const route = writeService(out, service);
    if (service.predicates.length > 1) checkOrder(service);
    if (service.domains.length === 0) readPattern(service.pattern);
    for (const text of service.domains) hostOf(hosts, text).routes.push(route);
  }
  writeHosts(out, hosts, model);
  for (const stream of model.streams) writeStream(out, stream, model.pools.length);
  return seal(out.sections(), revision);
}

/** Every method that a service names. */
function methodsOf(services: readonly Service[]): string[] {
  const names = new Set<string>();
  for (const { methods } of services) for (const name of methods) names.add(name);
  return [...names];
}

interface Host {
  domain: Domain;
  /** In the order of the services. */
  routes: number[];
}

function hostOf(hosts: Map<string, Host>, text: string): Host {
  const known = hosts.get(text);
  if (known !== undefined) return known;
  const domain = parseDomain(text);
  if (typeof domain === "string") throw new EncodeError(`domain ${text} ${domain}`);
  if (formatDomain(domain) !== text) throw new EncodeError(`domain ${text} is not in lower case`);
  const host = { domain, routes: [] };
  hosts.set(text, host);
  return host;
}

/** Lists that say the same are the same: what is written first must not matter. */
function checkOrder({ name, predicates }: Service): void {
  const isOrdered = predicates.every(
    (one, index) => index === 0 || comparePredicates(predicates[index - 1]!, one) < 0,
  );
  if (!isOrdered) throw new EncodeError(`the predicates of service ${name} are not in order`);
}

function readPattern(text: string): Pattern {
  const pattern = parsePattern(text);
  if ("reason" in pattern) throw new EncodeError(`pattern ${text} ${pattern.reason}`);
  return pattern;
}

/** Writes the rows of one service and returns the number of its route, which is its own. */
function writeService(out: SectionWriter, service: Service): number {
  out.rows.services.add({
    name: out.text(service.name),
    domains: out.words(service.domains),
    pool: service.pool,
    policy: out.policies.service(service),
    file: out.file(service.origin),
    position: out.position(service.origin),
  });
  return out.rows.routes.add({
    pattern: out.text(service.pattern),
    methods: out.methods(service.methods),
    predicates: out.predicates(service.predicates),
    parameters: out.words(parametersOf(service.pattern)),
    priority: service.priority - PRIORITY_MIN,
  });
}

/** Most patterns have none, and are read with their host. */
function parametersOf(pattern: string): string[] {
  return pattern.includes("/:") ? parameterNames(readPattern(pattern)) : [];
}

function writeStream(out: SectionWriter, stream: Stream, pools: number): void {
  const { name, pool, sni } = stream;
  const wrong = [...(pool === undefined ? [] : [pool]), ...sni.map((route) => route.pool)].find(
    (row) => !(row < pools),
  );
  if (wrong !== undefined) throw new EncodeError(`there is no pool ${wrong}`);
  if (sni.some(({ names }) => names.length === 0)) {
    throw new EncodeError(`stream ${name} has a route without a name`);
  }
  out.stream(stream);
}

/**
 * Writes hosts in order of their text, their tries, both tables, and the settings. Tries are made host by
 * host: none of them outlives its rows.
 */
function writeHosts(out: SectionWriter, hosts: ReadonlyMap<string, Host>, model: Model): void {
  const sorted = [...hosts.keys()].toSorted().map((text) => hosts.get(text)!);
  const edges = new Edges();
  for (const { domain, routes } of sorted) {
    const levels = levelsOf(routes, model.services);
    const nodes: NodeRow[] = [];
    const { count } = out.rows.nodes;
    const roots = levels.map((level) => layOut(level, nodes, count));
    const [root, ...lower] = roots;
    const row = { name: out.text(domain.name), kind: domain.kind, root, lower: out.levels(lower) };
    out.rows.hosts.add(row);
    for (const node of nodes) {
      out.node(node, model.services);
      edges.add(node);
    }
  }
  out.slots("edgeSlots", edges.count, (node) => edges.hashOf(node));
  out.slots("hostSlots", sorted.length, (host) => {
    const { domain } = sorted[host]!;
    if (domain.kind === HOST_ANY) return undefined;
    return hostHash(domain.kind, Buffer.from(domain.name));
  });
  out.settings(
    model.settings,
    sorted.map(({ domain }) => domain),
  );
}

/** The tries of a host, that of the highest priority first. */
function levelsOf(routes: readonly number[], services: readonly Service[]): TrieNode[] {
  const levels = new Map<number, TrieNode>();
  for (const route of routes) {
    const { priority, pattern } = services[route]!;
    let root = levels.get(priority);
    if (root === undefined) levels.set(priority, (root = trieNode()));
    insert(root, readPattern(pattern), route);
  }
  return [...levels].toSorted(([a], [b]) => b - a).map(([, root]) => root);
}

/** The hashes of the edges to all nodes, in the order of their rows. */
class Edges {
  count = 0;
  #hashes = new Uint32Array(1024);
  /** 1 where a node is found by its label. */
  #isLiteral = new Uint8Array(1024);

  add({ parent, label }: NodeRow): void {
    if (this.count === this.#hashes.length) {
      this.#hashes = doubled(this.#hashes, new Uint32Array(this.count * 2));
      this.#isLiteral = doubled(this.#isLiteral, new Uint8Array(this.count * 2));
    }
    if (parent !== undefined && label !== "") {
      this.#hashes[this.count] = edgeHash(parent, label);
      this.#isLiteral[this.count] = 1;
    }
    this.count++;
  }

  /** Undefined for roots and parameters. */
  hashOf(node: number): number | undefined {
    return this.#isLiteral[node] === 0 ? undefined : this.#hashes[node];
  }
}

function doubled<T extends Uint8Array | Uint32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

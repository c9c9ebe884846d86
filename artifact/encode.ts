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
  for (const pool of model.pools) out.pool(pool);
  for (const service of model.services) {
    if (!(service.pool in model.pools)) throw new EncodeError(`there is no pool ${service.pool}`);
    const pattern = readPattern(service.pattern);
    const route = writeService(out, service, pattern);
    if (service.predicates.length > 1) checkOrder(service);
    for (const text of service.domains) {
      insert(levelOf(hostOf(hosts, text), service.priority), pattern, route);
    }
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
  /** A trie for each priority. */
  levels: Map<number, TrieNode>;
}

function hostOf(hosts: Map<string, Host>, text: string): Host {
  const known = hosts.get(text);
  if (known !== undefined) return known;
  const domain = parseDomain(text);
  if (typeof domain === "string") throw new EncodeError(`domain ${text} ${domain}`);
  if (formatDomain(domain) !== text) throw new EncodeError(`domain ${text} is not in lower case`);
  const host = { domain, levels: new Map<number, TrieNode>() };
  hosts.set(text, host);
  return host;
}

function levelOf({ levels }: Host, priority: number): TrieNode {
  let root = levels.get(priority);
  if (root === undefined) levels.set(priority, (root = trieNode()));
  return root;
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
function writeService(out: SectionWriter, service: Service, pattern: Pattern): number {
  out.rows.services.add({
    name: out.text(service.name),
    domains: out.words(service.domains),
    pool: service.pool,
    policy: out.policies.service(service),
    ...out.origin(service.origin),
  });
  return out.rows.routes.add({
    pattern: out.text(service.pattern),
    methods: out.methods(service.methods),
    predicates: out.predicates(service.predicates),
    parameters: out.words(parameterNames(pattern)),
    priority: service.priority - PRIORITY_MIN,
  });
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

/** Writes hosts in order of their text, their tries, both tables, and the settings. */
function writeHosts(out: SectionWriter, hosts: ReadonlyMap<string, Host>, model: Model): void {
  const sorted = [...hosts.keys()].toSorted().map((text) => hosts.get(text)!);
  const nodes: NodeRow[] = [];
  for (const { domain, levels } of sorted) {
    const priorities = [...levels.keys()].toSorted((a, b) => b - a);
    const [root, ...lower] = priorities.map((priority) => layOut(levels.get(priority)!, nodes));
    const row = { name: out.text(domain.name), kind: domain.kind, root, lower: out.levels(lower) };
    out.rows.hosts.add(row);
  }
  for (const row of nodes) out.node(row, model.services);
  out.slots("edgeSlots", nodes, ({ parent, label }) =>
    parent === undefined || label === "" ? undefined : edgeHash(parent, Buffer.from(label)),
  );
  out.slots("hostSlots", sorted, ({ domain }) =>
    domain.kind === HOST_ANY ? undefined : hostHash(domain.kind, Buffer.from(domain.name)),
  );
  out.settings(
    model.settings,
    sorted.map(({ domain }) => domain),
  );
}

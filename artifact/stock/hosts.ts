/** The hosts of a stock, their tries, and the candidates at the ends of these. */
import { byText } from "../by-text.ts";
import { type Domain, formatDomain, parseDomain } from "../domain.ts";
import { EncodeError } from "../encode-error.ts";
import { HAS_LITERALS, HAS_PARAMETER, NONE, offsetsOf, strideOf } from "../layout.ts";
import type { Service } from "../model.ts";
import { compareSpecificity } from "../route-specificity.ts";
import { middles } from "../same-ends.ts";
import { insert, layOut, type NodeRow, type TrieNode, trieNode } from "../trie.ts";
import { readPattern } from "./read-pattern.ts";
import type { Run } from "./rows.ts";
import type { Services } from "./services.ts";
import type { Stock } from "./stock.ts";

/** A host, and the rows that nobody has but itself. */
export interface Host {
  domain: Domain;
  row: number;
  nodes: Run;
  candidates: Run;
}

const SERVICE = offsetsOf("services");
const SERVICE_STRIDE = strideOf("services");
const WORD = offsetsOf("words");
const WORD_STRIDE = strideOf("words");

export class Hosts {
  readonly #stock: Stock;
  readonly #services: Services;
  /** Of the last model, by domain. */
  readonly #hosts = new Map<string, Host & { services: readonly Service[] }>();
  /** Its services, and its domains in order. */
  #list: readonly Service[] = [];
  #domains: readonly string[] = [];

  constructor(stock: Stock, services: Services) {
    this.#stock = stock;
    this.#services = services;
  }

  /**
   * All hosts of a model, in order of their text. Those whose services are the same objects as in the model
   * before are the same.
   *
   * @param services all of the model, in its order
   * @param rows theirs
   * @throws EncodeError for a domain or a pattern that is none, and where two routes ask for the same
   */
  hosts(services: readonly Service[], rows: Uint32Array): Host[] {
    const touched = new Set<string>();
    for (const middle of middles(this.#list, services)) {
      for (const { domains } of middle) for (const domain of domains) touched.add(domain);
    }
    const lists = this.#listsOf(touched, services, rows);
    let areOthers = false;
    for (const domain of touched) {
      const list = lists.get(domain);
      const known = this.#hosts.get(domain);
      areOthers ||= (list === undefined) !== (known === undefined);
      if (list === undefined) this.#hosts.delete(domain);
      else if (known === undefined || !isSameList(known.services, list)) {
        const host = this.#add(known?.domain ?? readDomain(domain), list);
        this.#hosts.set(domain, { ...host, services: list });
      }
    }
    this.#list = services;
    if (areOthers) this.#domains = [...this.#hosts.keys()].toSorted();
    return this.#domains.map((domain) => this.#hosts.get(domain)!);
  }

  /** The services of some domains, in the order of the model. */
  #listsOf(
    domains: ReadonlySet<string>,
    services: readonly Service[],
    rows: Uint32Array,
  ): Map<string, Service[]> {
    const lists = new Map<string, Service[]>();
    const { strings, rows: stocked } = this.#stock;
    const texts = [...domains].map((domain) => this.#stock.text(domain));
    const isWanted = new Uint8Array(strings.count);
    for (const text of texts) isWanted[text] = 1;
    const [ofServices, words] = [stocked.services.words, stocked.words.words];
    // Rows first: most services of a large model are not even looked at.
    const hasWanted = (row: number): boolean => {
      for (let word = ofServices[row * SERVICE_STRIDE + SERVICE.domains]!; word !== NONE; word++) {
        if (isWanted[words[word * WORD_STRIDE + WORD.text]!] === 1) return true;
        if (words[word * WORD_STRIDE + WORD.more] === 0) return false;
      }
      return false;
    };
    // Neighbours mostly share a domain.
    let last: string | undefined;
    let list: Service[] | undefined;
    for (const [at, row] of rows.entries()) {
      if (!hasWanted(row)) continue;
      for (const domain of services[at]!.domains) {
        if (domain !== last) {
          last = domain;
          list = lists.get(domain);
          if (list === undefined && domains.has(domain)) lists.set(domain, (list = []));
        }
        list?.push(services[at]!);
      }
    }
    return lists;
  }

  #add(domain: Domain, services: readonly Service[]): Host {
    const { hosts, nodes, candidates } = this.#stock.rows;
    const [firstNode, firstCandidate] = [nodes.count, candidates.count];
    const rows: NodeRow[] = [];
    const [root, ...lower] = levelsOf(services).map((level) => layOut(level, rows, firstNode));
    for (const row of rows) this.#addNode(row, services);
    return {
      domain,
      row: hosts.add({
        name: this.#stock.text(domain.name),
        kind: domain.kind,
        root,
        lower: this.#addLevels(lower),
      }),
      nodes: { first: firstNode, count: nodes.count - firstNode },
      candidates: { first: firstCandidate, count: candidates.count - firstCandidate },
    };
  }

  /** The first row of further tries, by their roots; undefined where there are none. */
  #addLevels(roots: readonly number[]): number | undefined {
    if (roots.length === 0) return undefined;
    const { levels } = this.#stock.rows;
    const first = levels.count;
    roots.forEach((root, index) => levels.add({ root, more: Number(index + 1 < roots.length) }));
    return first;
  }

  #addNode({ node, parent, label }: NodeRow, services: readonly Service[]): void {
    this.#stock.rows.nodes.add({
      parent,
      label: this.#stock.text(label),
      children:
        (node.literals === undefined ? 0 : HAS_LITERALS) |
        (node.parameter === undefined ? 0 : HAS_PARAMETER),
      exact: this.#addCandidates(node.exact, services),
      rest: this.#addCandidates(node.rest, services),
    });
  }

  /** The most specific first; those of equal rank by what they ask for, so that no order is left open. */
  #addCandidates(indices: readonly number[], services: readonly Service[]): number | undefined {
    if (indices.length === 0) return undefined;
    const { candidates } = this.#stock.rows;
    const first = candidates.count;
    const some = indices.map((index) => services[index]!);
    const order = some.length === 1 ? some : orderOf(some);
    order.forEach((service, index) => {
      const route = this.#services.row(service);
      candidates.add({ route, more: Number(index + 1 < order.length) });
    });
    return first;
  }
}

function readDomain(text: string): Domain {
  const domain = parseDomain(text);
  if (typeof domain === "string") throw new EncodeError(`domain ${text} ${domain}`);
  if (formatDomain(domain) !== text) throw new EncodeError(`domain ${text} is not in lower case`);
  return domain;
}

function isSameList(one: readonly Service[], other: readonly Service[]): boolean {
  return one.length === other.length && one.every((service, index) => service === other[index]);
}

/** The tries of a host, that of the highest priority first. None of them outlives its rows. */
function levelsOf(services: readonly Service[]): TrieNode[] {
  const levels = new Map<number, TrieNode>();
  for (const [index, { priority, pattern }] of services.entries()) {
    let root = levels.get(priority);
    if (root === undefined) levels.set(priority, (root = trieNode()));
    insert(root, readPattern(pattern), index);
  }
  return [...levels].toSorted(([a], [b]) => b - a).map(([, root]) => root);
}

/**
 * @throws EncodeError where two routes ask for the same. That two different ones may meet in one
 * request is for the compiler to find.
 */
function orderOf(services: readonly Service[]): Service[] {
  const asked = new Map(
    services.map((service) => [service, JSON.stringify(service.predicates)] as const),
  );
  const methodsOf = ({ methods }: Service) => [...new Set(methods)].toSorted().join();
  const taken = new Set<string>();
  for (const service of services) {
    const { methods } = service;
    const keys = [...(methods.length === 0 ? ["any"] : new Set(methods))];
    for (const key of keys.map((method) => `${method} ${asked.get(service)}`)) {
      if (taken.has(key)) {
        const names = services.map(({ name }) => name);
        throw new EncodeError(`services ${names.join(", ")} take the same requests`);
      }
      taken.add(key);
    }
  }
  return services.toSorted(
    (a, b) =>
      compareSpecificity(a, b) ||
      byText(asked.get(a)!, asked.get(b)!) ||
      byText(methodsOf(a), methodsOf(b)),
  );
}

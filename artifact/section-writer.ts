/**
 * The sections while they are being made: one method for each kind of thing an artifact holds.
 * What goes where is layout.ts's; in which order things are written is encode.ts's.
 */
import type { Section } from "./container.ts";
import type { Domain } from "./domain.ts";
import { EncodeError } from "./encode-error.ts";
import { slotCount } from "./hash.ts";
import { HOST_ANY, HOST_WILDCARD, METHODS_MAX, NONE, type RowSection, SECTIONS } from "./layout.ts";
import {
  ALGORITHMS,
  LOG_LEVELS,
  type Origin,
  type Pool,
  type Service,
  type Settings,
  type Timeouts,
} from "./model.ts";
import { Rows, Strings } from "./rows.ts";
import type { NodeRow } from "./trie.ts";

export class SectionWriter {
  readonly rows: { [S in RowSection]: Rows<S> } = {
    settings: new Rows("settings"),
    words: new Rows("words"),
    methods: new Rows("methods"),
    hosts: new Rows("hosts"),
    hostSlots: new Rows("hostSlots"),
    nodes: new Rows("nodes"),
    edgeSlots: new Rows("edgeSlots"),
    candidates: new Rows("candidates"),
    routes: new Rows("routes"),
    services: new Rows("services"),
    timeouts: new Rows("timeouts"),
    pools: new Rows("pools"),
    backends: new Rows("backends"),
  };
  readonly #strings = new Strings();
  readonly #methodBits: Map<string, number>;
  /** Lists of words and sets of timeouts that have a row, by content. */
  readonly #lists = new Map<string, number>();
  readonly #timeouts = new Map<string, number>();
  readonly #poolKeys = new Set<string>();

  /** @param methods every method that any service names, in any order */
  constructor(methods: readonly string[]) {
    const names = [...new Set(methods)].toSorted();
    if (names.length > METHODS_MAX) throw new EncodeError(`more than ${METHODS_MAX} methods`);
    for (const name of names) this.rows.methods.add({ name: this.text(name) });
    this.#methodBits = new Map(names.map((name, bit) => [name, 1 << bit]));
  }

  text(text: string): number {
    return this.#strings.id(text);
  }

  /** The first row of a list of texts; undefined for the empty list. */
  words(texts: readonly string[]): number | undefined {
    if (texts.length === 0) return undefined;
    const ids = texts.map((text) => this.text(text));
    const key = ids.join(" ");
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const first = this.rows.words.count;
    ids.forEach((text, index) => {
      this.rows.words.add({ text, more: Number(index + 1 < ids.length) });
    });
    this.#lists.set(key, first);
    return first;
  }

  /** The bits of a set of methods that the constructor was told of. */
  methods(names: readonly string[]): number {
    return names.reduce((bits, name) => bits | this.#methodBits.get(name)!, 0) >>> 0;
  }

  origin(origin: Origin): { file: number; line: number; column: number } {
    return { file: this.text(origin.file), line: origin.line, column: origin.column };
  }

  timeouts({ connectMs, responseMs, readMs, writeMs }: Timeouts): number {
    const key = `${connectMs} ${responseMs} ${readMs} ${writeMs}`;
    const known = this.#timeouts.get(key);
    if (known !== undefined) return known;
    const row = this.rows.timeouts.add({ connectMs, responseMs, readMs, writeMs });
    this.#timeouts.set(key, row);
    return row;
  }

  pool({ key, algorithm, backends }: Pool): void {
    if (this.#poolKeys.has(key)) throw new EncodeError(`two pools have the key ${key}`);
    this.#poolKeys.add(key);
    const first = this.rows.backends.count;
    for (const { url, weight, name, origin } of backends) {
      const texts = { url: this.text(url), name: this.text(name) };
      this.rows.backends.add({ ...texts, weight, ...this.origin(origin) });
    }
    this.rows.pools.add({
      key: this.text(key),
      algorithm: ALGORITHMS.indexOf(algorithm),
      backends: { first, count: backends.length },
    });
  }

  /** `services` are those that the node's numbers mean. */
  node({ node, parent, label, parameter }: NodeRow, services: readonly Service[]): void {
    this.rows.nodes.add({
      parent,
      label: this.text(label),
      literals: node.literals?.size ?? 0,
      parameter,
      exact: this.#candidates(node.exact, services),
      rest: this.#candidates(node.rest, services),
    });
  }

  /** Routes that name methods come first: the one that takes the others must not hide them. */
  #candidates(routes: readonly number[], services: readonly Service[]): number | undefined {
    if (routes.length === 0) return undefined;
    const first = this.rows.candidates.count;
    const takesAny = (route: number) => services[route]!.methods.length === 0;
    const named = routes.filter((route) => !takesAny(route));
    const any = routes.filter(takesAny);
    const methods = named.flatMap((route) => [...new Set(services[route]!.methods)]);
    if (any.length > 1 || new Set(methods).size < methods.length) {
      const names = routes.map((route) => services[route]!.name);
      throw new EncodeError(`services ${names.join(", ")} take the same requests`);
    }
    const order = [...named, ...any];
    order.forEach((route, index) => {
      this.rows.candidates.add({ route, more: Number(index + 1 < order.length) });
    });
    return first;
  }

  /** Fills an open-addressing table with the numbers of `entries` that have a hash. */
  slots<T>(
    section: "hostSlots" | "edgeSlots",
    entries: readonly T[],
    hashOf: (entry: T) => number | undefined,
  ): void {
    const table = new Uint32Array(slotCount(entries.length)).fill(NONE);
    const mask = table.length - 1;
    entries.forEach((entry, row) => {
      const hash = hashOf(entry);
      if (hash === undefined) return;
      let slot = hash & mask;
      while (table[slot] !== NONE) slot = (slot + 1) & mask;
      table[slot] = row;
    });
    this.rows[section].append(table);
  }

  /** `domains` in the order of the rows of `hosts`. */
  settings(settings: Settings, domains: readonly Domain[]): void {
    const any = domains.findIndex(({ kind }) => kind === HOST_ANY);
    const levels = settings.logLevels.map((level) => 1 << LOG_LEVELS.indexOf(level));
    this.rows.settings.add({
      listen: this.text(settings.listen),
      trustedProxies: this.words(settings.trustedProxies),
      readTimeoutMs: settings.readTimeoutMs,
      writeTimeoutMs: settings.writeTimeoutMs,
      idleTimeoutMs: settings.idleTimeoutMs,
      drainDelayMs: settings.drainDelayMs,
      drainTimeoutMs: settings.drainTimeoutMs,
      logLevels: levels.reduce((bits, bit) => bits | bit, 0),
      logPath: this.text(settings.logPath),
      metricsEnabled: Number(settings.metricsEnabled),
      ...settings.limits,
      tlsEnabled: Number(settings.tls.enabled),
      tlsCertFile: this.text(settings.tls.certFile),
      tlsKeyFile: this.text(settings.tls.keyFile),
      corsEnabled: Number(settings.cors.enabled),
      corsAllowedOrigins: this.words(settings.cors.allowedOrigins),
      anyHost: any === -1 ? undefined : any,
      wildcardHosts: domains.filter(({ kind }) => kind === HOST_WILDCARD).length,
    });
  }

  sections(): Section[] {
    const { strings, ends } = this.#strings.toBytes();
    return SECTIONS.map((name) => {
      if (name === "strings") return { bytes: strings, rowBytes: 1 };
      if (name === "stringEnds") return { bytes: ends, rowBytes: 4 };
      return this.rows[name].toBytes();
    });
  }
}

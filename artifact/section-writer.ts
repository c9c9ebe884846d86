/**
 * The sections while they are being made: one method for each kind of thing an artifact holds.
 * What goes where is layout.ts's; in which order things are written is encode.ts's.
 */
import type { Section } from "./container.ts";
import { type Automaton, compileRegex } from "./regex/automaton.ts";
import type { Domain } from "./domain.ts";
import { EncodeError } from "./encode-error.ts";
import { slotCount } from "./hash.ts";
import {
  BYTE_CLASS_ROWS,
  HAS_LITERALS,
  HAS_PARAMETER,
  HOST_ANY,
  HOST_WILDCARD,
  METHODS_MAX,
  NONE,
  type RowSection,
  SECTIONS,
} from "./layout.ts";
import { usesTable } from "./maglev.ts";
import {
  ACCESS_LOG_FORMATS,
  type Backend,
  BACKSLASH_RULES,
  LOG_LEVELS,
  type Origin,
  type Pool,
  type Predicate,
  PREDICATE_KINDS,
  PREDICATE_SUBJECTS,
  PROXY_SENDS,
  type Service,
  type Settings,
  type Stream,
  type StreamPolicy,
  STREAM_PROTOCOLS,
  UNDERSCORE_RULES,
} from "./model.ts";
import { compareSpecificity } from "./route-specificity.ts";
import { PolicyWriter } from "./policy-writer.ts";
import { Rows, Strings } from "./rows.ts";
import type { NodeRow } from "./trie.ts";

/** Hardly a place is further to the right; this times a line is a whole number still. */
const COLUMNS = 2 ** 21;

export class SectionWriter {
  readonly rows: { [S in RowSection]: Rows<S> } = {
    settings: new Rows("settings"),
    words: new Rows("words"),
    methods: new Rows("methods"),
    hosts: new Rows("hosts"),
    levels: new Rows("levels"),
    hostSlots: new Rows("hostSlots"),
    nodes: new Rows("nodes"),
    edgeSlots: new Rows("edgeSlots"),
    candidates: new Rows("candidates"),
    routes: new Rows("routes"),
    predicates: new Rows("predicates"),
    automata: new Rows("automata"),
    byteClasses: new Rows("byteClasses"),
    steps: new Rows("steps"),
    services: new Rows("services"),
    servicePolicies: new Rows("servicePolicies"),
    retryPolicies: new Rows("retryPolicies"),
    pools: new Rows("pools"),
    poolPolicies: new Rows("poolPolicies"),
    stickyPolicies: new Rows("stickyPolicies"),
    healthPolicies: new Rows("healthPolicies"),
    passivePolicies: new Rows("passivePolicies"),
    breakerPolicies: new Rows("breakerPolicies"),
    statusRanges: new Rows("statusRanges"),
    probeFields: new Rows("probeFields"),
    tables: new Rows("tables"),
    tableEntries: new Rows("tableEntries"),
    backends: new Rows("backends"),
    backendTraits: new Rows("backendTraits"),
    positions: new Rows("positions"),
    streams: new Rows("streams"),
    streamRoutes: new Rows("streamRoutes"),
    streamPolicies: new Rows("streamPolicies"),
  };
  readonly policies = new PolicyWriter(this.rows, (text) => this.text(text));
  readonly #strings = new Strings();
  readonly #methodBits: Map<string, number>;
  #lastWord: string | undefined;
  #lastWordRow = 0;
  /** What neighbours mostly have in common. */
  #lastFile: string | undefined;
  #lastFileId = 0;
  #lastLabel: string | undefined;
  #lastLabelId = 0;
  /** By line and column, as one number where they fit. */
  readonly #positions = new Map<number, number>();
  readonly #predicates = new Map<string, number>();
  readonly #automata = new Map<string, number>();
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
    // The services of one host follow each other.
    if (texts.length === 1 && texts[0] === this.#lastWord) return this.#lastWordRow;
    const first = this.rows.words.list(texts.map((text) => ({ text: this.text(text) })));
    if (texts.length === 1 && first !== undefined) {
      this.#lastWord = texts[0]!;
      this.#lastWordRow = first;
    }
    return first;
  }

  /** The bits of a set of methods that the constructor was told of. */
  methods(names: readonly string[]): number {
    return names.reduce((bits, name) => bits | this.#methodBits.get(name)!, 0) >>> 0;
  }

  /** The first row of a list of predicates; undefined where there are none. */
  predicates(predicates: readonly Predicate[]): number | undefined {
    if (predicates.length === 0) return undefined;
    const rows = predicates.map(({ subject, kind, name, value }) => ({
      subject: PREDICATE_SUBJECTS.indexOf(subject),
      kind: PREDICATE_KINDS.indexOf(kind),
      name: this.text(name),
      value: this.text(value),
    }));
    const key = rows.map((row) => Object.values(row).join(" ")).join(",");
    const known = this.#predicates.get(key);
    if (known !== undefined) return known;
    const first = this.rows.predicates.count;
    rows.forEach((row, index) => {
      const { kind, value } = predicates[index]!;
      const automaton = kind === "regex" ? this.#automaton(value) : undefined;
      this.rows.predicates.add({ ...row, automaton, more: Number(index + 1 < rows.length) });
    });
    this.#predicates.set(key, first);
    return first;
  }

  #automaton(regex: string): number {
    const known = this.#automata.get(regex);
    if (known !== undefined) return known;
    const automaton = compileRegex(regex);
    if ("reason" in automaton) throw new EncodeError(`expression ${regex} ${automaton.reason}`);
    const { states, classes, start, accepting, steps } = automaton;
    const classOf = { first: this.rows.byteClasses.count, count: BYTE_CLASS_ROWS };
    this.rows.byteClasses.append(fours(automaton));
    const table = { first: this.rows.steps.count, count: steps.length };
    this.rows.steps.append(steps);
    const row = { states, classes, start, accepting, classOf, steps: table };
    const number = this.rows.automata.add(row);
    this.#automata.set(regex, number);
    return number;
  }

  /** The number of the file of a place. */
  file({ file }: Origin): number {
    if (file !== this.#lastFile) {
      this.#lastFile = file;
      this.#lastFileId = this.text(file);
    }
    return this.#lastFileId;
  }

  /** The row of the place in its file. */
  position({ line, column }: Origin): number {
    if (column >= COLUMNS) return this.rows.positions.once({ line, column });
    const key = line * COLUMNS + column;
    let row = this.#positions.get(key);
    if (row === undefined)
      this.#positions.set(key, (row = this.rows.positions.add({ line, column })));
    return row;
  }

  #label(label: string): number {
    if (label !== this.#lastLabel) {
      this.#lastLabel = label;
      this.#lastLabelId = this.text(label);
    }
    return this.#lastLabelId;
  }

  pool({ key, label, policy, backends, table, origin }: Pool): void {
    if (this.#poolKeys.has(key)) throw new EncodeError(`two pools have the key ${key}`);
    this.#poolKeys.add(key);
    const first = this.rows.backends.count;
    for (const backend of backends) this.#backend(backend, key, origin.file);
    this.rows.pools.add({
      key: this.text(key),
      label: this.#label(label),
      policy: this.policies.pool(policy),
      backends: { first, count: backends.length },
      table: this.#table(table, key, backends.length, usesTable(policy.algorithm)),
      file: this.file(origin),
      position: this.position(origin),
    });
  }

  /** `file` is its pool's, which the artifact does not repeat. */
  #backend(backend: Backend, key: string, file: string): void {
    const { url, name, weight, priority, connectionsMax, origin } = backend;
    if (origin.file !== file) {
      throw new EncodeError(`pool ${key} is in ${file}, its backend ${url} in ${origin.file}`);
    }
    const traits = { name: this.text(name), weight, priority, connectionsMax };
    this.rows.backends.add({
      url: this.text(url),
      traits: this.rows.backendTraits.once(traits),
      position: this.position(origin),
    });
  }

  #table(
    table: readonly number[],
    key: string,
    backends: number,
    isUsed: boolean,
  ): number | undefined {
    if (table.length > 0 !== (isUsed && backends > 0)) {
      throw new EncodeError(`pool ${key} has a table it does not need, or needs one`);
    }
    if (table.length === 0) return undefined;
    const wrong = table.find((backend) => !(backend >= 0 && backend < backends));
    if (wrong !== undefined) throw new EncodeError(`the table of pool ${key} names ${wrong}`);
    const first = this.rows.tableEntries.count;
    this.rows.tableEntries.append(Uint32Array.from(table));
    return this.rows.tables.add({ entries: { first, count: table.length } });
  }

  /** The first row of a host's further tries, by their roots; undefined where there are none. */
  levels(roots: readonly number[]): number | undefined {
    if (roots.length === 0) return undefined;
    const first = this.rows.levels.count;
    roots.forEach((root, index) => {
      this.rows.levels.add({ root, more: Number(index + 1 < roots.length) });
    });
    return first;
  }

  stream({ name, listen, protocol, pool, sni, policy, origin }: Stream): void {
    const routes = sni.map((route) => ({ names: this.words(route.names), pool: route.pool }));
    this.rows.streams.add({
      name: this.text(name),
      listen: this.text(listen),
      protocol: STREAM_PROTOCOLS.indexOf(protocol),
      pool,
      sni: this.rows.streamRoutes.list(routes),
      policy: this.#streamPolicy(policy),
      file: this.file(origin),
      position: this.position(origin),
    });
  }

  #streamPolicy({ proxyProtocol, allow, deny, ...numbers }: StreamPolicy): number {
    return this.rows.streamPolicies.once({
      ...numbers,
      proxyAccept: Number(proxyProtocol.accept),
      proxyTrusted: this.words(proxyProtocol.trusted),
      proxyTimeoutMs: proxyProtocol.timeoutMs,
      proxySend: PROXY_SENDS.indexOf(proxyProtocol.send),
      allow: this.words(allow),
      deny: this.words(deny),
    });
  }

  /** `services` are those that the node's numbers mean. */
  node({ node, parent, label }: NodeRow, services: readonly Service[]): void {
    this.rows.nodes.add({
      parent,
      label: this.text(label),
      children:
        (node.literals === undefined ? 0 : HAS_LITERALS) |
        (node.parameter === undefined ? 0 : HAS_PARAMETER),
      exact: this.#candidates(node.exact, services),
      rest: this.#candidates(node.rest, services),
    });
  }

  /** The most specific first; those of equal rank by what they ask for, so that no order is left open. */
  #candidates(routes: readonly number[], services: readonly Service[]): number | undefined {
    if (routes.length === 0) return undefined;
    const first = this.rows.candidates.count;
    const order = routes.length === 1 ? routes : orderOf(routes, services);
    order.forEach((route, index) => {
      this.rows.candidates.add({ route, more: Number(index + 1 < order.length) });
    });
    return first;
  }

  /** Fills an open-addressing table with those of `count` rows that have a hash. */
  slots(
    section: "hostSlots" | "edgeSlots",
    count: number,
    hashOf: (row: number) => number | undefined,
  ): void {
    const table = new Uint32Array(slotCount(count)).fill(NONE);
    const mask = table.length - 1;
    for (let row = 0; row < count; row++) {
      const hash = hashOf(row);
      if (hash === undefined) continue;
      let slot = hash & mask;
      while (table[slot] !== NONE) slot = (slot + 1) & mask;
      table[slot] = row;
    }
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
      proxyAccept: Number(settings.proxyProtocol.accept),
      proxyTrusted: this.words(settings.proxyProtocol.trusted),
      proxyTimeoutMs: settings.proxyProtocol.timeoutMs,
      tlsEnabled: Number(settings.tls.enabled),
      tlsCertFile: this.text(settings.tls.certFile),
      tlsKeyFile: this.text(settings.tls.keyFile),
      corsEnabled: Number(settings.cors.enabled),
      corsAllowedOrigins: this.words(settings.cors.allowedOrigins),
      anyHost: any === -1 ? undefined : any,
      wildcardHosts: domains.filter(({ kind }) => kind === HOST_WILDCARD).length,
      ...this.#observation(settings),
      underscores: UNDERSCORE_RULES.indexOf(settings.underscores),
      encodedBackslash: BACKSLASH_RULES.indexOf(settings.encodedBackslash),
      strictPaths: Number(settings.strictPaths),
      forwardTrailers: Number(settings.forwardTrailers),
      via: this.text(settings.via),
    });
  }

  /** What is seen of the traffic, and by whom. */
  #observation({ accessLog, tracing, requestId, admin }: Settings) {
    return {
      accessLogEnabled: Number(accessLog.enabled),
      accessLogFormat: ACCESS_LOG_FORMATS.indexOf(accessLog.format),
      accessLogPath: this.text(accessLog.path),
      accessLogSampleMillionths: accessLog.sampleMillionths,
      accessLogQuery: Number(accessLog.query),
      tracingEndpoint: this.text(tracing.endpoint),
      tracingServiceName: this.text(tracing.serviceName),
      tracingSampleMillionths: tracing.sampleMillionths,
      requestIdEnabled: Number(requestId.enabled),
      adminListen: this.text(admin.listen),
      adminWriterUrl: this.text(admin.writerUrl),
      adminAllowedOrigins: this.words(admin.allowedOrigins),
      adminReaders: this.words(admin.readers),
    };
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

/** The classes of all bytes, four in a number. */
function fours({ classOf }: Automaton): Uint32Array {
  const rows = new Uint32Array(BYTE_CLASS_ROWS);
  classOf.forEach((number, byte) => {
    rows[byte >>> 2] = (rows[byte >>> 2]! | (number << ((byte & 3) << 3))) >>> 0;
  });
  return rows;
}

/**
 * @throws EncodeError where two routes ask for the same. That two different ones may meet in one
 * request is for the compiler to find.
 */
function orderOf(routes: readonly number[], services: readonly Service[]): number[] {
  const asked = new Map(
    routes.map((route) => [route, JSON.stringify(services[route]!.predicates)] as const),
  );
  const methodsOf = (route: number) => [...new Set(services[route]!.methods)].toSorted().join();
  const taken = new Set<string>();
  for (const route of routes) {
    const { methods } = services[route]!;
    const keys = [...(methods.length === 0 ? ["any"] : new Set(methods))];
    for (const key of keys.map((method) => `${method} ${asked.get(route)}`)) {
      if (taken.has(key)) {
        const names = routes.map((one) => services[one]!.name);
        throw new EncodeError(`services ${names.join(", ")} take the same requests`);
      }
      taken.add(key);
    }
  }
  return routes.toSorted(
    (a, b) =>
      compareSpecificity(services[a]!, services[b]!) ||
      byText(asked.get(a)!, asked.get(b)!) ||
      byText(methodsOf(a), methodsOf(b)),
  );
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * The matcher: from the bytes of a request (host, method, path, and what predicates ask for) to a
 * route. There is no other one.
 *
 * It reads the artifact's tables in place and allocates nothing. One Matcher serves one thread: its
 * public fields are the result of the last `match`, valid until the next.
 *
 * The order of routes is total and never that of the files:
 *
 * 1. Host: exact, then the longest wildcard, then `*`. It is chosen first, and there is no way back.
 * 2. Priority: the routes with the highest number, as if there were no others; then the next.
 * 3. Path: per segment literal, parameter, wildcard, depth first with backtracking.
 * 4. Routes of one pattern: the most specific first (route-specificity.ts).
 *
 * A route whose predicates do not hold, or whose methods do not include the request's, is passed over.
 */
import { finish, FNV_BASIS, FNV_PRIME } from "./hash.ts";
import {
  HAS_LITERALS,
  HAS_PARAMETER,
  HOST_EXACT,
  HOST_WILDCARD,
  NONE,
  offsetsOf,
  strideOf,
} from "./layout.ts";
import { PATTERN_SEGMENTS_MAX } from "./pattern.ts";
import { NO_BYTES, NO_INPUT, type PredicateInput, RequestValues } from "./request-values.ts";
import { rowCount, type View } from "./view.ts";

/** `match` found no route: none for this host, or none for this path. */
export const NO_ROUTE = -1;
/** `match` found routes whose path and predicates fit, all of them for other methods. */
export const NO_METHOD = -2;

const NODE = offsetsOf("nodes");
const NODE_STRIDE = strideOf("nodes");
const HOST = offsetsOf("hosts");
const HOST_STRIDE = strideOf("hosts");
const LEVEL = offsetsOf("levels");
const LEVEL_STRIDE = strideOf("levels");
const CANDIDATE = offsetsOf("candidates");
const CANDIDATE_STRIDE = strideOf("candidates");
const ROUTE = offsetsOf("routes");
const ROUTE_STRIDE = strideOf("routes");
const SETTING = offsetsOf("settings");
const SLASH = 0x2f;
const DOT = 0x2e;

export class Matcher {
  /** Where the part below the matched prefix begins: the end of the last segment matched. */
  rest = 0;
  /** Number of parameters; their values are `parameterStart[i] .. parameterEnd[i]`. */
  parameters = 0;
  readonly parameterStart: Int32Array = new Int32Array(PATTERN_SEGMENTS_MAX);
  readonly parameterEnd: Int32Array = new Int32Array(PATTERN_SEGMENTS_MAX);
  /** After NO_METHOD: the union of the methods that these routes take, as bits of `methods`. */
  allowedBits = 0;

  readonly #strings: Uint8Array;
  readonly #stringEnds: Uint32Array;
  readonly #hosts: Uint32Array;
  readonly #hostSlots: Uint32Array;
  readonly #levels: Uint32Array;
  readonly #nodes: Uint32Array;
  readonly #edgeSlots: Uint32Array;
  readonly #candidates: Uint32Array;
  readonly #routes: Uint32Array;
  readonly #methods: Uint32Array;
  readonly #methodCount: number;
  readonly #anyHost: number;
  readonly #values: RequestValues;
  readonly #hasPredicates: boolean;
  readonly #hasWildcards: boolean;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #methodBit = 0;

  constructor(view: View) {
    this.#strings = view.strings;
    this.#stringEnds = view.stringEnds;
    this.#hosts = view.hosts;
    this.#hostSlots = view.hostSlots;
    this.#levels = view.levels;
    this.#nodes = view.nodes;
    this.#edgeSlots = view.edgeSlots;
    this.#candidates = view.candidates;
    this.#routes = view.routes;
    this.#methods = view.methods;
    this.#methodCount = rowCount(view, "methods");
    this.#anyHost = view.settings[SETTING.anyHost]!;
    this.#values = new RequestValues(view);
    this.#hasPredicates = view.predicates.length > 0;
    this.#hasWildcards = view.settings[SETTING.wildcardHosts]! > 0;
  }

  /**
   * The host row for `bytes[start..end)`: a host without port and trailing dot, in any case. NONE
   * where no domain covers it.
   */
  host(bytes: Uint8Array, start: number, end: number): number {
    let hash = FNV_BASIS;
    let wildcard = NONE;
    for (let i = end - 1; i >= start; i--) {
      const byte = bytes[i]!;
      if (byte === DOT && this.#hasWildcards && i > start) {
        const row = this.#findHost(finish(hash, HOST_WILDCARD), HOST_WILDCARD, bytes, i + 1, end);
        if (row !== NONE) wildcard = row;
      }
      hash = Math.imul(hash ^ (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte), FNV_PRIME);
    }
    const exact = this.#findHost(finish(hash, HOST_EXACT), HOST_EXACT, bytes, start, end);
    if (exact !== NONE) return exact;
    return wildcard === NONE ? this.#anyHost : wildcard;
  }

  /**
   * The bit of a method (case-sensitive, RFC 9110 §9.1) among those that any route names; 0 where
   * none does.
   */
  methodBit(bytes: Uint8Array, start: number, end: number): number {
    for (let row = 0; row < this.#methodCount; row++) {
      if (this.#textIs(this.#methods[row]!, bytes, start, end)) return 1 << row;
    }
    return 0;
  }

  /**
   * The route for a path below a host row.
   *
   * @param bytes holds the path, in normal form (see path.ts), at `[start..end)`
   * @param head holds what the offsets of `input` point at
   * @param input header fields and query; left out, there are none
   * @returns a row of `routes`, NO_ROUTE or NO_METHOD
   */
  match(
    host: number,
    methodBit: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    head: Uint8Array = NO_BYTES,
    input: PredicateInput = NO_INPUT,
  ): number {
    this.parameters = 0;
    this.allowedBits = 0;
    if (host === NONE) return NO_ROUTE;
    this.#bytes = bytes;
    this.#end = end;
    this.#methodBit = methodBit;
    if (this.#hasPredicates) this.#values.begin(head, input);
    const row = host * HOST_STRIDE;
    const route = this.#walk(this.#hosts[row + HOST.root]!, start);
    if (route !== NONE) return route;
    const lower = this.#hosts[row + HOST.lower]!;
    if (lower !== NONE) {
      const below = this.#walkLevels(lower, start);
      if (below !== NONE) return below;
    }
    return this.allowedBits === 0 ? NO_ROUTE : NO_METHOD;
  }

  /** The tries of lower priorities, one after the other. */
  #walkLevels(first: number, start: number): number {
    const levels = this.#levels;
    for (let at = first * LEVEL_STRIDE; ; at += LEVEL_STRIDE) {
      const route = this.#walk(levels[at + LEVEL.root]!, start);
      if (route !== NONE || levels[at + LEVEL.more] === 0) return route;
    }
  }

  /** Depth first from `node`; `at` is where the path goes on. NONE where nothing below takes it. */
  #walk(node: number, at: number): number {
    const row = node * NODE_STRIDE;
    const nodes = this.#nodes;
    const bytes = this.#bytes;
    const end = this.#end;
    let start = at;
    while (start < end && bytes[start] === SLASH) start++;
    if (start === end) {
      this.rest = at;
      const exact = this.#choose(nodes[row + NODE.exact]!);
      return exact === NONE ? this.#choose(nodes[row + NODE.rest]!) : exact;
    }

    let stop = start;
    const children = nodes[row + NODE.children]!;
    if ((children & HAS_LITERALS) !== 0) {
      let hash = FNV_BASIS;
      for (; stop < end; stop++) {
        const byte = bytes[stop]!;
        if (byte === SLASH) break;
        hash = Math.imul(hash ^ byte, FNV_PRIME);
      }
      const child = this.#findEdge(finish(hash, node), node, start, stop);
      if (child !== NONE) {
        const route = this.#walk(child, stop);
        if (route !== NONE) return route;
      }
    }
    if ((children & HAS_PARAMETER) !== 0) {
      while (stop < end && bytes[stop] !== SLASH) stop++;
      const index = this.parameters++;
      this.parameterStart[index] = start;
      this.parameterEnd[index] = stop;
      const route = this.#walk(node + 1, stop);
      if (route !== NONE) return route;
      this.parameters = index;
    }
    this.rest = at;
    return this.#choose(nodes[row + NODE.rest]!);
  }

  /** The first candidate of a run whose predicates hold and that takes the method. */
  #choose(first: number): number {
    if (first === NONE) return NONE;
    const candidates = this.#candidates;
    const routes = this.#routes;
    for (let at = first * CANDIDATE_STRIDE; ; at += CANDIDATE_STRIDE) {
      const route = candidates[at + CANDIDATE.route]!;
      const row = route * ROUTE_STRIDE;
      const predicates = routes[row + ROUTE.predicates]!;
      // A route whose predicates fail is not there for this request: its methods are not allowed ones.
      if (predicates === NONE || this.#values.hold(predicates)) {
        const bits = routes[row + ROUTE.methods]!;
        if (bits === 0 || (bits & this.#methodBit) !== 0) return route;
        this.allowedBits |= bits;
      }
      if (candidates[at + CANDIDATE.more] === 0) return NONE;
    }
  }

  #findEdge(hash: number, parent: number, start: number, end: number): number {
    const slots = this.#edgeSlots;
    const nodes = this.#nodes;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const child = slots[slot]!;
      if (child === NONE) return NONE;
      const row = child * NODE_STRIDE;
      if (nodes[row + NODE.parent] !== parent) continue;
      if (this.#textIs(nodes[row + NODE.label]!, this.#bytes, start, end)) return child;
    }
  }

  #findHost(hash: number, kind: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#hostSlots;
    const hosts = this.#hosts;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const host = slots[slot]!;
      if (host === NONE) return NONE;
      const row = host * HOST_STRIDE;
      if (hosts[row + HOST.kind] !== kind) continue;
      if (this.#textIsFolded(hosts[row + HOST.name]!, bytes, start, end)) return host;
    }
  }

  #textIs(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const ends = this.#stringEnds;
    const from = id === 0 ? 0 : ends[id - 1]!;
    if (ends[id]! - from !== end - start) return false;
    const strings = this.#strings;
    for (let i = start, j = from; i < end; i++, j++) {
      if (bytes[i] !== strings[j]) return false;
    }
    return true;
  }

  /** As #textIs, for a lower-case text and bytes in any case (ASCII). */
  #textIsFolded(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const ends = this.#stringEnds;
    const from = id === 0 ? 0 : ends[id - 1]!;
    if (ends[id]! - from !== end - start) return false;
    const strings = this.#strings;
    for (let i = start, j = from; i < end; i++, j++) {
      const byte = bytes[i]!;
      if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== strings[j]) return false;
    }
    return true;
  }
}

/**
 * Path cells: the paths of one host, divided into classes that a set of patterns does not tell apart,
 * each with a path that stands for it. Only the cells of marked entries are looked at.
 *
 * A cell is what a set of trie nodes is: the nodes to which a path leads at once, by literals and by
 * parameters. Sets that have been seen are not gone through again, and what no marked entry is below
 * is left alone, so that the work grows with what is marked, not with what there is.
 */
import type { Pattern } from "../../artifact/pattern.ts";

/** A pattern and what it stands for. */
export interface PatternEntry<T> {
  pattern: Pattern;
  value: T;
  /** Only cells with a marked entry are of interest. */
  isMarked: boolean;
  /** Which of several lists of routes it is of, each with a matcher of its own. Default: 0. */
  list?: number;
  /** It takes whatever meets it: what comes after it in its list decides nothing. Default: false. */
  isSure?: boolean;
  priority?: number;
}

/** A path and all entries that meet it and may decide, in no order. */
export interface PathCell<T> {
  path: string;
  values: readonly T[];
}

/** Entries that end at one node, or whose `*` stands there. */
interface Terminal<T> {
  kind: "terminal";
  id: number;
  values: T[];
  isMarked: boolean;
  /** Of each list the priority at which something is sure, as far as it is. */
  sure: (number | undefined)[];
  /** The highest there is. */
  priority: number;
}

interface Node<T> {
  kind: "node";
  id: number;
  literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  exact: Terminal<T>;
  rest: Terminal<T>;
  /** A marked entry ends here or below. */
  isMarked: boolean;
  markedLabels: string[];
  /** The highest of what ends here or below. */
  priority: number;
}

/**
 * Where a path leads: nodes, and the `*`s that it has passed. In the order in which the matcher tries what
 * is at and below them, priorities aside.
 */
type State<T> = readonly Part<T>[];
type Part<T> = Node<T> | Terminal<T>;

/** Patterns made for it have exponentially many cells; others have about as many as there are patterns. */
const STATES_MAX = 2_000_000;

/**
 * Calls `visit` for every cell in which there is a marked entry.
 *
 * @returns false where there were too many cells to look at all of them
 */
export function forEachCell<T>(
  entries: Iterable<PatternEntry<T>>,
  visit: (cell: PathCell<T>) => void,
): boolean {
  const walk = new CellWalk<T>(visit);
  for (const entry of entries) walk.add(entry);
  return walk.run();
}

class CellWalk<T> {
  #ids = 0;
  #states = 0;
  /** The lists that have entries at all. */
  readonly #lists = new Set<number>();
  readonly #root: Node<T> = this.#node();
  readonly #visit: (cell: PathCell<T>) => void;
  readonly #ended = new Set<string>();
  /** States that were gone on from, with the labels that are still to be tried. */
  readonly #pending = new Map<string, ReadonlySet<string>>();

  constructor(visit: (cell: PathCell<T>) => void) {
    this.#visit = visit;
  }

  add(entry: PatternEntry<T>): void {
    const { pattern, value, isMarked, list = 0, isSure = false, priority = 0 } = entry;
    this.#lists.add(list);
    let node = this.#root;
    for (const { kind, text } of pattern.segments) {
      raise(node, isMarked, priority);
      let next = kind === "parameter" ? node.parameter : node.literals.get(text);
      if (next === undefined) {
        next = this.#node();
        if (kind === "parameter") node.parameter = next;
        else node.literals.set(text, next);
      }
      if (isMarked && !next.isMarked && kind === "literal") node.markedLabels.push(text);
      node = next;
    }
    raise(node, isMarked, priority);
    const terminal = pattern.rest ? node.rest : node.exact;
    raise(terminal, isMarked, priority);
    terminal.values.push(value);
    if (isSure) terminal.sure[list] = Math.max(terminal.sure[list] ?? priority, priority);
  }

  run(): boolean {
    this.#reach([this.#root], []);
    return this.#states < STATES_MAX;
  }

  /** The path `segments` ends in this state, and may go on from it. */
  #reach(state: State<T>, segments: readonly string[]): void {
    if (++this.#states >= STATES_MAX || !state.some(isMarkedPart)) return;
    const ends = this.#decisive(
      state.flatMap((part) => (part.kind === "terminal" ? [part] : [part.exact, part.rest])),
    );
    this.#end(ends as Terminal<T>[], segments);
    // Where there is no node, only a `*` takes the path, however long it gets.
    if (state.every(({ kind }) => kind === "terminal")) return;
    const passed = state.flatMap((part) => (part.kind === "terminal" ? [part] : [part, part.rest]));
    this.#goOn(this.#decisive(passed), segments, NO_LABELS);
  }

  /** Leaves out what is empty, and what comes after something sure in every list. */
  #decisive(state: State<T>): State<T> {
    const kept: Part<T>[] = [];
    // Of each list the priority from which on something is sure.
    const sure: (number | undefined)[] = [];
    for (const part of state) {
      if (part.kind === "terminal" && part.values.length === 0) continue;
      const isOut = [...this.#lists].every(
        (list) => sure[list] !== undefined && sure[list] >= part.priority,
      );
      if (isOut) continue;
      kept.push(part);
      if (part.kind === "node") continue;
      for (const [list, priority] of part.sure.entries()) {
        if (priority !== undefined) sure[list] = Math.max(sure[list] ?? priority, priority);
      }
    }
    return kept;
  }

  #end(terminals: readonly Terminal<T>[], segments: readonly string[]): void {
    if (!terminals.some(isMarkedPart)) return;
    const key = keyOf(terminals);
    if (this.#ended.has(key)) return;
    this.#ended.add(key);
    this.#visit({
      path: `/${segments.join("/")}`,
      values: terminals.flatMap(({ values }) => values),
    });
  }

  /**
   * Tries every segment that leads elsewhere.
   *
   * Nodes without a parameter matter for their own labels only; for all other segments the state is
   * the one without them. So they are split off, and the rest is gone through once, however many
   * such nodes there are beside it. `taken` are labels that mean something else on this very path.
   */
  #goOn(state: State<T>, segments: readonly string[], taken: ReadonlySet<string>): void {
    if (!state.some(isMarkedPart)) return;
    const key = keyOf(state);
    const known = this.#pending.get(key);
    const left = new Set<string>();
    this.#pending.set(key, left);
    for (const label of known ?? labelsOf(state)) {
      if (taken.has(label)) left.add(label);
      else this.#step(state, label, segments);
    }
    const [plain, others] = split(state);
    if (plain.length > 0 && others.length > 0) {
      const labels = new Set([...taken, ...plain.flatMap(({ literals }) => [...literals.keys()])]);
      const rest = state.filter((part) => part.kind === "terminal" || part.parameter !== undefined);
      this.#goOn(rest, segments, labels);
    } else if (known === undefined) {
      this.#stepElsewhere(state, segments, taken);
    }
  }

  #step(state: State<T>, label: string, segments: readonly string[]): void {
    const next = state.flatMap((part): Part<T>[] => {
      if (part.kind === "terminal") return [part];
      const literal = part.literals.get(label);
      return [...(literal ? [literal] : []), ...(part.parameter ? [part.parameter] : [])];
    });
    this.#reach(next, [...segments, label]);
  }

  /** A segment that is no node's label. */
  #stepElsewhere(state: State<T>, segments: readonly string[], taken: ReadonlySet<string>): void {
    const isLabel = (text: string) =>
      taken.has(text) || state.some((part) => part.kind === "node" && part.literals.has(text));
    let segment = "any";
    for (let n = 2; isLabel(segment); n++) segment = `any${n}`;
    const next = state.flatMap((part): Part<T>[] => {
      if (part.kind === "terminal") return [part];
      return part.parameter ? [part.parameter] : [];
    });
    this.#reach(next, [...segments, segment]);
  }

  #node(): Node<T> {
    return {
      kind: "node",
      id: this.#ids++,
      literals: new Map(),
      parameter: undefined,
      exact: this.#terminal(),
      rest: this.#terminal(),
      isMarked: false,
      markedLabels: [],
      priority: -Infinity,
    };
  }

  #terminal(): Terminal<T> {
    const id = this.#ids++;
    return { kind: "terminal", id, values: [], isMarked: false, sure: [], priority: -Infinity };
  }
}

const NO_LABELS: ReadonlySet<string> = new Set();

function raise(part: Part<unknown>, isMarked: boolean, priority: number): void {
  part.isMarked ||= isMarked;
  part.priority = Math.max(part.priority, priority);
}

function isMarkedPart(part: Part<unknown>): boolean {
  return part.isMarked;
}

/** The nodes of a state without a parameter, and those with one. */
function split<T>(state: State<T>): [plain: Node<T>[], others: Node<T>[]] {
  const nodes = state.filter((part) => part.kind === "node");
  return [
    nodes.filter(({ parameter }) => parameter === undefined),
    nodes.filter(({ parameter }) => parameter !== undefined),
  ];
}

/** The labels to try from a state: what is split off of it is tried by itself. */
function labelsOf<T>(state: State<T>): Set<string> {
  const [plain, others] = split(state);
  const all =
    state.some((part) => part.kind === "terminal" && part.isMarked) ||
    others.some(({ parameter }) => parameter!.isMarked);
  if (plain.length === 0 || others.length === 0) {
    const nodes = [...plain, ...others];
    return new Set(nodes.flatMap((node) => (all ? [...node.literals.keys()] : node.markedLabels)));
  }
  // A marked label of the others is tried from the state that is left, unless it is taken here.
  const labels = new Set<string>();
  for (const { literals } of plain) {
    for (const [label, next] of literals) {
      const meets = ({ literals: theirs }: Node<T>) => theirs.get(label)?.isMarked === true;
      if (all || next.isMarked || others.some(meets)) labels.add(label);
    }
  }
  return labels;
}

function keyOf(parts: readonly { id: number }[]): string {
  return parts.map(({ id }) => id).join();
}

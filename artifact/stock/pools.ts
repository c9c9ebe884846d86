/** The pools of a stock, their backends, and their tables. */
import { EncodeError } from "../encode-error.ts";
import { offsetsOf, strideOf } from "../layout.ts";
import { usesTable } from "../maglev.ts";
import type { Backend, Pool } from "../model.ts";
import { ListedRows } from "./listed-rows.ts";
import type { Policies } from "./policies.ts";
import type { Stock } from "./stock.ts";

const KEY = offsetsOf("pools").key;
const STRIDE = strideOf("pools");

export class Pools {
  readonly #stock: Stock;
  readonly #policies: Policies;
  readonly #rows = new Map<Pool, number>();
  readonly #listed = new ListedRows<Pool>((pool) => this.row(pool));

  constructor(stock: Stock, policies: Policies) {
    this.#stock = stock;
    this.#policies = policies;
  }

  /**
   * The row of a pool, which is known by its object.
   *
   * @throws EncodeError
   */
  row(pool: Pool): number {
    let row = this.#rows.get(pool);
    if (row === undefined) this.#rows.set(pool, (row = this.#add(pool)));
    return row;
  }

  /**
   * The rows of all pools of a model.
   *
   * @throws EncodeError also where two of them have one key
   */
  rows(pools: readonly Pool[]): Uint32Array {
    const rows = this.#listed.of(pools);
    const { words } = this.#stock.rows.pools;
    const isTaken = new Uint8Array(this.#stock.strings.count);
    rows.forEach((row, index) => {
      const key = words[row * STRIDE + KEY]!;
      if (isTaken[key] === 1) throw new EncodeError(`two pools have the key ${pools[index]!.key}`);
      isTaken[key] = 1;
    });
    return rows;
  }

  #add({ key, label, policy, backends, table, origin }: Pool): number {
    const stock = this.#stock;
    const first = stock.rows.backends.count;
    for (const backend of backends) this.#addBackend(backend, key, origin.file);
    return stock.rows.pools.add({
      key: stock.text(key),
      label: stock.text(label),
      policy: this.#policies.pool(policy),
      backends: { first, count: backends.length },
      table: this.#addTable(table, key, backends.length, usesTable(policy.algorithm)),
      file: stock.file(origin),
      position: stock.position(origin),
    });
  }

  /** `file` is its pool's, which the artifact does not repeat. */
  #addBackend(backend: Backend, key: string, file: string): void {
    const { url, name, weight, priority, connectionsMax, origin } = backend;
    const stock = this.#stock;
    if (origin.file !== file) {
      throw new EncodeError(`pool ${key} is in ${file}, its backend ${url} in ${origin.file}`);
    }
    const traits = { name: stock.text(name), weight, priority, connectionsMax };
    stock.rows.backends.add({
      url: stock.text(url),
      traits: stock.rows.backendTraits.once(traits),
      position: stock.position(origin),
    });
  }

  #addTable(
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
    const { tableEntries, tables } = this.#stock.rows;
    const first = tableEntries.count;
    tableEntries.append(Uint32Array.from(table));
    return tables.add({ entries: { first, count: table.length } });
  }
}

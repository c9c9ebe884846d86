/** The services of a stock and their routes: row n of the one section is with row n of the other. */
import { EncodeError } from "../encode-error.ts";
import { PRIORITY_MIN, type Service } from "../model.ts";
import { parameterNames } from "../pattern.ts";
import { comparePredicates } from "../route-specificity.ts";
import { ListedRows } from "./listed-rows.ts";
import type { Policies } from "./policies.ts";
import type { Pools } from "./pools.ts";
import type { Predicates } from "./predicates.ts";
import { readPattern } from "./read-pattern.ts";
import type { Stock } from "./stock.ts";

export class Services {
  readonly #stock: Stock;
  readonly #policies: Policies;
  readonly #pools: Pools;
  readonly #predicates: Predicates;
  readonly #rows = new Map<Service, number>();
  readonly #listed = new ListedRows<Service>((service) => this.row(service));

  constructor(stock: Stock, policies: Policies, pools: Pools, predicates: Predicates) {
    this.#stock = stock;
    this.#policies = policies;
    this.#pools = pools;
    this.#predicates = predicates;
  }

  /**
   * The row of a service, which is known by its object.
   *
   * @throws EncodeError
   */
  row(service: Service): number {
    let row = this.#rows.get(service);
    if (row === undefined) this.#rows.set(service, (row = this.#add(service)));
    return row;
  }

  /** The rows of all services of a model. @throws EncodeError */
  rows(services: readonly Service[]): Uint32Array {
    return this.#listed.of(services);
  }

  #add(service: Service): number {
    const stock = this.#stock;
    const { pattern, predicates, origin } = service;
    if (predicates.length > 1) checkOrder(service);
    // With a domain it is read with its host.
    if (service.domains.length === 0) readPattern(pattern);
    stock.rows.services.add({
      name: stock.text(service.name),
      domains: stock.words(service.domains),
      pool: this.#pools.row(service.pool),
      policy: this.#policies.service(service),
      file: stock.file(origin),
      position: stock.position(origin),
    });
    return stock.rows.routes.add({
      pattern: stock.text(pattern),
      methods: stock.methods(service.methods),
      predicates: this.#predicates.row(predicates),
      parameters: stock.words(parametersOf(pattern)),
      priority: service.priority - PRIORITY_MIN,
    });
  }
}

/** Lists that say the same are the same: what is written first must not matter. */
function checkOrder({ name, predicates }: Service): void {
  const isOrdered = predicates.every(
    (one, index) => index === 0 || comparePredicates(predicates[index - 1]!, one) < 0,
  );
  if (!isOrdered) throw new EncodeError(`the predicates of service ${name} are not in order`);
}

/** Most patterns have none. */
function parametersOf(pattern: string): string[] {
  return pattern.includes("/:") ? parameterNames(readPattern(pattern)) : [];
}

/** Methods: those that the services of a model name, model after model. */
import type { Service } from "../model.ts";
import { middles } from "../same-ends.ts";

export class Methods {
  #services: readonly Service[] = [];
  /** How often each is named. */
  readonly #counts = new Map<string, number>();

  /** Every method that a service of the list names; the list is not changed any more. */
  of(services: readonly Service[]): Set<string> {
    const [were, are] = middles(this.#services, services);
    for (const { methods } of were) for (const name of methods) this.#add(name, -1);
    for (const { methods } of are) for (const name of methods) this.#add(name, 1);
    this.#services = services;
    return new Set(this.#counts.keys());
  }

  #add(name: string, step: 1 | -1): void {
    const count = (this.#counts.get(name) ?? 0) + step;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}

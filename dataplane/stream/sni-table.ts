/**
 * SNI table: where a server name leads, as domains of services are matched: an exact name before a
 * wildcard, a longer wildcard before a shorter one.
 */

export interface SniTarget<T> {
  /** Lower-case: `a.example.com` or `*.example.com`, which is any name below it. */
  names: readonly string[];
  target: T;
}

export class SniTable<T> {
  readonly #exact = new Map<string, T>();
  /** By what stands behind the `*.`. */
  readonly #below = new Map<string, T>();

  constructor(routes: readonly SniTarget<T>[]) {
    for (const { names, target } of routes) {
      for (const name of names) {
        if (name.startsWith("*.")) this.#below.set(name.slice(2), target);
        else this.#exact.set(name, target);
      }
    }
  }

  /** @param name lower-case, without a dot at its end; "" leads nowhere */
  find(name: string): T | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined || this.#below.size === 0) return exact;
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const target = this.#below.get(name.slice(dot + 1));
      if (target !== undefined) return target;
    }
    return undefined;
  }
}

/**
 * Blocks: mappings such as `circuit_breaker` that stand in services, pools and `global`. What one
 * leaves out is as the next has it, key by key, and in the end as the schema has it.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { headOf, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import { field } from "./field.ts";

/** A value that somebody wrote, and where. */
export interface Given<T> {
  value: T;
  at: Span;
}

/** What a block says. */
export interface Draft<T> {
  at: Span;
  given: { [K in keyof T]?: Given<T[K]> };
}

/** Reads a node; undefined where it is wrong, which has been reported. */
export type Reader<T> = (node: YamlNode, log: DiagnosticLog) => T | undefined;

/** A key of a block of the schema's kind `Y`. */
export interface BlockKey<Y, T> {
  key: keyof Y & string;
  read: Reader<T>;
  /** What holds where no block gives the key. */
  fallback: T;
}

export class Block<Y, T extends object> {
  readonly #keys: { [K in keyof T]: BlockKey<Y, T[K]> };

  constructor(keys: { [K in keyof T]: BlockKey<Y, T[K]> }) {
    this.#keys = keys;
  }

  /** What a node says; undefined where there is none. */
  read(node: YamlNode | undefined, log: DiagnosticLog): Draft<T> | undefined {
    if (node === undefined) return undefined;
    const given: Draft<T>["given"] = {};
    for (const name of this.#names()) {
      const { key, read } = this.#keys[name];
      const at = field<Y>(node, key);
      const value = at && read(at, log);
      if (at !== undefined && value !== undefined) given[name] = { value, at };
    }
    return { at: headOf(node), given };
  }

  /** What holds; the nearest block comes first. */
  complete(...drafts: readonly (Draft<T> | undefined)[]): T {
    const values: Partial<T> = {};
    for (const name of this.#names()) {
      const nearest = drafts.find((draft) => draft?.given[name] !== undefined);
      values[name] = nearest?.given[name]?.value ?? this.#keys[name].fallback;
    }
    return values as T;
  }

  #names(): (keyof T)[] {
    return Object.keys(this.#keys) as (keyof T)[];
  }
}

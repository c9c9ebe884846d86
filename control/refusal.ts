/**
 * What the API answers when it does not do what was asked for. Thrown from any depth; one place makes
 * an answer of it.
 */
import type { Diagnostic } from "../compiler/diagnostic.ts";

export interface RefusalOptions {
  diagnostics?: readonly Diagnostic[];
  /** Header fields of the answer. */
  fields?: Readonly<Record<string, string>>;
  /** Further members of the answer's body. */
  more?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;
  readonly diagnostics: readonly Diagnostic[] | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly more: Readonly<Record<string, unknown>>;

  /** @param message one line for people: the `error` of the answer */
  constructor(status: number, message: string, options: RefusalOptions = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.diagnostics = options.diagnostics;
    this.fields = options.fields ?? {};
    this.more = options.more ?? {};
  }
}

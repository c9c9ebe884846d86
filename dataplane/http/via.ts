/**
 * Via: Balto's own name in messages that it passes on, and requests that go round in circles.
 * RFC 9110 §7.6.3.
 */
import type { Settings } from "../../artifact/model.ts";
import { viaHops } from "../../artifact/via.ts";
import { FIELD } from "./fields.ts";
import type { RequestHead } from "./request-head.ts";

export class Via {
  readonly #name: Buffer;
  readonly #hopsMax: number;
  readonly #lines: readonly [http10: Buffer, http11: Buffer];

  constructor(name: string, hopsMax: number) {
    this.#name = Buffer.from(name);
    this.#hopsMax = hopsMax;
    this.#lines = [Buffer.from(`Via: 1.0 ${name}\r\n`), Buffer.from(`Via: 1.1 ${name}\r\n`)];
  }

  /** Undefined where Balto goes without a name. */
  static of({ via, limits }: Settings): Via | undefined {
    return via === "" ? undefined : new Via(via, limits.viaHopsMax);
  }

  /** The line that a message gets which was received as HTTP/1.`minor`. */
  lineOf(minor: number): Buffer {
    return this.#lines[minor === 0 ? 0 : 1];
  }

  /** True where a request has come past more often than it may. */
  isLoop(bytes: Buffer, { fields }: RequestHead): boolean {
    let hops = 0;
    for (let i = 0; i < fields.count; i++) {
      if (fields.kind[i] === FIELD.VIA)
        hops += viaHops(bytes, fields.valueStart[i]!, fields.valueEnd[i]!, this.#name);
    }
    return hops > this.#hopsMax;
  }
}

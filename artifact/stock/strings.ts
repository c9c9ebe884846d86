/** The texts of a stock: each kept once, numbered as they come. */
import { EncodeError } from "../encode-error.ts";
import { hasControl } from "../text.ts";

/** Texts as an artifact has them: the bytes of all of them, and where each ends. */
export interface Texts {
  bytes: Uint8Array;
  ends: Uint32Array;
}

/** Text 0 is "". */
export class Strings {
  /**
   * An object, not a Map: of texts that were looked up before, in another artifact say, it finds the
   * number twice as fast.
   */
  readonly #ids: Record<string, number | undefined> = Object.create(null) as Record<string, number>;
  count = 1;
  /** Those that are not among the bytes yet. */
  #fresh: string[] = [];
  #bytes = new Uint8Array(1024);
  #ends = new Uint32Array(256);
  #settled = 1;
  /** The text asked for last: the rows of one file name it again and again. */
  #last = "";
  #lastId = 0;

  /** The number of a text: a known one, or the next. */
  id(text: string): number {
    if (text === "") return 0;
    if (text === this.#last) return this.#lastId;
    let id = this.#ids[text];
    if (id === undefined) {
      this.#ids[text] = id = this.count++;
      this.#fresh.push(text);
    }
    this.#last = text;
    this.#lastId = id;
    return id;
  }

  /**
   * All texts by number.
   *
   * @throws EncodeError for a text that an artifact does not take
   */
  texts(): Texts {
    const fresh = this.#fresh;
    // One text for all of them: it is looked at and written once.
    const all = fresh.join("");
    // oxlint-disable-next-line no-control-regex -- the range is the point: printable ASCII
    const isAscii = !/[^\x20-\x7e]/.test(all);
    if (!isAscii) fresh.forEach(check);
    this.#reserve(isAscii ? all.length : Buffer.byteLength(all));
    let end = this.#ends[this.#settled - 1]!;
    Buffer.from(this.#bytes.buffer).write(all, end, isAscii ? "latin1" : "utf8");
    for (const text of fresh) {
      end += isAscii ? text.length : Buffer.byteLength(text);
      this.#ends[this.#settled++] = end;
    }
    this.#fresh = [];
    return { bytes: this.#bytes.subarray(0, end), ends: this.#ends.subarray(0, this.count) };
  }

  /** Makes room for the texts that came, of so many bytes. */
  #reserve(bytes: number): void {
    const length = this.#ends[this.#settled - 1]! + bytes;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    if (this.count > this.#ends.length) {
      const larger = new Uint32Array(Math.max(this.count, this.#ends.length * 2));
      larger.set(this.#ends);
      this.#ends = larger;
    }
  }
}

function check(text: string): void {
  if (!hasControl(text) && text.isWellFormed()) return;
  const shown = JSON.stringify(text);
  throw new EncodeError(`text ${shown} holds a control character or half a surrogate pair`);
}

/**
 * Hash key: what of a request decides which backend it goes to, where the pool's algorithm hashes. The
 * hash is made from the bytes as they came. A request without the key goes by its client's address.
 */
import { keyHash } from "../../artifact/hash.ts";
import type { HashSource } from "../../artifact/model.ts";
import { equals, equalsFolded, FOLD, QUESTION } from "./bytes.ts";
import { clientAddress, type Trust } from "./client-address.ts";
import { findCookie, found } from "./cookies.ts";
import type { RequestHead } from "./request-head.ts";

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/** A request's path in normal form, and who sent it. */
export interface KeyedRequest {
  path: Buffer;
  pathStart: number;
  pathEnd: number;
  peer: string;
}

export class HashKey {
  readonly #by: HashSource;
  readonly #name: Buffer;

  /** @param key `name` is that of the header, cookie or query parameter */
  constructor(key: { by: HashSource; name: string }) {
    this.#by = key.by;
    this.#name = Buffer.from(key.name, "latin1");
    if (key.by === "header") this.#name.forEach((byte, at) => (this.#name[at] = FOLD[byte]!));
  }

  /** The hash of a request, 32 bits. `bytes` is what `head` was parsed from. */
  of(bytes: Buffer, head: RequestHead, request: KeyedRequest, trust: Trust): number {
    switch (this.#by) {
      case "path":
        return keyHash(request.path, request.pathStart, request.pathEnd);
      case "header":
        if (this.#findField(bytes, head)) return keyHash(bytes, found.start, found.end);
        break;
      case "cookie":
        if (findCookie(bytes, head.fields, this.#name) && found.end > found.start)
          return keyHash(bytes, found.start, found.end);
        break;
      case "query":
        if (this.#findParameter(bytes, head)) return keyHash(bytes, found.start, found.end);
        break;
      case "source-ip":
    }
    return addressHash(clientAddress(bytes, head, request.peer, trust));
  }

  /** The first field of the name that says anything. */
  #findField(bytes: Buffer, { fields }: RequestHead): boolean {
    for (let i = 0; i < fields.count; i++) {
      if (!equalsFolded(bytes, fields.nameStart[i]!, fields.nameEnd[i]!, this.#name)) continue;
      found.start = fields.valueStart[i]!;
      found.end = fields.valueEnd[i]!;
      if (found.end > found.start) return true;
    }
    return false;
  }

  /** The first parameter of the name that says anything; both as they stand, not decoded. */
  #findParameter(bytes: Buffer, { pathEnd, queryEnd }: RequestHead): boolean {
    let at = pathEnd;
    if (bytes[at] !== QUESTION) return false;
    while (at++ < queryEnd) {
      const start = at;
      let equal = -1;
      while (at < queryEnd && bytes[at] !== AMPERSAND) {
        if (equal === -1 && bytes[at] === EQUALS) equal = at;
        at++;
      }
      if (equal === -1 || equal + 1 === at) continue;
      if (!equals(bytes, start, equal, this.#name)) continue;
      found.start = equal + 1;
      found.end = at;
      return true;
    }
    return false;
  }
}

/** An address in text, zone and all. */
const scratch = Buffer.alloc(64);

/** The hash of a client by its address, 32 bits. */
export function addressHash(address: string): number {
  return keyHash(scratch, 0, scratch.write(address, 0, "latin1"));
}

/**
 * Access: who may ask what. A client on this machine may read, everybody else has to have the token.
 */
import { BlockList, isIPv6 } from "node:net";

import type { AdminToken } from "./token.ts";
import type { Asker } from "./channel.ts";
import type { WrongTokens } from "./wrong-tokens.ts";

/**
 * Which way a request came: through a worker, on an address or a socket of its own, or on the private
 * socket, whose folder only the process that started this one can enter.
 */
export type Door = "channel" | "address" | "socket" | "private";

/** How somebody was let in. */
export type Actor = "token" | "loopback" | "reader" | "socket";

export interface Question {
  door: Door;
  asker: Asker;
  /** It changes nothing. */
  isRead: boolean;
  authorization: string | undefined;
}

/** A refusal: its status, why, and after how many seconds it makes sense to try again. */
export interface Refusal {
  status: 401 | 429;
  error: string;
  retryAfter?: number;
}

export class Access {
  readonly #token: AdminToken;
  readonly #wrong: WrongTokens;
  #readers = new BlockList();

  constructor(token: AdminToken, wrong: WrongTokens) {
    this.#token = token;
    this.#wrong = wrong;
  }

  /** Networks that may read without a token from now on. */
  setReaders(networks: readonly string[]): void {
    this.#readers = new BlockList();
    for (const network of networks) {
      const [address, bits] = network.split("/") as [string, string];
      this.#readers.addSubnet(address, Number(bits), familyOf(address));
    }
  }

  judge({ door, asker, isRead, authorization }: Question): Actor | Refusal {
    if (door === "private") return "socket";
    if (authorization === undefined) {
      if (isRead && door === "socket") return "socket";
      if (isRead && isLocal(asker)) return "loopback";
      if (isRead && this.#isReader(asker)) return "reader";
      return { status: 401, error: "a token is needed: Authorization: Bearer TOKEN" };
    }
    const retryAfter = this.#wrong.waitOf(asker.peer);
    if (retryAfter > 0) return { status: 429, error: "too many wrong tokens", retryAfter };
    if (this.#token.accepts(authorization)) return "token";
    this.#wrong.add(asker.peer);
    return { status: 401, error: "the token is wrong" };
  }

  #isReader({ peer, isRelayed }: Asker): boolean {
    return !isRelayed && peer !== "" && this.#readers.check(peer, familyOf(peer));
  }
}

/**
 * A client on this machine that has asked this machine for it. A browser that was led here by a name of
 * somebody else's says that name; a proxy says that it is one.
 */
function isLocal({ peer, host, isRelayed }: Asker): boolean {
  return !isRelayed && isLoopback(peer) && (host === "localhost" || isLoopback(host));
}

function isLoopback(text: string): boolean {
  const address = text.startsWith("[") ? text.slice(1, -1) : text;
  if (/^127(?:\.[0-9]{1,3}){3}$/.test(address)) return true;
  return isIPv6(address) && LOOPBACK.check(address, "ipv6");
}

const LOOPBACK = new BlockList();
LOOPBACK.addAddress("::1", "ipv6");

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

/**
 * Networks: a list of CIDRs, and whether an address lies in one of them. The answer for an address is
 * remembered, as the same few ask again and again.
 */
import { BlockList, isIPv6 } from "node:net";

/** Addresses whose answer is remembered; more are looked up each time. */
const REMEMBERED_MAX = 10_000;

export class Networks {
  readonly #list = new BlockList();
  readonly #known = new Map<string, boolean>();

  /** Undefined where there is none: what that means is the caller's business. */
  static of(cidrs: readonly string[]): Networks | undefined {
    return cidrs.length > 0 ? new Networks(cidrs) : undefined;
  }

  private constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address, bits] = cidr.split("/") as [string, string?];
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /** @param address an IPv4 address not as an IPv6 one; a zone makes no difference */
  has(address: string): boolean {
    let has = this.#known.get(address);
    if (has === undefined) {
      const [plain = ""] = address.split("%", 1);
      has = this.#list.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
      if (this.#known.size < REMEMBERED_MAX) this.#known.set(address, has);
    }
    return has;
  }
}

/** The streams of a stock. */
import { EncodeError } from "../encode-error.ts";
import { PROXY_SENDS, type Stream, type StreamPolicy, STREAM_PROTOCOLS } from "../model.ts";
import type { Pools } from "./pools.ts";
import type { Stock } from "./stock.ts";

export class Streams {
  readonly #stock: Stock;
  readonly #pools: Pools;

  constructor(stock: Stock, pools: Pools) {
    this.#stock = stock;
    this.#pools = pools;
  }

  /**
   * The row of a stream: they are few, and each is put together anew.
   *
   * @throws EncodeError
   */
  row({ name, listen, protocol, pool, sni, policy, origin }: Stream): number {
    if (sni.some(({ names }) => names.length === 0)) {
      throw new EncodeError(`stream ${name} has a route without a name`);
    }
    const { rows } = this.#stock;
    const routes = sni.map((route) => ({
      names: this.#stock.words(route.names),
      pool: this.#pools.row(route.pool),
    }));
    return rows.streams.once({
      name: this.#stock.text(name),
      listen: this.#stock.text(listen),
      protocol: STREAM_PROTOCOLS.indexOf(protocol),
      pool: pool && this.#pools.row(pool),
      sni: rows.streamRoutes.list(routes),
      policy: this.#policy(policy),
      file: this.#stock.file(origin),
      position: this.#stock.position(origin),
    });
  }

  #policy({ proxyProtocol, allow, deny, ...numbers }: StreamPolicy): number {
    return this.#stock.rows.streamPolicies.once({
      ...numbers,
      proxyAccept: Number(proxyProtocol.accept),
      proxyTrusted: this.#stock.words(proxyProtocol.trusted),
      proxyTimeoutMs: proxyProtocol.timeoutMs,
      proxySend: PROXY_SENDS.indexOf(proxyProtocol.send),
      allow: this.#stock.words(allow),
      deny: this.#stock.words(deny),
    });
  }
}

/**
 * Encode: a model becomes the bytes of an artifact. The same model gives the same bytes, always.
 *
 * What it is given has been checked: two routes that cannot be told apart, or a text that does not
 * parse, is a mistake of the caller and throws.
 */
import { type Section, seal } from "./container.ts";
import { EncodeError } from "./encode-error.ts";
import { SECTIONS, strideOf } from "./layout.ts";
import type { Model } from "./model.ts";
import { Arrangement } from "./stock/arrangement.ts";
import { Hosts } from "./stock/hosts.ts";
import { Methods } from "./stock/methods.ts";
import { Policies } from "./stock/policies.ts";
import { Pools } from "./stock/pools.ts";
import { Predicates } from "./stock/predicates.ts";
import { Services } from "./stock/services.ts";
import { settingsRow } from "./stock/settings.ts";
import { edgeSlots, hostSlots } from "./stock/slots.ts";
import { Stock } from "./stock/stock.ts";
import { Streams } from "./stock/streams.ts";

export { EncodeError } from "./encode-error.ts";

/**
 * @param revision stamped into the trailer, outside the digest; "" stamps nothing
 * @throws EncodeError for a model that the compiler should have refused
 * @throws RangeError as `seal` does
 */
export function encode(model: Model, revision = ""): Uint8Array {
  return new Encoder().encode(model, revision);
}

/**
 * Encodes one model after another. Pools and services that are the same objects as before, and hosts that
 * have the same services, cost little; the bytes are those that `encode` gives.
 */
export class Encoder {
  readonly #methods = new Methods();
  #parts: Parts | undefined;

  /**
   * @param revision as for `encode`
   * @param spare as for `seal`
   * @throws EncodeError, RangeError likewise
   */
  encode(model: Model, revision = "", spare?: Uint8Array): Uint8Array {
    const methods = this.#methods.of(model.services);
    const parts = this.#parts?.stock.hasMethods(methods) ? this.#parts : partsFor(methods);
    // After an error nothing is kept of what was half made.
    this.#parts = undefined;
    const { sections, size } = arrange(model, parts);
    // What models of the past have left behind is thrown away when it is half of all.
    if (parts.stock.size <= 2 * size) this.#parts = parts;
    return seal(sections, revision, spare);
  }
}

interface Parts {
  stock: Stock;
  pools: Pools;
  services: Services;
  hosts: Hosts;
  streams: Streams;
  arrangement: Arrangement;
}

function partsFor(methods: ReadonlySet<string>): Parts {
  const stock = new Stock(methods);
  const policies = new Policies(stock);
  const pools = new Pools(stock, policies);
  const services = new Services(stock, policies, pools, new Predicates(stock));
  return {
    stock,
    pools,
    services,
    hosts: new Hosts(stock, services),
    streams: new Streams(stock, pools),
    arrangement: new Arrangement(stock),
  };
}

/** The sections of a model, and how many rows and texts they have. */
function arrange(
  model: Model,
  { stock, arrangement, ...parts }: Parts,
): { sections: Section[]; size: number } {
  const pools = parts.pools.rows(model.pools);
  const services = parts.services.rows(model.services);
  const hosts = parts.hosts.hosts(model.services, services);
  const streams = model.streams.map((stream) => parts.streams.row(stream));
  const settings = settingsRow(stock, model.settings, hosts);

  arrangement.clear();
  arrangement.take("settings", settings);
  arrangement.take("methods", 0, stock.rows.methods.count);
  for (const row of pools) arrangement.take("pools", row);
  for (const row of services) {
    arrangement.take("services", row);
    arrangement.take("routes", row);
  }
  for (const { row, nodes, candidates } of hosts) {
    arrangement.take("hosts", row);
    arrangement.take("nodes", nodes.first, nodes.count);
    arrangement.take("candidates", candidates.first, candidates.count);
  }
  for (const row of streams) arrangement.take("streams", row);

  const { sections: rows, texts, size } = arrangement.layOut();
  if (rows.pools.length > model.pools.length * strideOf("pools")) {
    throw new EncodeError("a pool that is used is not one of the model's");
  }
  rows.hostSlots = hostSlots(rows.hosts, texts);
  rows.edgeSlots = edgeSlots(rows.nodes, texts);
  const sections = SECTIONS.map((name) => {
    if (name === "strings") return { bytes: texts.bytes, rowBytes: 1 };
    const numbers = name === "stringEnds" ? texts.ends : rows[name];
    const rowBytes = name === "stringEnds" ? 4 : strideOf(name) * 4;
    return { bytes: bytesOf(numbers), rowBytes };
  });
  return { sections, size };
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

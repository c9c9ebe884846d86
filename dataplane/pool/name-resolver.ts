/**
 * Name resolver: asks DNS what a name leads to now. Whether and how often is asked is its caller's
 * business (name-directory.ts).
 *
 * Addresses come from the system's resolver, hosts file and search domains included, or from the name
 * servers of `BALTO_DNS_SERVERS`. SRV records always come from name servers, as the system has no
 * call for them.
 */
import { lookup as lookupCallback } from "node:dns";
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { promisify } from "node:util";

import type { AddressFamily } from "../../artifact/model.ts";
import { type Endpoint, endpointKey, hostKind } from "./endpoints.ts";
import { Turnstile } from "../turnstile.ts";

/** Endpoints of one name; an answer with more is cut. */
const ENDPOINTS_MAX = 1024;
/**
 * Calls of the system's resolver at a time. Each holds one of the process's four threads for files and
 * the like for as long as the name server takes.
 */
const SYSTEM_CALLS_MAX = 3;
/** Questions to name servers at a time. */
const QUESTIONS_MAX = 64;
/** For each try, of which there are two. */
const QUESTION_TIMEOUT_MS = 1_000;
const QUESTION_TRIES = 2;

/** Names that DNS says are not there, or without such an address: the other family is worth a question. */
const NOTHING = new Set(["ENODATA", "ENOTFOUND", "NODATA", "NOTFOUND"]);

const lookup = promisify(lookupCallback);

/** The name servers of `BALTO_DNS_SERVERS`: `ip` or `ip:port`, with commas between; a text is what is wrong. */
export function nameServers(env: NodeJS.ProcessEnv): string[] | string {
  const text = env["BALTO_DNS_SERVERS"] ?? "";
  const servers = text.split(",").map((server) => server.trim());
  if (text.trim() === "") return [];
  try {
    new Resolver().setServers(servers);
  } catch {
    return `BALTO_DNS_SERVERS: "${text}" is not ip or ip:port, with commas between`;
  }
  return servers;
}

export class NameResolver {
  readonly #resolver: Resolver;
  readonly #usesSystem: boolean;
  readonly #systemCalls = new Turnstile(SYSTEM_CALLS_MAX);
  readonly #questions = new Turnstile(QUESTIONS_MAX);

  /** @param servers name servers, `ip` or `ip:port`; none is those of the system */
  constructor(servers: readonly string[]) {
    this.#resolver = new Resolver({ timeout: QUESTION_TIMEOUT_MS, tries: QUESTION_TRIES });
    this.#usesSystem = servers.length === 0;
    if (servers.length > 0) this.#resolver.setServers(servers);
  }

  /**
   * Where a name leads, sorted.
   *
   * @param before the last answer: what a target of an SRV record had is used on where only the
   *   question for that target fails
   * @throws Error where there is no answer, or nothing in it
   */
  async resolve(
    host: string,
    family: AddressFamily,
    before: readonly Endpoint[],
  ): Promise<Endpoint[]> {
    const found =
      hostKind(host) === "service"
        ? await this.#service(host, family, before)
        : (await this.#addresses(host, family)).map((address) => ({ ...PLAIN, address }));
    const byKey = new Map(found.map((endpoint) => [endpointKey(endpoint), endpoint]));
    return [...byKey.keys()]
      .toSorted()
      .slice(0, ENDPOINTS_MAX)
      .map((key) => byKey.get(key)!);
  }

  /** RFC 2782: records, then the addresses of each target. */
  async #service(
    host: string,
    family: AddressFamily,
    before: readonly Endpoint[],
  ): Promise<Endpoint[]> {
    const records = await this.#questions.pass(() => this.#resolver.resolveSrv(host));
    // A target that is the root says that the service is not to be had here.
    const targets = records.filter(({ name }) => name !== "" && name !== ".");
    if (targets.length === 0) throw new Error("its SRV records name no target");
    const weights = targets.map(({ weight }) => weight);
    // Weight 0 is "hardly ever": 1 beside what the others have.
    const divisor = weights.includes(0) ? 1 : weights.reduce(greatestDivisor);
    let failure: unknown;
    const endpoints = await Promise.all(
      targets.slice(0, ENDPOINTS_MAX).map(async ({ name: target, port, priority, weight }) => {
        const record = { port, priority, target, weight: weight / divisor || 1 };
        try {
          const addresses = await this.#addresses(target, family);
          return addresses.map((address) => ({ ...record, address }));
        } catch (error) {
          failure = error;
          const known = before.filter((one) => one.target === target && one.port === port);
          return known.map(({ address }) => ({ ...record, address }));
        }
      }),
    );
    const all = endpoints.flat();
    if (all.length === 0) throw failure;
    return all;
  }

  /** Of one family: IPv4 where there is any, for `auto`. Never empty. */
  async #addresses(name: string, family: AddressFamily): Promise<string[]> {
    if (isIP(name) !== 0) return [name];
    if (this.#usesSystem) return this.#systemAddresses(name, family);
    if (family === "ipv6") return this.#ask(() => this.#resolver.resolve6(name));
    try {
      return await this.#ask(() => this.#resolver.resolve4(name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (family === "ipv4" || !NOTHING.has(code ?? "")) throw error;
      return this.#ask(() => this.#resolver.resolve6(name));
    }
  }

  async #systemAddresses(name: string, family: AddressFamily): Promise<string[]> {
    const wanted = family === "auto" ? 0 : family === "ipv4" ? 4 : 6;
    const found = await this.#systemCalls.pass(() =>
      lookup(name, { all: true, family: wanted, order: "ipv4first" }),
    );
    const first = found[0];
    if (first === undefined) throw new Error("it has no address");
    return found.filter((one) => one.family === first.family).map(({ address }) => address);
  }

  async #ask(question: () => Promise<string[]>): Promise<string[]> {
    const addresses = await this.#questions.pass(question);
    if (addresses.length === 0) throw new Error("it has no address");
    return addresses;
  }
}

const PLAIN = { port: 0, weight: 1, priority: 0, target: "" };

function greatestDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

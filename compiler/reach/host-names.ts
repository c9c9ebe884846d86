/**
 * Host names: for each domain of a tree a host that it, and no more specific one, takes.
 */
import { HOST_EXACT } from "../../artifact/layout.ts";
import { parseDomain } from "../../artifact/domain.ts";

/** The longest host that a request may have, in bytes. */
const HOST_BYTES_MAX = 255;
const CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_~".split("");

export class HostNames {
  readonly #domains: ReadonlySet<string>;

  constructor(domains: Iterable<string>) {
    this.#domains = new Set(domains);
  }

  /** A host for a domain; undefined where others take all that it could. */
  under(text: string): string | undefined {
    const domain = parseDomain(text);
    if (typeof domain === "string") return undefined;
    if (domain.kind === HOST_EXACT) return domain.name;
    const base = domain.name === "" ? "" : `.${domain.name}`;
    if (base === "" && this.#isFree("any.example", base)) return "any.example";
    const room = HOST_BYTES_MAX - base.length;
    // Of more labels than there are domains one is free, if there is room for so many.
    let tries = this.#domains.size + 2;
    for (const label of labels()) {
      if (label.length > room) continue;
      if (this.#isFree(label + base, base)) return label + base;
      if (--tries < 0) return undefined;
    }
    return undefined;
  }

  /** No exact domain is this host, and no wildcard longer than `base` covers it. */
  #isFree(host: string, base: string): boolean {
    if (this.#domains.has(host)) return false;
    for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      if (host.length - dot > base.length && this.#domains.has(`*${host.slice(dot)}`)) return false;
    }
    return true;
  }
}

/** `any`, then all labels of one character, of two, and of three. */
function* labels(): Generator<string> {
  yield "any";
  let before = [""];
  for (let length = 1; length <= 3; length++) {
    before = before.flatMap((label) => CHARACTERS.map((character) => label + character));
    yield* before;
  }
}

/**
 * Sticky: brings a client back to the backend it had before, by a signed cookie. The cookie is
 * `<tag>.<signature>`; the tag names a backend of the pool, the signature is HMAC-SHA-256 over pool and
 * tag, cut to 128 bits. Nobody can choose a backend who has not been given it.
 */
import { cryptoModule } from "../../artifact/crypto-module.ts";
import type { StickyPolicy } from "../../artifact/model.ts";
import { latin1 } from "./bytes.ts";
import { findCookie, found } from "./cookies.ts";
import type { RequestHead } from "./request-head.ts";

const SIGNATURE_BYTES = 16;
/** Of a cookie that is looked at. */
const VALUE_LENGTH_MAX = 256;
/** Cookies of the name that are looked at; browsers send two where paths differ. */
const COOKIES_MAX = 4;
/** Signatures that are remembered; pools seldom have more backends. */
const SIGNATURES_MAX = 10_000;

/** What is asked of a pool. */
export interface TaggedPool<B> {
  /** The tag of a backend; cookie-safe. */
  stickyTagOf(backend: B): string;
  /** The index of the backend with a tag; -1 where there is none. */
  backendOfTag(tag: string): number;
}

export class Sticky<B extends object> {
  /** The cookie's name. */
  readonly cookie: Buffer;
  readonly #policy: StickyPolicy;
  readonly #secret: string;
  readonly #scope: string;
  readonly #pool: TaggedPool<B>;
  readonly #signatures = new Map<string, string>();
  readonly #tags = new WeakMap<B, string>();

  /**
   * @param secret what the policy's reference became
   * @param scope the pool's key: another pool's cookies are worth nothing here
   */
  constructor(policy: StickyPolicy, secret: string, scope: string, pool: TaggedPool<B>) {
    this.cookie = Buffer.from(policy.cookie, "latin1");
    this.#policy = policy;
    this.#secret = secret;
    this.#scope = scope;
    this.#pool = pool;
  }

  /** The tag that a request's cookie proves; "" where it has none that is valid. */
  tagOf(bytes: Buffer, { fields }: RequestHead): string {
    for (let nth = 0; nth < COOKIES_MAX && findCookie(bytes, fields, this.cookie, nth); nth++) {
      if (found.end - found.start > VALUE_LENGTH_MAX) continue;
      const value = latin1(bytes, found.start, found.end);
      const dot = value.lastIndexOf(".");
      if (dot === -1) continue;
      const tag = value.slice(0, dot);
      // First, so that nobody can have signatures made for tags of his own.
      if (this.#pool.backendOfTag(tag) === -1) continue;
      if (isSame(value.slice(dot + 1), this.#signature(tag))) return tag;
    }
    return "";
  }

  /**
   * The field line that gives a client its cookie; "" where it has it already.
   *
   * @param tag what `tagOf` has given for the request
   */
  line(backend: B, tag: string, isTls: boolean): string {
    let own = this.#tags.get(backend);
    if (own === undefined) this.#tags.set(backend, (own = this.#pool.stickyTagOf(backend)));
    if (own === tag) return "";
    const { cookie, path, ttlMs, secure, sameSite } = this.#policy;
    const isSecure = secure === "auto" ? isTls : secure === "true";
    return (
      `Set-Cookie: ${cookie}=${own}.${this.#signature(own)}; Path=${path}` +
      (ttlMs > 0 ? `; Max-Age=${Math.ceil(ttlMs / 1000)}` : "") +
      `${isSecure ? "; Secure" : ""}; HttpOnly; SameSite=${SAME_SITE[sameSite]}\r\n`
    );
  }

  #signature(tag: string): string {
    let signature = this.#signatures.get(tag);
    if (signature === undefined) {
      signature = cryptoModule()
        .createHmac("sha256", this.#secret)
        .update(`balto sticky\n${this.#scope}\n${tag}`)
        .digest()
        .subarray(0, SIGNATURE_BYTES)
        .toString("base64url");
      if (this.#signatures.size >= SIGNATURES_MAX) this.#signatures.clear();
      this.#signatures.set(tag, signature);
    }
    return signature;
  }
}

const SAME_SITE: Record<StickyPolicy["sameSite"], string> = {
  lax: "Lax",
  strict: "Strict",
  none: "None",
};

/** Compares in a time that does not tell where the difference is. */
function isSame(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}

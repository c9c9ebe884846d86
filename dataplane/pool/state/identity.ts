/**
 * Identity: what a slot belongs to. The same identity has the same slot, in every thread and over any
 * number of reloads.
 */
import { finish, FNV_BASIS, FNV_PRIME } from "../../../artifact/hash.ts";

/**
 * Of a backend: its pool, its URL with references resolved, and where its host is a name with several
 * endpoints, which one. Of a pool: its key alone.
 */
export function identityOf(poolKey: string, url = "", endpoint = ""): string {
  // No key, URL or address has a line end.
  return `${poolKey}\n${url}\n${endpoint}`;
}

/** What a backend is called in logs and metrics. */
export function backendId(label: string, url: string, endpoint = ""): string {
  return endpoint === "" ? `${label}-${url}` : `${label}-${url} (${endpoint})`;
}

/** 64 bits that stand for an identity: two of a million share them once in forty million processes. */
export interface IdentityKey {
  low: number;
  high: number;
}

/** Signed 32-bit halves. */
export function keyOf(identity: string): IdentityKey {
  let one = FNV_BASIS;
  let other = 0x2545f491;
  for (let i = 0; i < identity.length; i++) {
    const unit = identity.charCodeAt(i);
    one = Math.imul(one ^ unit, FNV_PRIME);
    other = Math.imul(other ^ unit, 0x9e3779b1);
    other ^= other >>> 15;
  }
  return { low: finish(one, identity.length) | 0, high: finish(other, one) | 0 };
}

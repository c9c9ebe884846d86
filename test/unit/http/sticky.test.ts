/** Sticky: a cookie that names a backend, and cannot be made by who was not given it. */
import { expect, test } from "vitest";

import type { StickyPolicy } from "../../../artifact/model.ts";
import { Sticky } from "../../../dataplane/http/sticky.ts";
import { parsed } from "./heads.ts";

const POLICY: StickyPolicy = {
  cookie: "balto",
  secret: "${env:STICKY}",
  ttlMs: 0,
  path: "/",
  secure: "auto",
  sameSite: "lax",
};
const SECRET = "0123456789abcdef";

const backends = [{ name: "one" }, { name: "two" }];
const pool = {
  stickyTagOf: ({ name }: { name: string }) => `tag-${name}`,
  backendOfTag: (tag: string) => backends.findIndex(({ name }) => `tag-${name}` === tag),
};

const sticky = (policy: Partial<StickyPolicy> = {}, secret = SECRET, scope = "pool") =>
  new Sticky({ ...POLICY, ...policy }, secret, scope, pool);

function cookieOf(line: string): string {
  return /^Set-Cookie: (balto=[\w.-]+);/.exec(line)![1]!;
}

function tagOf(one: Sticky<object>, ...cookies: string[]): string {
  const { head, bytes } = parsed(cookies.map((cookie) => `Cookie: ${cookie}`));
  return one.tagOf(bytes, head);
}

test("a cookie that was given brings its backend back, also from another process", () => {
  const cookie = cookieOf(sticky().line(backends[1]!, "", false));
  expect(tagOf(sticky(), cookie)).toBe("tag-two");
  expect(tagOf(sticky(), `a=1; ${cookie}; b=2`)).toBe("tag-two");
  expect(tagOf(sticky(), "balto=nonsense", cookie)).toBe("tag-two");
});

test("a client that has its backend's cookie gets none, any other does", () => {
  const one = sticky();
  expect(one.line(backends[0]!, "tag-one", false)).toBe("");
  expect(one.line(backends[1]!, "tag-one", false)).toMatch(/^Set-Cookie: balto=tag-two\./);
});

test("what was not signed for this pool with this secret is worth nothing", () => {
  const cookie = cookieOf(sticky().line(backends[0]!, "", false));
  const [, signature] = cookie.split(".") as [string, string];
  const flipped = signature.slice(0, -2) + (signature.at(-2) === "A" ? "B" : "A") + "w";
  for (const forged of [
    "",
    "balto=",
    "balto=.",
    "balto=tag-one",
    "balto=tag-one.",
    `balto=tag-one.${flipped}`,
    `balto=tag-one.${signature}x`,
    `balto=tag-one.${signature.slice(0, -1)}`,
    `balto=tag-two.${signature}`,
    `balto=tag-three.${signature}`,
    `balto=${"x".repeat(5_000)}.${signature}`,
    cookie.replace("balto", "Balto"),
  ]) {
    expect(tagOf(sticky(), forged), forged).toBe("");
  }
  expect(tagOf(sticky({}, "another secret!!"), cookie)).toBe("");
  expect(tagOf(sticky({}, SECRET, "another pool"), cookie)).toBe("");
});

test("the signature has at least 96 bits", () => {
  const [, signature] = cookieOf(sticky().line(backends[0]!, "", false)).split(".");
  expect(Buffer.from(signature!, "base64url").length).toBeGreaterThanOrEqual(12);
});

test.each<[Partial<StickyPolicy>, boolean, string]>([
  [{}, false, "; Path=/; HttpOnly; SameSite=Lax"],
  [{}, true, "; Path=/; Secure; HttpOnly; SameSite=Lax"],
  [{ secure: "true" }, false, "; Path=/; Secure; HttpOnly; SameSite=Lax"],
  [{ secure: "false" }, true, "; Path=/; HttpOnly; SameSite=Lax"],
  [{ ttlMs: 90_500 }, false, "; Path=/; Max-Age=91; HttpOnly; SameSite=Lax"],
  [
    { path: "/app", sameSite: "none", secure: "true" },
    false,
    "; Path=/app; Secure; HttpOnly; SameSite=None",
  ],
  [{ sameSite: "strict" }, false, "; Path=/; HttpOnly; SameSite=Strict"],
])("with %j, over TLS %s, it is set with %s", (policy, isTls, expected) => {
  const line = sticky(policy).line(backends[0]!, "", isTls);
  expect(line.slice(line.indexOf(";"))).toBe(`${expected}\r\n`);
});

import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { Access, type Actor, type Door, type Refusal } from "../../../dataplane/admin/access.ts";
import type { Asker } from "../../../dataplane/admin/channel.ts";
import { NOT_OWN, OWN_ADMIN, OWN_PROBE, ownPathOf } from "../../../artifact/own-path.ts";
import { AdminToken } from "../../../dataplane/admin/token.ts";
import { WrongTokens } from "../../../dataplane/admin/wrong-tokens.ts";
import { Log } from "../../../dataplane/log.ts";

function silentLog(): Log {
  const log = new Log();
  log.setLevels([]);
  return log;
}

function access(now?: () => number): Access {
  const token = new AdminToken({ BALTO_ADMIN_TOKEN: "sesame" }, silentLog());
  return new Access(token, new WrongTokens(now));
}

interface Asked extends Partial<Asker> {
  door?: Door;
  isRead?: boolean;
  token?: string;
}

function judge(on: Access, { door, isRead, token, ...asker }: Asked): Actor | Refusal {
  return on.judge({
    door: door ?? "channel",
    asker: { peer: "127.0.0.1", host: "localhost", isTls: false, isRelayed: false, ...asker },
    isRead: isRead ?? true,
    authorization: token === undefined ? undefined : `Bearer ${token}`,
  });
}

test.each<[string, Asked, Actor | number]>([
  ["a reading on this machine", {}, "loopback"],
  ["the same by address", { host: "127.0.0.1" }, "loopback"],
  ["another address of the loopback", { peer: "127.8.0.1", host: "127.0.0.1" }, "loopback"],
  ["IPv6", { peer: "::1", host: "[::1]" }, "loopback"],
  ["IPv6 in full", { peer: "::1", host: "[0:0:0:0:0:0:0:1]" }, "loopback"],
  ["a page that was led here by its name", { host: "evil.test" }, 401],
  ["a name that begins like an address", { host: "127.0.0.1.evil.test" }, 401],
  ["a name that ends like one", { host: "localhost.evil.test" }, 401],
  ["no host", { host: "" }, 401],
  ["a proxy on this machine", { isRelayed: true }, 401],
  ["another machine", { peer: "192.0.2.1" }, 401],
  ["nobody knows who", { peer: "" }, 401],
  ["a write on this machine", { isRead: false }, 401],
  ["a write with the token", { isRead: false, token: "sesame" }, "token"],
  ["another machine with the token", { peer: "192.0.2.1", token: "sesame" }, "token"],
  ["a wrong token, even on this machine", { token: "sesam" }, 401],
  ["a longer token", { token: "sesame1" }, 401],
  ["no token behind Bearer", { token: "" }, 401],
  ["a reader", { peer: "10.1.2.3", host: "balto:5500" }, "reader"],
  ["a reader behind a proxy", { peer: "10.1.2.3", isRelayed: true }, 401],
  ["a reader that writes", { peer: "10.1.2.3", isRead: false }, 401],
  ["a reading on a socket", { door: "socket", peer: "" }, "socket"],
  ["a write on a socket", { door: "socket", peer: "", isRead: false }, 401],
  ["a write on the private socket", { door: "private", peer: "", isRead: false }, "socket"],
])("%s", (_, asked, expected) => {
  const on = access();
  on.setReaders(["10.1.0.0/16", "fd00::/8"]);
  const verdict = judge(on, asked);
  expect(typeof verdict === "string" ? verdict : verdict.status).toBe(expected);
});

test("who tries wrong tokens again and again has to wait, and nobody else", () => {
  let now = 0;
  const on = access(() => now);
  for (let n = 0; n < 30; n++) expect(judge(on, { token: "wrong" })).toMatchObject({ status: 401 });
  expect(judge(on, { token: "wrong" })).toMatchObject({ status: 429, retryAfter: 60 });
  expect(judge(on, { token: "sesame" })).toMatchObject({ status: 429 });
  expect(judge(on, { peer: "192.0.2.1", token: "sesame" })).toBe("token");
  expect(judge(on, {})).toBe("loopback");
  now = 59_500;
  expect(judge(on, { token: "sesame" })).toMatchObject({ status: 429, retryAfter: 1 });
  now = 60_001;
  expect(judge(on, { token: "sesame" })).toBe("token");
});

test("all addresses of an IPv6 network are one client", () => {
  const on = access(() => 0);
  for (let n = 0; n < 30; n++) judge(on, { peer: `2001:db8::${n + 1}`, token: "wrong" });
  expect(judge(on, { peer: "2001:db8::ffff", token: "sesame" })).toMatchObject({ status: 429 });
  expect(judge(on, { peer: "2001:db8:0:1::1", token: "sesame" })).toBe("token");
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "balto-token-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("a token is made once, in a file of its own", () => {
  const state = folder();
  const first = new AdminToken({ XDG_STATE_HOME: state }, silentLog());
  const file = join(state, "balto/admin.token");
  expect(first.file).toBe(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(state, "balto")).mode & 0o777).toBe(0o700);
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(/^[0-9a-f]{64}\n$/);
  expect(first.accepts(`Bearer ${text.trim()}`)).toBe(true);
  const second = new AdminToken({ XDG_STATE_HOME: state }, silentLog());
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(second.accepts(`bearer  ${text.trim()} `)).toBe(true);
  expect(second.accepts(text.trim())).toBe(false);
  expect(second.accepts(undefined)).toBe(false);
});

test("the environment names the token, or its file, before any other", () => {
  const state = folder();
  const file = join(state, "given");
  writeFileSync(file, "from-a-file\n", { mode: 0o600 });
  const env = { BALTO_ADMIN_TOKEN_FILE: file, XDG_STATE_HOME: state };
  const fromFile = new AdminToken(env, silentLog());
  expect(fromFile.accepts("Bearer from-a-file")).toBe(true);
  const given = new AdminToken({ ...env, BALTO_ADMIN_TOKEN: "given" }, silentLog());
  expect(given.file).toBeUndefined();
  expect(given.accepts("Bearer given")).toBe(true);
  expect(given.accepts("Bearer from-a-file")).toBe(false);
});

test("a file that anybody may write is nobody's token", () => {
  const state = folder();
  const file = join(state, "given");
  writeFileSync(file, "known-to-all\n");
  chmodSync(file, 0o666);
  const token = new AdminToken({ BALTO_ADMIN_TOKEN_FILE: file }, silentLog());
  expect(token.exists).toBe(false);
  expect(token.accepts("Bearer known-to-all")).toBe(false);
});

test("where no file can be made there is no token", () => {
  const state = folder();
  writeFileSync(join(state, "balto"), "a file where a folder should be");
  const token = new AdminToken({ XDG_STATE_HOME: state }, silentLog());
  expect(token.exists).toBe(false);
  expect(token.accepts("Bearer ")).toBe(false);
});

test.each([
  ["/health", OWN_PROBE],
  ["/livez", OWN_PROBE],
  ["/balto/metrics", OWN_ADMIN],
  ["/balto/services", OWN_ADMIN],
  ["/balto/services/a-%2Fb", OWN_ADMIN],
  ["/balto/backends/a-http:%2F%2Fb:1/drain", OWN_ADMIN],
  ["/healthz", NOT_OWN],
  ["/health/", NOT_OWN],
  ["/balto", NOT_OWN],
  ["/balto/", NOT_OWN],
  ["/balto/mine", NOT_OWN],
  ["/balto/metrics/more", NOT_OWN],
  ["/balto/services/", NOT_OWN],
  ["/balto/services/a/b", NOT_OWN],
  ["/baltometrics", NOT_OWN],
  ["/", NOT_OWN],
  ["/b", NOT_OWN],
  ["/h", NOT_OWN],
])("%s is Balto's own where it should be", (path, expected) => {
  const bytes = Buffer.from(`GET ${path} HTTP/1.1`);
  expect(ownPathOf(bytes, 4, 4 + path.length)).toBe(expected);
});

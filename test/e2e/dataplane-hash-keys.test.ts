// What a request is hashed by, over the wire: the same key goes to the same backend, from any worker.

import { expect, test } from "vitest";

import type { HashSource } from "../../artifact/model.ts";
import { serving } from "../harness/artifact.ts";
import { ask } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";

async function hashing(
  by: HashSource,
  name: string,
  settings: Parameters<typeof serving>[1] = {},
): Promise<DataPlane> {
  const origins = await Promise.all(
    Array.from({ length: 5 }, (_, n) => startOrigin((response) => void response.end(String(n)))),
  );
  const policy = { algorithm: "consistent-hash" as const, hash: { by, name } };
  return start(serving({ to: origins, policy }, settings), { workers: 2 });
}

/** The backends of some requests, each asked for several times; each must have one. */
async function backends(
  balto: DataPlane,
  requests: readonly (readonly [line: string, ...fields: string[]])[],
): Promise<string[]> {
  const all: string[] = [];
  for (const [line, ...fields] of requests) {
    const texts = new Set<string>();
    for (let n = 0; n < 4; n++) texts.add((await ask(balto.port, line, fields)).text);
    expect(texts.size, `${line} ${fields.join()}`).toBe(1);
    all.push(...texts);
  }
  return all;
}

const keys = Array.from({ length: 20 }, (_, n) => `key-${n * 7}`);

test.each<[HashSource, string, (key: string) => [string, ...string[]]]>([
  ["header", "X-User", (key) => ["GET /", `x-user: ${key}`]],
  ["cookie", "sid", (key) => ["GET /", `Cookie: a=b; sid=${key}`]],
  ["query", "id", (key) => [`GET /?a=b&id=${key}`]],
  ["path", "", (key) => [`GET /${key}?x=${Math.random()}`]],
])("by %s %s: keys spread over the backends, each has one", async (by, name, request) => {
  const balto = await hashing(by, name);
  const found = await backends(balto, keys.map(request));
  // That one of the five gets none of twenty is no wonder.
  expect(new Set(found).size).toBeGreaterThan(2);
});

test("a path is hashed as it was matched, however it was written", async () => {
  const balto = await hashing("path", "");
  const lines = [
    "GET /users/anna",
    "GET /users/./anna",
    "GET /users/%61nna",
    "GET /x/../users/anna",
  ];
  const found = await backends(
    balto,
    lines.map((line) => [line] as const),
  );
  expect(new Set(found).size).toBe(1);
});

test("by address: what a trusted proxy says, and nobody else", async () => {
  const clients = keys.map((_, n) => `X-Forwarded-For: 198.51.100.${n}`);
  const trusting = await hashing("source-ip", "", { trustedProxies: ["127.0.0.0/8"] });
  const found = await backends(
    trusting,
    clients.map((field) => ["GET /", field] as const),
  );
  expect(new Set(found).size).toBeGreaterThan(2);
  const doubting = await hashing("source-ip", "");
  const same = await backends(
    doubting,
    clients.map((field) => ["GET /", field] as const),
  );
  expect(new Set(same).size).toBe(1);
});

test("a request without its key goes by its address", async () => {
  const balto = await hashing("header", "X-User", { trustedProxies: ["127.0.0.0/8"] });
  const lines = keys.map((_, n) => ["GET /", `X-Forwarded-For: 198.51.100.${n}`] as const);
  expect(new Set(await backends(balto, lines)).size).toBeGreaterThan(2);
});

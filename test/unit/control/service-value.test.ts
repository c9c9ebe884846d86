// Services as clients send them, and what of it is written.

import { expect, it } from "vitest";

import { addressOf } from "../../../control/service/catalog.ts";
import { newFileOf } from "../../../control/service/file-name.ts";
import {
  domainsOf,
  inWordsOf,
  mergePatch,
  shortPorts,
  valueFrom,
} from "../../../control/service/service-value.ts";

it("ignores what the API itself adds to a service", () => {
  const sent = {
    id: "x",
    domain: "a.example.com",
    path_prefix: "/",
    ports: ["8081"],
    created_at: "2025-01-14T10:30:00Z",
    updated_at: "2025-01-14T10:30:00Z",
  };
  expect(valueFrom(sent)).toEqual({ domain: "a.example.com", path_prefix: "/", ports: ["8081"] });
});

it("takes back what it gave: domain and ports beside domains and backends", () => {
  const sent = {
    domain: "a.example.com",
    domains: ["b.example.com", "A.example.com"],
    path_prefix: "/",
    ports: ["10.0.0.7:8080", "https://c/base"],
    backends: [{ url: "http://10.0.0.7:8080", weight: 2 }, { url: "https://c/base" }],
  };
  const { domain: _domain, ports: _ports, ...rest } = sent;
  expect(valueFrom(sent)).toEqual(rest);
  // Where they say something else, it is for the compiler to say that both are too much.
  expect(valueFrom({ ...sent, domain: "z.example.com" })).toHaveProperty("domain");
  expect(valueFrom({ ...sent, ports: ["1"] })).toHaveProperty("ports");
});

it("puts keys in their usual order", () => {
  const keys = Object.keys(
    valueFrom({ zzz: 1, timeouts: {}, ports: [1], path_prefix: "/", domain: "a", name: "n" }),
  );
  expect(keys).toEqual(["name", "domain", "path_prefix", "ports", "timeouts", "zzz"]);
});

it("knows one port and one host in several spellings", () => {
  const old = { domain: "API.example.com", path_prefix: "/", ports: [8081, "8082", "h:1"] };
  const next = {
    domain: "api.example.com",
    path_prefix: "/",
    ports: ["8081", "8082", "8083", "h:2"],
  };
  expect(inWordsOf(old, next)).toEqual({
    domain: "API.example.com",
    path_prefix: "/",
    ports: [8081, "8082", 8083, "h:2"],
  });
  expect(inWordsOf({ ports: ["8081"] }, { ports: ["8082"] })).toEqual({ ports: ["8082"] });
});

it("merges as RFC 7396 says", () => {
  expect(mergePatch({ a: "b" }, { a: "c" })).toEqual({ a: "c" });
  expect(mergePatch({ a: "b", b: "c" }, { a: null })).toEqual({ b: "c" });
  expect(mergePatch({ a: ["b"] }, { a: "c" })).toEqual({ a: "c" });
  expect(mergePatch({ a: { b: "c" } }, { a: { b: "d", c: null } })).toEqual({ a: { b: "d" } });
  expect(mergePatch({ a: [{ b: "c" }] }, { a: [1] })).toEqual({ a: [1] });
  expect(mergePatch({ e: null }, { a: 1 })).toEqual({ e: null, a: 1 });
  expect(mergePatch({}, { a: { bb: { ccc: null } } })).toEqual({ a: { bb: {} } });
  expect(mergePatch("foo", { a: "b" })).toEqual({ a: "b" });
});

it("shows every backend in short form", () => {
  expect(shortPorts({ ports: [8081, "h:1"] })).toEqual(["8081", "h:1"]);
  expect(shortPorts({ backends: [{ url: "http://h:1" }, { url: "http://h:1/x" }, "no"] })).toEqual([
    "h:1",
    "http://h:1/x",
  ]);
});

it("gives ids by the first domain in order, the path, and the methods", () => {
  const id = (value: Parameters<typeof addressOf>[0]): string | undefined => addressOf(value)?.id;
  const plain = id({ domain: "a.example.com", path_prefix: "/" });
  // printf 'a.example.com:/' | sha256sum
  expect(plain).toBe("9ecc1e73de1bc94bd91fc009dfd04d919b7fa927c3286c2e68e715b2f3d6782a");
  expect(id({ domains: ["b.example.com", "A.example.com"], path_prefix: "/" })).toBe(plain);
  const both = id({ domain: "a.example.com", path_prefix: "/", methods: ["POST", "GET"] });
  expect(both).not.toBe(plain);
  expect(both).toBe(id({ domain: "a.example.com", path_prefix: "/", methods: ["GET", "POST"] }));
  expect(id({ domain: "a b", path_prefix: "/" })).toBeUndefined();
  expect(id({ domain: "a.example.com" })).toBeUndefined();
  expect(domainsOf({ domain: "../x" })).toEqual([]);
});

it("names files by letters, digits and dashes, whatever it is given", () => {
  const file = (value: Parameters<typeof newFileOf>[0]): string => newFileOf(value, () => false);
  expect(file({ domain: "api.example.com", path_prefix: "/api/v1/*" })).toBe(
    "services/api-example-com-api-v1.yaml",
  );
  for (const name of [
    "../../etc/passwd",
    "..",
    ".",
    "/etc/passwd",
    "C:\\x",
    "a\0b",
    "\u202egnp.exe",
    "ａｄｍｉｎ",
    "x".repeat(5000),
    "...",
    "-rf",
    "CON",
  ]) {
    expect(file({ name })).toMatch(/^services\/[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?\.yaml$/);
  }
  const taken = new Set(["services/a.yaml", "services/a-2.yaml"]);
  expect(newFileOf({ name: "a" }, (path) => taken.has(path))).toBe("services/a-3.yaml");
});

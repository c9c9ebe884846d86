import { expect, it } from "vitest";
import { nearest } from "../../compiler/nearest.ts";
import { parseDuration } from "../../compiler/resolve/duration.ts";
import { parseNetwork } from "../../compiler/resolve/network.ts";
import { parseSize } from "../../compiler/resolve/size.ts";

it.each([
  ["500ms", 500],
  ["5s", 5_000],
  ["1m30s", 90_000],
  ["1h1m1s1ms", 3_661_001],
  ["0s", 0],
  ["5", undefined],
  ["5 s", undefined],
  ["1.5s", undefined],
  ["-1s", undefined],
  ["1s1s1s1s1s", undefined],
  ["", undefined],
])("reads the duration %j as %s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each([
  ["0B", 0],
  ["512B", 512],
  ["16KiB", 16_384],
  ["10MiB", 10_485_760],
  ["5GiB", 5_368_709_120],
  ["16", undefined],
  ["16KB", undefined],
  ["16kib", undefined],
  ["16 KiB", undefined],
  ["1.5MiB", undefined],
  ["-1B", undefined],
  ["KiB", undefined],
  ["1KiB1B", undefined],
  ["", undefined],
])("reads the size %j as %s", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each([
  ["10.0.0.7", "10.0.0.7/32"],
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["::1", "::1/128"],
  ["FD00:0:0::/8", "fd00::/8"],
  ["2001:db8:0:0:1::/80", "2001:db8:0:0:1::/80"],
  ["::ffff:10.0.0.1", "::ffff:a00:1/128"],
])("reads the network %s as %s", (text, network) => {
  expect(parseNetwork(text)).toBe(network);
});

it.each([
  "",
  "10.0.0",
  "10.0.0.256",
  "010.0.0.1",
  "10.0.0.1/8",
  "10.0.0.0/33",
  "::/129",
  "::1/-1",
  "fe80::1%eth0",
  "10.0.0.0/8/8",
  "a.b",
  "10.0.0.0/08",
])("refuses the network %j", (text) => {
  expect(parseNetwork(text)).toMatchObject({ reason: expect.any(String) as string });
});

it.each([
  ["path_prefx", "path_prefix"],
  ["pathPrefix", "path_prefix"],
  ["prots", "ports"],
  ["warning", "warn"],
  ["colour", undefined],
  ["", undefined],
])("takes %j for %s", (word, meant) => {
  expect(nearest(word, ["ports", "path_prefix", "warn", "name"])).toBe(meant);
});

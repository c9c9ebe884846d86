// Stream invariants: what holds of the readers of PROXY headers and ClientHellos whatever bytes they get.

import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";

import { readClientHello } from "../../dataplane/stream/client-hello.ts";
import {
  INCOMPLETE,
  MALFORMED,
  ProxyHeaderReader,
} from "../../dataplane/stream/proxy-header-reader.ts";
import { writeV1, writeV2 } from "../../dataplane/stream/proxy-header-writer.ts";
import type { Random } from "./random.ts";

/** What of streams is fuzzed. */
export type StreamTarget = "proxy-header" | "client-hello";

const reader = new ProxyHeaderReader();

/** A header has one reading, wherever it lies and in however many pieces it comes. */
export function checkProxyHeader(input: Buffer, random: Random): void {
  const read = (bytes: Buffer, start = 0, end = bytes.length) => {
    const result = reader.read(bytes, start, end);
    return { result, said: result > 0 ? { ...reader.addresses } : undefined };
  };
  const bytes = Buffer.from(input);
  const whole = read(bytes);
  assert.ok(bytes.equals(input), "the reader wrote into its input");
  assert.ok(whole.result >= MALFORMED && whole.result <= input.length, `${whole.result}`);
  const before = random.below(9);
  const around = Buffer.concat([Buffer.alloc(before, "\r\n"), input, Buffer.from("PROXY\r\n")]);
  assert.deepEqual(
    read(around, before, before + input.length),
    whole,
    "it reads what is not its own",
  );
  for (const end of ends(input.length, random)) {
    const part = read(bytes, 0, end);
    if (part.result === INCOMPLETE) {
      assert.ok(whole.result <= 0 || end < whole.result, `more wanted after all of it: ${end}`);
    } else {
      assert.deepEqual(part, whole, `another reading after ${end} bytes`);
    }
  }
  const { said } = whole;
  if (said === undefined || said.source === "") return;
  const isAddress = isIPv4(said.source) ? isIPv4 : isIPv6;
  assert.ok(isAddress(said.source) && isAddress(said.destination), JSON.stringify(said));
  for (const port of [said.sourcePort, said.destinationPort]) {
    assert.ok(Number.isInteger(port) && port >= 0 && port <= 65_535, `${port}`);
  }
  for (const written of [writeV1(said), writeV2(said, 1)]) {
    const again = read(written);
    assert.equal(again.result, written.length);
    assert.deepEqual(canonical(again.said!), canonical(said));
  }
}

/** As the URL parser writes addresses: they may be written in several ways. */
function canonical<T extends { source: string; destination: string }>(said: T): T {
  const plain = (address: string): string =>
    isIPv4(address) ? address : new URL(`http://[${address}]/`).hostname;
  return { ...said, source: plain(said.source), destination: plain(said.destination) };
}

/** The same of a ClientHello; its name is one that can be looked up. */
export function checkClientHello(input: Buffer, random: Random): void {
  const bytes = Buffer.from(input);
  const whole = readClientHello(bytes);
  assert.ok(bytes.equals(input), "the reader wrote into its input");
  const before = random.below(9);
  const around = Buffer.concat([Buffer.alloc(before, 22), input, Buffer.alloc(9, 22)]);
  const moved = readClientHello(around.subarray(before, before + input.length));
  assert.deepEqual(moved, whole, "it reads what is not its own");
  for (const end of ends(input.length, random)) {
    const part = readClientHello(bytes.subarray(0, end));
    if (part.state !== "incomplete") assert.deepEqual(part, whole, `after ${end} bytes`);
  }
  if (whole.state !== "complete") return;
  assert.ok(/^[a-z0-9_.-]{0,255}$/.test(whole.name) && !whole.name.endsWith("."), whole.name);
  for (const protocol of whole.protocols) assert.ok(protocol !== "" && protocol.length < 256);
}

/** Every end of a short input, a sample of a long one's. */
function ends(length: number, random: Random): number[] {
  if (length <= 120) return Array.from({ length }, (_, at) => at);
  return Array.from({ length: 60 }, () => random.below(length));
}

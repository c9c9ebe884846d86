// What Balto takes for a PROXY header or a ClientHello HAProxy takes, too, and reads the same of it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { readClientHello } from "../../dataplane/stream/client-hello.ts";
import { ProxyHeaderReader } from "../../dataplane/stream/proxy-header-reader.ts";
import { corpusOf } from "../fuzz/corpus.ts";
import { mutated } from "../fuzz/grammar.ts";
import { Random } from "../fuzz/random.ts";
import { clientHello, proxyHeader } from "../fuzz/stream-grammar.ts";
import { temporaryFolder } from "../harness/artifact.ts";
import { hasProgram } from "../harness/nginx.ts";
import { type RawOrigin, startRawOrigin } from "../harness/raw-origin.ts";
import { connectTo, readBytes, startProgram } from "../harness/stream.ts";
import { seed } from "../property/seed.ts";

const INPUTS = 150;
const END = "the end\n";

/** HAProxy with a front of one's own; resolves with its port. */
async function startHaproxy(lines: (port: number) => readonly string[]): Promise<number> {
  const file = join(temporaryFolder(), "haproxy.cfg");
  const { port } = await startProgram("haproxy", (at) => {
    const timeouts = ["connect", "client", "server"].map((name) => `  timeout ${name} 20s`);
    writeFileSync(file, ["defaults", "  mode tcp", ...timeouts, ...lines(at), ""].join("\n"));
    return ["-db", "-f", file];
  });
  return port;
}

/** Inputs that Balto takes, in the words of `take`. */
function taken<T>(
  target: "proxy-header" | "client-hello",
  generate: (random: Random) => Buffer,
  take: (bytes: Buffer) => T | undefined,
): { bytes: Buffer; as: T }[] {
  const random = new Random(seed);
  const corpus = corpusOf(target).map(({ bytes }) => bytes);
  const found: { bytes: Buffer; as: T }[] = [];
  const inputs = [...corpus];
  for (let n = 0; found.length < INPUTS && n < 20_000; n++) {
    const bytes =
      inputs.shift() ??
      (random.chance(0.5)
        ? mutated(random, random.pick(corpus), random.pick(corpus))
        : generate(random));
    const as = take(bytes);
    if (as !== undefined) found.push({ bytes, as });
  }
  return found;
}

test.skipIf(!hasProgram("haproxy"))("PROXY headers", async () => {
  const reader = new ProxyHeaderReader();
  const inputs = taken("proxy-header", proxyHeader, (bytes) => {
    const length = reader.read(bytes, 0, bytes.length);
    if (isHaproxysOwn(bytes)) return undefined;
    return length > 0 ? { ...reader.addresses, length } : undefined;
  });
  expect(inputs.length).toBe(INPUTS);
  const origin = await startRawOrigin();
  const port = await startHaproxy((at) => [
    "listen in",
    `  bind 127.0.0.1:${at} accept-proxy`,
    `  server origin 127.0.0.1:${origin.port} send-proxy`,
  ]);
  for (const [n, { bytes, as }] of inputs.entries()) {
    const client = await connectTo(port);
    await client.send(bytes, END);
    const what = `${bytes.toString("latin1")} (seed ${seed}, input ${n})`;
    const got = await untilEnd(origin, n, client.rest()).catch((error: unknown) => {
      throw new Error(`HAProxy refuses ${JSON.stringify(what)}: ${String(error)}`);
    });
    client.close();
    const [line, rest] = [got.slice(0, got.indexOf("\r\n")), got.slice(got.indexOf("\r\n") + 2)];
    expect(rest, what).toBe(bytes.toString("latin1", as.length) + END);
    if (as.source === "") continue;
    const [, , source, destination, from, to] = line.split(" ");
    expect(
      [source, destination].map((address) => plain(address!)),
      what,
    ).toEqual([as.source, as.destination].map(plain));
    expect([from, to].map(Number), what).toEqual([as.sourcePort, as.destinationPort]);
  }
});

test.skipIf(!hasProgram("haproxy"))("server names of ClientHellos", async () => {
  const names = ["a.test", "shop.example.com", "xn--bcher-kva.example", "a.example.com"];
  // HAProxy reads a ClientHello where it is in one record.
  const inputs = taken("client-hello", clientHello, (bytes) => {
    const hello = readClientHello(bytes);
    if (hello.state !== "complete" || !names.includes(hello.name)) return undefined;
    return bytes.length >= 9 && bytes.readUInt16BE(3) >= 4 + bytes.readUIntBE(6, 3)
      ? hello.name
      : undefined;
  });
  expect(inputs.length).toBeGreaterThan(INPUTS / 3);
  const origins = new Map<string, RawOrigin>();
  for (const name of ["other", ...names]) origins.set(name, await startRawOrigin());
  const port = await startHaproxy((at) => [
    "frontend in",
    `  bind 127.0.0.1:${at}`,
    "  tcp-request inspect-delay 5s",
    "  tcp-request content accept if { req.ssl_hello_type 1 }",
    ...names.map((name) => `  use_backend ${name} if { req.ssl_sni -i ${name} ${name}. }`),
    "  default_backend other",
    ...[...origins].flatMap(([name, origin]) => [
      `backend ${name}`,
      `  server origin 127.0.0.1:${origin.port}`,
    ]),
  ]);
  const counts = new Map<string, number>();
  for (const [n, { bytes, as: name }] of inputs.entries()) {
    const what = `${bytes.toString("hex")} (seed ${seed}, input ${n})`;
    const client = await connectTo(port);
    await client.send(bytes, END);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const got = await untilEnd(origins.get(name)!, count, client.rest()).catch((error: unknown) => {
      throw new Error(`HAProxy does not take ${what} to ${name}: ${String(error)}`);
    });
    client.close();
    expect(got).toBe(bytes.toString("latin1") + END);
  }
});

/** What has come at the origin's connection number `index`, up to the end mark. */
async function untilEnd(
  origin: RawOrigin,
  index: number,
  refused: Promise<unknown>,
): Promise<string> {
  const come = async (): Promise<string> => {
    const peer = await origin.peer(index);
    let text = "";
    while (!text.endsWith(END)) text += (await readBytes(peer, 1)).toString("latin1");
    return text;
  };
  return Promise.race([
    come(),
    refused.then(() => {
      throw new Error("the connection is closed");
    }),
  ]);
}

/**
 * Where HAProxy refuses what the specification says to take as the peer's own connection: addresses behind
 * UNKNOWN (section 2.1), and families that are none of TCP (section 2.2).
 */
function isHaproxysOwn(header: Buffer): boolean {
  if (header.toString("latin1", 0, 14) === "PROXY UNKNOWN ") return true;
  return header[0] === 0x0d && header[12] === 0x21 && header[13] !== 0x11 && header[13] !== 0x21;
}

/** One way to write an address. */
function plain(address: string): string {
  return address.includes(":") ? new URL(`http://[${address}]/`).hostname : address;
}

// Stream grammar: headers of the PROXY protocol and ClientHellos, mostly right.

import { crc32c } from "../../dataplane/stream/crc32c.ts";
import { V2_SIGNATURE } from "../../dataplane/stream/proxy-header-reader.ts";
import type { Random } from "./random.ts";

const IPV4 = ["192.0.2.1", "127.0.0.1", "255.255.255.255", "0.0.0.0"];
const IPV6 = ["2001:db8::1", "::1", "::", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8"];
const ODD_ADDRESSES = ["", "192.0.2", "192.0.02.1", "fe80::1%eth0", "[::1]", "1.2.3.4.5", "::g"];
const PORTS = ["0", "1", "443", "65535"];
const ODD_PORTS = ["", "65536", "-1", "01", "+1", "4e2", "99999999999"];

/** A header of either version, and maybe something behind it. */
export function proxyHeader(random: Random): Buffer {
  const header = random.chance(0.5) ? v1(random) : v2(random);
  return random.chance(0.3) ? Buffer.concat([header, Buffer.from("GET / HTTP/1.1\r\n")]) : header;
}

function v1(random: Random): Buffer {
  const family = random.mostly(["TCP4", "TCP6"], ["UNKNOWN", "UDP4", "tcp4", "TCP", ""]);
  const addresses = family === "TCP6" ? IPV6 : IPV4;
  const words = [
    random.mostly(["PROXY"], ["proxy", "PROXY ", "PROX"]),
    family,
    random.mostly(addresses, ODD_ADDRESSES),
    random.mostly(addresses, [...ODD_ADDRESSES, ...IPV6, ...IPV4]),
    random.mostly(PORTS, ODD_PORTS),
    random.mostly(PORTS, ODD_PORTS),
  ];
  const line = words.join(random.mostly([" "], ["  ", "\t", ""], 0.02));
  return Buffer.from(line + random.mostly(["\r\n"], ["\n", "\r", "", "\r\r\n", " \r\n"]), "latin1");
}

function v2(random: Random): Buffer {
  const [family, size] = random.mostly<[number, number]>(
    [
      [0x11, 12],
      [0x21, 36],
    ],
    [
      [0x00, 0],
      [0x12, 12],
      [0x31, 216],
      [0x41, 12],
      [0x13, 12],
    ],
    0.2,
  );
  const addresses = Buffer.from(Array.from({ length: size }, () => random.below(256)));
  const fields = Array.from({ length: random.below(3) }, () => {
    const value = Buffer.alloc(random.below(20), "x");
    return field(random.mostly([1, 2, 4, 5, 0xe0], [3, 0x20]), value);
  });
  const isSummed = random.chance(0.3);
  if (isSummed) fields.push(field(3, Buffer.alloc(4)));
  const body = Buffer.concat([addresses, ...fields]);
  const length = body.length + random.mostly([0], [1, -1, 100, -5], 0.1);
  const fixed = Buffer.from([random.mostly([0x21], [0x20, 0x22, 0x11, 0x01]), family, 0, 0]);
  fixed.writeUInt16BE(Math.max(0, length), 2);
  const header = Buffer.concat([V2_SIGNATURE, fixed, body]);
  if (isSummed) header.writeUInt32BE(random.chance(0.1) ? 7 : crc32c(header), header.length - 4);
  return header;
}

function field(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]);
}

const NAMES = ["a.test", "Shop.Example.com", "xn--bcher-kva.example", "a.test.", "x".repeat(60)];
const ODD_NAMES = ["", "a b", "a..b", "192.0.2.1", ".a", "-a.test", "a\0b", "x".repeat(300)];

/** The first flight of a TLS client, in one record or several. */
export function clientHello(random: Random): Buffer {
  const extensions: Buffer[] = [];
  for (let count = random.below(4); count > 0; count--) {
    extensions.push(vectored(random.pick([10, 13, 43, 51]), Buffer.alloc(random.below(30), 1)));
  }
  if (random.chance(0.9)) extensions.push(serverName(random));
  if (random.chance(0.6)) extensions.push(protocols(random));
  if (random.chance(0.05)) extensions.push(random.pick(extensions.concat(serverName(random))));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    sized(1, Buffer.alloc(random.pick([0, 32]), 9)),
    sized(2, Buffer.alloc(random.mostly([2, 8, 34], [0, 3]), 2)),
    sized(1, Buffer.alloc(random.mostly([1], [0, 2]))),
    random.chance(0.03) ? Buffer.alloc(0) : sized(2, Buffer.concat(extensions)),
  ]);
  const message = Buffer.concat([Buffer.from([random.mostly([1], [2, 0])]), sized(3, body)]);
  const pieces = random.pieces(message, random.chance(0.7) ? 0 : 5);
  const records = pieces.map((piece) =>
    Buffer.concat([
      Buffer.from([random.mostly([22], [21, 23], 0.02), random.mostly([3], [2], 0.02), 1]),
      sized(2, piece),
    ]),
  );
  return Buffer.concat(records);
}

function serverName(random: Random): Buffer {
  const name = Buffer.from(random.mostly(NAMES, ODD_NAMES, 0.1), "latin1");
  const entry = Buffer.concat([Buffer.from([random.mostly([0], [1])]), sized(2, name)]);
  return vectored(0, sized(2, random.chance(0.03) ? Buffer.concat([entry, entry]) : entry));
}

function protocols(random: Random): Buffer {
  const names = ["h2", "http/1.1", "", "x".repeat(255)].slice(random.below(2), 1 + random.below(4));
  return vectored(16, sized(2, Buffer.concat(names.map((name) => sized(1, Buffer.from(name))))));
}

function vectored(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255]), sized(2, body)]);
}

/** With its length in front, in so many bytes. */
function sized(lengthBytes: number, body: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(Math.min(body.length, 256 ** lengthBytes - 1), 0, lengthBytes);
  return Buffer.concat([length, body]);
}

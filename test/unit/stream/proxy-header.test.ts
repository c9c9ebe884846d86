// PROXY protocol headers: what is read, what is refused, at every split, and that what is written is read.

import { expect, test } from "vitest";

import { crc32c } from "../../../dataplane/stream/crc32c.ts";
import {
  INCOMPLETE,
  MALFORMED,
  ProxyHeaderReader,
  V2_SIGNATURE,
} from "../../../dataplane/stream/proxy-header-reader.ts";
import { writeV1, writeV2 } from "../../../dataplane/stream/proxy-header-writer.ts";

const reader = new ProxyHeaderReader();
const ADDRESSES = {
  source: "192.0.2.7",
  sourcePort: 56_324,
  destination: "198.51.100.1",
  destinationPort: 443,
};
const ADDRESSES_6 = {
  source: "2001:db8::7",
  sourcePort: 1,
  destination: "2001:db8:0:1::1",
  destinationPort: 65_535,
};

function read(bytes: Buffer): number {
  return reader.read(bytes, 0, bytes.length);
}

function line(text: string): number {
  return read(Buffer.from(text, "latin1"));
}

/** A version 2 header from its parts. */
function header(command: number, family: number, body: Buffer, length = body.length): Buffer {
  const fixed = Buffer.from([command, family, length >> 8, length & 0xff]);
  return Buffer.concat([V2_SIGNATURE, fixed, body]);
}

test.each([
  ["version 1 over IPv4", writeV1(ADDRESSES), ADDRESSES],
  ["version 1 over IPv6", writeV1(ADDRESSES_6), ADDRESSES_6],
  ["version 2 over IPv4", writeV2(ADDRESSES, 1), ADDRESSES],
  ["version 2 over IPv6", writeV2(ADDRESSES_6, 1), ADDRESSES_6],
  ["version 2 for datagrams", writeV2(ADDRESSES, 2), ADDRESSES],
  [
    "version 2 with fields",
    writeV2(ADDRESSES, 1, [{ type: 2, value: Buffer.from("example.com") }]),
    ADDRESSES,
  ],
])("%s is read as it was written, whole and cut at every byte", (_, bytes, addresses) => {
  const more = Buffer.concat([bytes, Buffer.from("GET / HTTP/1.1\r\n")]);
  expect(read(more)).toBe(bytes.length);
  expect(reader.addresses).toEqual(addresses);
  for (let end = 0; end < bytes.length; end++) {
    expect(reader.read(bytes, 0, end), `the first ${end} bytes`).toBe(INCOMPLETE);
  }
});

test("an address that maps IPv4 into IPv6 is written in full", () => {
  const bytes = writeV2({ ...ADDRESSES_6, source: "::ffff:192.0.2.7" }, 1);
  expect(read(bytes)).toBe(bytes.length);
  expect(reader.addresses.source).toBe("::ffff:c000:207");
});

test("families that differ name nobody", () => {
  const mixed = { ...ADDRESSES, destination: "2001:db8::1" };
  expect(writeV1(mixed).toString()).toBe("PROXY UNKNOWN\r\n");
  const bytes = writeV2(mixed, 1);
  expect(read(bytes)).toBe(bytes.length);
  expect(reader.addresses.source).toBe("");
});

test.each(["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"])(
  "%j stands for the peer itself",
  (text) => {
    expect(line(text)).toBe(text.length);
    expect(reader.addresses.source).toBe("");
  },
);

test.each([
  "GET / HTTP/1.1\r\n",
  "PROXY\r\n",
  "PROXY  TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.256 1 2\r\n",
  "PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n",
  "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
  "PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
  "PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2\r\n",
  "PROXY tcp4 192.0.2.7 198.51.100.1 1 2\r\n",
  "PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
  "PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n",
  "PROXY TCP4 192.0.2.7\r198.51.100.1 1 2\r\n",
  `PROXY UNKNOWN ${"x".repeat(200)}\r\n`,
])("%j is refused", (text) => {
  expect(
    line(text.endsWith("\n") && !text.endsWith("\r\n") ? `${text}${"x".repeat(107)}` : text),
  ).toBe(MALFORMED);
});

test("LOCAL stands for the peer itself, whatever it carries", () => {
  const bytes = header(0x20, 0x00, Buffer.from("anything"));
  expect(read(bytes)).toBe(bytes.length);
  expect(reader.addresses.source).toBe("");
});

test.each([
  ["another version", header(0x11, 0x11, Buffer.alloc(12))],
  ["another command", header(0x22, 0x11, Buffer.alloc(12))],
  ["an unknown family", header(0x21, 0x41, Buffer.alloc(12))],
  ["an unknown transport", header(0x21, 0x13, Buffer.alloc(12))],
  ["too short an address block", header(0x21, 0x21, Buffer.alloc(12))],
  ["more than a header may have", header(0x21, 0x11, Buffer.alloc(12), 0xffff)],
  ["a field cut off", header(0x21, 0x11, Buffer.concat([Buffer.alloc(12), Buffer.from([4, 0])]))],
  [
    "a field longer than its room",
    header(0x21, 0x11, Buffer.concat([Buffer.alloc(12), Buffer.from([4, 0, 9, 1])])),
  ],
  [
    "a wrong checksum",
    header(0x21, 0x11, Buffer.concat([Buffer.alloc(12), Buffer.from([3, 0, 4, 1, 2, 3, 4])])),
  ],
])("%s is refused", (_, bytes) => {
  expect(read(bytes)).toBe(MALFORMED);
});

test("a right checksum is taken", () => {
  const bytes = header(
    0x21,
    0x11,
    Buffer.concat([Buffer.alloc(12), Buffer.from([3, 0, 4, 0, 0, 0, 0])]),
  );
  bytes.writeUInt32BE(crc32c(bytes), bytes.length - 4);
  expect(read(bytes)).toBe(bytes.length);
});

test("the checksum is the one of RFC 3720, appendix B.4", () => {
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

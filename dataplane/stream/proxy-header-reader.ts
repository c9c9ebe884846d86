/**
 * PROXY protocol: the header with which a proxy in front tells whose connection it passes on. Both
 * versions are read here, incrementally; proxy-header-writer.ts writes them. See
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt.
 *
 * Read strictly: whoever gets to choose the client's address must not have two readings of it.
 */
import { isIPv4, isIPv6 } from "node:net";

import { latin1 } from "../http/bytes.ts";
import { crc32c } from "./crc32c.ts";

/** Whose connection it is. */
export interface ProxiedAddresses {
  /** Without brackets; "" where the header names nobody (LOCAL, UNKNOWN, UNSPEC): the peer stands. */
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
}

/** The header is not complete yet. */
export const INCOMPLETE = 0;
/** The bytes are no PROXY header. */
export const MALFORMED = -1;

/** The longest header that is read: HAProxy's buffer; the address parts are below 250 bytes. */
const PROXY_HEADER_BYTES_MAX = 16_384;
/** The longest line of version 1, its CRLF included (section 2.1). */
const V1_BYTES_MAX = 107;
export const V2_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
export const V2_FIXED_BYTES = 16;
const V1_START = Buffer.from("PROXY ", "latin1");
const TLV_CRC32C = 0x03;

/** Reads headers; one object serves one thread, its fields hold until the next call. */
export class ProxyHeaderReader {
  readonly addresses: ProxiedAddresses = {
    source: "",
    sourcePort: 0,
    destination: "",
    destinationPort: 0,
  };

  /**
   * Reads a header at the beginning of a connection's bytes.
   *
   * @returns how many bytes it takes, INCOMPLETE or MALFORMED; with more bytes the answer to the same
   * beginning never changes from MALFORMED
   */
  read(bytes: Buffer, start: number, end: number): number {
    const { addresses } = this;
    addresses.source = addresses.destination = "";
    addresses.sourcePort = addresses.destinationPort = 0;
    if (end === start) return INCOMPLETE;
    return bytes[start] === V1_START[0]
      ? this.#readV1(bytes, start, end)
      : this.#readV2(bytes, start, end);
  }

  #readV1(bytes: Buffer, start: number, end: number): number {
    if (!agrees(bytes, start, end, V1_START)) return MALFORMED;
    const stop = Math.min(end, start + V1_BYTES_MAX);
    const lineEnd = bytes.subarray(start, stop).indexOf(0x0d);
    if (lineEnd === -1) return stop - start === V1_BYTES_MAX ? MALFORMED : INCOMPLETE;
    if (start + lineEnd + 1 === stop) return lineEnd + 1 === V1_BYTES_MAX ? MALFORMED : INCOMPLETE;
    if (bytes[start + lineEnd + 1] !== 0x0a) return MALFORMED;
    const line = latin1(bytes, start + V1_START.length, start + lineEnd);
    return this.#readLine(line) ? lineEnd + 2 : MALFORMED;
  }

  #readLine(line: string): boolean {
    // What follows UNKNOWN is to be ignored (section 2.1).
    if (line === "UNKNOWN" || line.startsWith("UNKNOWN ")) return true;
    const [protocol, source, destination, from, to, ...rest] = line.split(" ");
    if (rest.length > 0 || to === undefined) return false;
    const isAddress = protocol === "TCP4" ? isIPv4 : protocol === "TCP6" ? isPlainIPv6 : undefined;
    if (isAddress === undefined || !isAddress(source!) || !isAddress(destination!)) return false;
    const sourcePort = portOf(from!);
    const destinationPort = portOf(to);
    if (sourcePort < 0 || destinationPort < 0) return false;
    Object.assign(this.addresses, { source, sourcePort, destination, destinationPort });
    return true;
  }

  #readV2(bytes: Buffer, start: number, end: number): number {
    if (!agrees(bytes, start, end, V2_SIGNATURE)) return MALFORMED;
    const at = start + V2_SIGNATURE.length;
    // The command is looked at as soon as it is here: who speaks something else need not be waited for.
    if (end > at && bytes[at] !== 0x20 && bytes[at] !== 0x21) return MALFORMED;
    if (end - start < V2_FIXED_BYTES) return INCOMPLETE;
    const family = bytes[at + 1]!;
    const length = bytes.readUInt16BE(at + 2);
    const total = V2_FIXED_BYTES + length;
    if (total > PROXY_HEADER_BYTES_MAX) return MALFORMED;
    const addressBytes = ADDRESS_BYTES.get(family);
    if (addressBytes === undefined) return MALFORMED;
    const isLocal = bytes[at] === 0x20;
    if (!isLocal && length < addressBytes) return MALFORMED;
    if (end - start < total) return INCOMPLETE;
    // A LOCAL header's address block is to be skipped whatever it holds (section 2.2).
    if (isLocal) return total;
    const body = start + V2_FIXED_BYTES;
    if (!areTlvsSound(bytes, start, body + addressBytes, start + total)) return MALFORMED;
    if (family >> 4 === AF_INET) this.#take(bytes, body, 4);
    else if (family >> 4 === AF_INET6) this.#take(bytes, body, 16);
    return total;
  }

  #take(bytes: Buffer, at: number, size: number): void {
    const { addresses } = this;
    addresses.source = formatAddress(bytes, at, size);
    addresses.destination = formatAddress(bytes, at + size, size);
    addresses.sourcePort = bytes.readUInt16BE(at + 2 * size);
    addresses.destinationPort = bytes.readUInt16BE(at + 2 * size + 2);
  }
}

export const AF_INET = 1;
export const AF_INET6 = 2;

/** Family and transport → bytes of the address block (section 2.2); others are not known. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
]);

/** True where the bytes that are here agree with what the header begins with. */
function agrees(bytes: Buffer, start: number, end: number, due: Buffer): boolean {
  const length = Math.min(end - start, due.length);
  return bytes.compare(due, 0, length, start, start + length) === 0;
}

/** The fields behind the addresses fill their room exactly, and a checksum among them is right. */
function areTlvsSound(bytes: Buffer, header: number, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (end - at < 3) return false;
    const type = bytes[at]!;
    const length = bytes.readUInt16BE(at + 1);
    const value = at + 3;
    if (length > end - value) return false;
    if (type === TLV_CRC32C) {
      if (length !== 4) return false;
      // The sum is made over the header with the field itself as zeros (section 2.2.3).
      const copy = Buffer.from(bytes.subarray(header, end));
      copy.fill(0, value - header, value - header + 4);
      if (crc32c(copy) !== bytes.readUInt32BE(value)) return false;
    }
    at = value + length;
  }
  return true;
}

function portOf(text: string): number {
  const isDecimal = /^(0|[1-9][0-9]{0,4})$/.test(text);
  const port = isDecimal ? Number(text) : -1;
  return port > 65_535 ? -1 : port;
}

/** Without a zone: a zone of another machine means nothing here. */
function isPlainIPv6(text: string): boolean {
  return !text.includes("%") && isIPv6(text);
}

function formatAddress(bytes: Buffer, at: number, size: number): string {
  if (size === 4) return bytes.subarray(at, at + 4).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16));
  // The URL parser gives the canonical text of RFC 5952.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/**
 * PROXY headers as they are written to a backend; proxy-header-reader.ts has what they are.
 */
import { isIPv4, isIPv6 } from "node:net";

import {
  AF_INET,
  AF_INET6,
  type ProxiedAddresses,
  V2_FIXED_BYTES,
  V2_SIGNATURE,
} from "./proxy-header-reader.ts";

/** A field of a version 2 header: its type and its bytes. */
export interface ProxyField {
  type: number;
  value: Buffer;
}

/** Writes the line of version 1; UNKNOWN where the families differ. */
export function writeV1({
  source,
  sourcePort,
  destination,
  destinationPort,
}: ProxiedAddresses): Buffer {
  const family = familyOf(source, destination);
  if (family === 0) return Buffer.from("PROXY UNKNOWN\r\n", "latin1");
  const protocol = family === AF_INET ? "TCP4" : "TCP6";
  const line = [protocol, source, destination, sourcePort, destinationPort].join(" ");
  return Buffer.from(`PROXY ${line}\r\n`, "latin1");
}

/**
 * Writes a version 2 header, with `fields` behind the addresses.
 *
 * @param transport 1 for a stream (TCP), 2 for datagrams (UDP)
 * @throws RangeError for fields of more than 64 KiB together
 */
export function writeV2(
  { source, sourcePort, destination, destinationPort }: ProxiedAddresses,
  transport: 1 | 2,
  fields: readonly ProxyField[] = [],
): Buffer {
  const family = familyOf(source, destination);
  const addresses =
    family === 0
      ? []
      : [
          addressBytes(source, family),
          addressBytes(destination, family),
          portBytes(sourcePort),
          portBytes(destinationPort),
        ];
  const body = Buffer.concat([...addresses, ...fields.map(fieldBytes)]);
  const fixed = Buffer.alloc(V2_FIXED_BYTES);
  V2_SIGNATURE.copy(fixed);
  fixed[12] = 0x21;
  fixed[13] = family === 0 ? 0 : (family << 4) | transport;
  fixed.writeUInt16BE(body.length, 14);
  return Buffer.concat([fixed, body]);
}

/** AF_INET, AF_INET6, or 0 where the two are not of one family. */
function familyOf(source: string, destination: string): number {
  if (isIPv4(source) && isIPv4(destination)) return AF_INET;
  return isIPv6(source) && isIPv6(destination) ? AF_INET6 : 0;
}

function addressBytes(text: string, family: number): Buffer {
  if (family === AF_INET) return Buffer.from(text.split(".").map(Number));
  const bytes = Buffer.alloc(16);
  const [plain = ""] = text.split("%");
  const dotted = plain.lastIndexOf(".") === -1 ? plain : withoutDots(plain);
  const [head = "", tail] = dotted.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  left.forEach((group, i) => bytes.writeUInt16BE(parseInt(group, 16), 2 * i));
  right.forEach((group, i) =>
    bytes.writeUInt16BE(parseInt(group, 16), 16 - 2 * (right.length - i)),
  );
  return bytes;
}

/** `::ffff:1.2.3.4` with its last part in hexadecimal groups. */
function withoutDots(text: string): string {
  const at = text.lastIndexOf(":") + 1;
  const [a, b, c, d] = text.slice(at).split(".").map(Number) as [number, number, number, number];
  return `${text.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}

function fieldBytes({ type, value }: ProxyField): Buffer {
  const head = Buffer.alloc(3);
  head[0] = type;
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}

// DNS server: a real one over UDP on the loopback address, with records that a test can change. It can
// fall silent.

import { createSocket, type RemoteInfo } from "node:dgram";

import { onTestFinished } from "vitest";

/** Records of a name. A name that has none of the type that is asked for has no data, any other does not exist. */
export interface DnsRecords {
  a?: readonly string[];
  aaaa?: readonly string[];
  srv?: readonly { target: string; port: number; priority?: number; weight?: number }[];
}

const TYPES = { a: 1, aaaa: 28, srv: 33 };
const HEAD_BYTES = 12;
const NO_SUCH_NAME = 3;

export class DnsServer {
  readonly records: Map<string, DnsRecords> = new Map();
  /** Questions so far, `name TYPE`. */
  readonly questions: string[] = [];
  /** Questions are not answered. */
  isSilent = false;
  readonly #socket = createSocket("udp4");

  static async start(records: Readonly<Record<string, DnsRecords>> = {}): Promise<DnsServer> {
    const server = new DnsServer();
    for (const [name, known] of Object.entries(records)) server.records.set(name, known);
    await new Promise<void>((resolve) => {
      server.#socket.bind(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => void server.#socket.close());
    return server;
  }

  private constructor() {
    this.#socket.on("message", (message, from) => this.#answer(message, from));
  }

  /** `ip:port`, as in BALTO_DNS_SERVERS. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  #answer(query: Buffer, from: RemoteInfo): void {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    const kind = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((one) => TYPES[one] === type);
    this.questions.push(`${name} ${kind ?? type}`);
    if (this.isSilent) return;
    const known = this.records.get(name);
    const data = known === undefined || kind === undefined ? [] : dataOf(known, kind);
    const head = Buffer.alloc(HEAD_BYTES);
    query.copy(head, 0, 0, 2);
    // An answer, with authority, of the kind that was asked for, recursion available (RFC 1035 §4.1.1).
    head.writeUInt16BE(0x8580 | (known === undefined ? NO_SUCH_NAME : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(data.length, 6);
    const answers = data.map((one) => {
      const fixed = Buffer.alloc(HEAD_BYTES);
      // The name of the question, by pointer; class IN; lives no longer than a second.
      fixed.writeUInt16BE(0xc000 | HEAD_BYTES, 0);
      fixed.writeUInt16BE(type, 2);
      fixed.writeUInt16BE(1, 4);
      fixed.writeUInt32BE(1, 6);
      fixed.writeUInt16BE(one.length, 10);
      return Buffer.concat([fixed, one]);
    });
    const answer = Buffer.concat([head, query.subarray(HEAD_BYTES, end + 4), ...answers]);
    this.#socket.send(answer, from.port, from.address);
  }
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEAD_BYTES;
  while (query[at]! > 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + query[at]!));
    at += 1 + query[at]!;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

function dataOf(known: DnsRecords, kind: keyof typeof TYPES): Buffer[] {
  if (kind === "a") return (known.a ?? []).map((ip) => Buffer.from(ip.split(".").map(Number)));
  if (kind === "aaaa") return (known.aaaa ?? []).map(ipv6Bytes);
  return (known.srv ?? []).map(({ target, port, priority = 0, weight = 0 }) => {
    const numbers = Buffer.alloc(6);
    numbers.writeUInt16BE(priority, 0);
    numbers.writeUInt16BE(weight, 2);
    numbers.writeUInt16BE(port, 4);
    const labels = target.split(".").map((label) => {
      return Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")]);
    });
    return Buffer.concat([numbers, ...labels, Buffer.from([0])]);
  });
}

function ipv6Bytes(ip: string): Buffer {
  const [head = [], tail = []] = ip
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...head, ...zeros, ...tail].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  }
  return bytes;
}

// Client: speaks HTTP/1.1 to Balto byte by byte, and reads its answers strictly.

import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";

import {
  type Field,
  type Framing,
  framingOf,
  NotCanonical,
  readBody,
  readHead,
  valueOf,
  valuesOf,
} from "./message.ts";
import { Peer } from "./peer.ts";

/** The head of an answer. */
export interface AnswerHead {
  version: string;
  status: number;
  reason: string;
  fields: Field[];
  framing: Framing;
  /** The one value of a field. */
  field(name: string): string | undefined;
  /** All values of a field. */
  all(name: string): string[];
}

/** A whole answer. */
export interface Answer extends AnswerHead {
  body: Buffer;
  text: string;
}

/** What the request was that is being answered: it decides how the answer is read. */
export interface Asked {
  /** HEAD has no body, whatever the fields say. */
  method?: string;
  withinMs?: number;
  /** Where the trailers are put; left out, there must be none. */
  trailers?: Field[];
}

/** What `tls.connect` takes; its types have forgotten that it hands the rest to the socket. */
export type TlsOptions = ConnectionOptions & { allowHalfOpen?: boolean };

export class Client extends Peer {
  /** A connection to a port of the loopback address. */
  static async to(port: number, host = "127.0.0.1"): Promise<Client> {
    const socket = connect({ port, host, allowHalfOpen: true });
    const client = new Client(socket);
    await connected(socket, "connect");
    return client;
  }

  /** A TLS connection, the server's certificate checked against `options.ca`. */
  static async overTls(port: number, options: TlsOptions): Promise<Client> {
    const socket = connectTls({ port, host: "127.0.0.1", ...options });
    const client = new Client(socket);
    await connected(socket, "secureConnect");
    return client;
  }

  /** Sends a request head, `Host` added where it names none, and reads the whole answer. */
  async ask(
    requestLine: string,
    fields: readonly string[] = [],
    body: string | Uint8Array = "",
  ): Promise<Answer> {
    await this.send(requestBytes(requestLine, fields, body));
    return this.answer({ method: requestLine.split(" ", 1)[0]! });
  }

  /** The next answer's head, interim ones among them. */
  async head({ method = "GET", withinMs }: Asked = {}): Promise<AnswerHead> {
    const head = await readHead(this, withinMs);
    if (head === undefined) throw new Error("the connection was closed in front of an answer");
    const match = /^(HTTP\/1\.1) ([1-5][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)$/.exec(head.startLine);
    if (match === null) throw new NotCanonical(`status line ${JSON.stringify(head.startLine)}`);
    const status = Number(match[2]);
    const bodiless = status < 200 || status === 204 || status === 304;
    const framing = framingOf(head.fields, "close");
    if (status < 200 && framing.kind !== "close") throw new NotCanonical("a framed interim answer");
    if (status === 204 && framing.kind !== "close") throw new NotCanonical("a framed 204");
    return {
      version: match[1]!,
      status,
      reason: match[3]!,
      fields: head.fields,
      framing: bodiless || method === "HEAD" ? { kind: "none" } : framing,
      field: (name) => valueOf(head.fields, name),
      all: (name) => valuesOf(head.fields, name),
    };
  }

  /** The next answer, whole. An interim one is given as it is. */
  async answer(asked: Asked = {}): Promise<Answer> {
    const head = await this.head(asked);
    const chunks: Buffer[] = [];
    for await (const chunk of readBody(this, head.framing, asked.withinMs, asked.trailers))
      chunks.push(chunk);
    const body = Buffer.concat(chunks);
    return { ...head, body, text: body.toString("utf8") };
  }

  /** The body behind a head that has been read. */
  body(head: AnswerHead, withinMs?: number): AsyncGenerator<Buffer, void> {
    return readBody(this, head.framing, withinMs);
  }
}

async function connected(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once(event, resolve);
    socket.once("error", reject);
  });
}

/** A request as bytes. Adds Host where no field names it, and Content-Length for a body without framing. */
export function requestBytes(
  requestLine: string,
  fields: readonly string[] = [],
  body: string | Uint8Array = "",
): Buffer {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  const named = (name: RegExp): boolean => fields.some((field) => name.test(field));
  const lines = [requestLine.includes(" HTTP/") ? requestLine : `${requestLine} HTTP/1.1`];
  if (!named(/^host:/i)) lines.push("Host: balto.test");
  lines.push(...fields);
  if (bytes.length > 0 && !named(/^(?:content-length|transfer-encoding):/i)) {
    lines.push(`Content-Length: ${bytes.length}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), bytes]);
}

/** One request on a connection of its own. */
export async function ask(
  port: number,
  requestLine: string,
  fields: readonly string[] = [],
  body: string | Uint8Array = "",
): Promise<Answer> {
  const client = await Client.to(port);
  try {
    return await client.ask(requestLine, fields, body);
  } finally {
    client.close();
  }
}

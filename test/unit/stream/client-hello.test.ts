// The server name of a real TLS client is read, whole, cut at every byte and split over records.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { beforeAll, expect, test } from "vitest";

import { CLIENT_HELLO_BYTES_MAX, readClientHello } from "../../../dataplane/stream/client-hello.ts";

/** The first flight of Node's own TLS client. */
async function record(options: { servername?: string; ALPNProtocols?: string[] }): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ host: "127.0.0.1", port, ...options });
  client.on("error", () => {});
  const [socket] = await once(server, "connection");
  const [bytes] = await once(socket, "data");
  client.destroy();
  socket.destroy();
  server.close();
  return bytes as Buffer;
}

/** The same message in records of so many bytes. */
function resplit(bytes: Buffer, size: number): Buffer {
  const message = bytes.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(records);
}

let hello: Buffer;
beforeAll(async () => {
  hello = await record({ servername: "Shop.Example.com", ALPNProtocols: ["h2", "http/1.1"] });
});

const READ = { state: "complete", name: "shop.example.com", protocols: ["h2", "http/1.1"] };

test("the name and the protocols are read, whatever follows", () => {
  expect(readClientHello(hello)).toEqual(READ);
  expect(readClientHello(Buffer.concat([hello, Buffer.from("more")]))).toEqual(READ);
});

test("cut at any byte it is incomplete", () => {
  for (let end = 0; end < hello.length; end++) {
    expect(readClientHello(hello.subarray(0, end)), `${end} bytes`).toEqual({
      state: "incomplete",
    });
  }
});

test.each([1, 2, 3, 4, 5, 17, 100])("it may lie in records of %i bytes", (size) => {
  expect(readClientHello(resplit(hello, size))).toEqual(READ);
});

test("a client that names nobody has no name", async () => {
  expect(readClientHello(await record({}))).toMatchObject({ state: "complete", name: "" });
});

test.each([
  ["plain HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["another kind of record", Buffer.from([23, 3, 1, 0, 1, 1])],
  ["another handshake message", Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
  ["an empty record", Buffer.from([22, 3, 1, 0, 0])],
  ["a record of another protocol", Buffer.from([22, 2, 1, 0, 1, 1])],
  ["a message over the limit", Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0])],
])("%s is refused at once", (_, bytes) => {
  expect(readClientHello(bytes)).toEqual({ state: "malformed" });
});

test("a message of the largest size is still waited for", () => {
  const length = CLIENT_HELLO_BYTES_MAX - 4;
  const bytes = Buffer.from([22, 3, 1, 0, 4, 1, 0, length >> 8, length & 0xff]);
  expect(readClientHello(bytes)).toEqual({ state: "incomplete" });
});

test.each(["shop example.com", "-shop.example.com", "shop..example.com", "shop.example.c\0m"])(
  "the name %j is refused",
  (name) => {
    const at = hello.indexOf("Shop.Example.com");
    const bytes = Buffer.concat([
      hello.subarray(0, at),
      Buffer.from(name.padEnd(16, "x").slice(0, 16), "latin1"),
      hello.subarray(at + 16),
    ]);
    const isBad = readClientHello(bytes).state === "malformed";
    expect(isBad).toBe(true);
  },
);

test("no byte changed anywhere makes it throw", () => {
  for (let at = 0; at < hello.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const bytes = Buffer.from(hello);
      bytes[at] = value;
      expect(["complete", "incomplete", "malformed"]).toContain(readClientHello(bytes).state);
    }
  }
});

// The PROXY protocol, in and out, on streams and on the HTTP listener; and TLS that is passed through by
// the server name its client asks for.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect as connectTls } from "node:tls";

import { expect, test } from "vitest";

import { V2_SIGNATURE } from "../../dataplane/stream/proxy-header-reader.ts";
import { writeV1, writeV2 } from "../../dataplane/stream/proxy-header-writer.ts";
import { serving, streaming, temporaryFolder } from "../harness/artifact.ts";
import { makeCertificate } from "../harness/certificate.ts";
import { Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { hasProgram, startNginx } from "../harness/nginx.ts";
import { startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { connectTo, readBytes, startEcho, startProgram, streamPort } from "../harness/stream.ts";

const CLIENT = {
  source: "198.51.100.7",
  sourcePort: 40_000,
  destination: "203.0.113.1",
  destinationPort: 443,
};
const TRUSTED = { accept: true, trusted: ["127.0.0.0/8"] };

async function curl(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("curl", ["-sS", "--max-time", "10", ...args]);
  return stdout;
}

/** An nginx that says its name over TLS. */
async function startTlsNginx(name: string): Promise<{ port: number }> {
  const { certFile, keyFile } = makeCertificate(name);
  return startNginx(
    (port) => `server {
      listen 127.0.0.1:${port} ssl;
      ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
      location / { return 200 "${name} $ssl_server_name"; }
    }`,
  );
}

test("TLS is passed through to two nginx by the server name", async () => {
  const [one, two] = [await startTlsNginx("one"), await startTlsNginx("two")];
  const balto = await start(
    streaming({
      name: "tls",
      sni: [
        { names: ["a.example.com", "*.one.example.com"], to: `tcp://127.0.0.1:${one.port}` },
        { names: ["b.example.com"], to: `tcp://127.0.0.1:${two.port}` },
      ],
    }),
    { workers: 2 },
  );
  const port = await streamPort(balto, "tls");
  const get = (host: string): Promise<string> =>
    curl("-k", "--resolve", `${host}:${port}:127.0.0.1`, `https://${host}:${port}/`);
  expect(await get("a.example.com")).toBe("one a.example.com");
  expect(await get("B.Example.com")).toMatch(/^two b\.example\.com$/i);
  expect(await get("x.y.one.example.com")).toBe("one x.y.one.example.com");
  await expect(get("c.example.com")).rejects.toThrow(/reset|35|56/i);
  // Without a name there is nothing to go by.
  await expect(curl("-k", `https://127.0.0.1:${port}/`)).rejects.toThrow(/reset|35|56/i);
});

test("a ClientHello may come in any pieces, and what no route takes may have a default", async () => {
  const origin = await startRawOrigin();
  const other = await startRawOrigin();
  const balto = await start(
    streaming({
      name: "tls",
      to: `tcp://127.0.0.1:${other.port}`,
      sni: [{ names: ["a.example.com"], to: `tcp://127.0.0.1:${origin.port}` }],
    }),
  );
  const port = await streamPort(balto, "tls");
  const hello = await clientHello("a.example.com");
  const client = await connectTo(port);
  await client.send(...Array.from(hello, (_, at) => hello.subarray(at, at + 1)));
  expect(await readBytes(await origin.peer(0), hello.length)).toEqual(hello);

  const stranger = await connectTo(port);
  const strange = await clientHello("z.example.com");
  await stranger.send(strange.subarray(0, 7), strange.subarray(7));
  expect(await readBytes(await other.peer(0), strange.length)).toEqual(strange);

  const noTls = await connectTo(port);
  await noTls.send("GET / HTTP/1.1\r\n");
  expect(await noTls.rest()).toMatchObject({ ending: "reset" });
});

test("a client that does not finish its ClientHello or its PROXY header is closed in time", async () => {
  const echo = await startEcho();
  const balto = await start(
    streaming([
      {
        name: "tls",
        to: echo.target,
        sni: [{ names: ["a"], to: echo.target }],
        policy: { clientHelloMs: 300 },
      },
      { name: "proxy", to: echo.target, proxyProtocol: { ...TRUSTED, timeoutMs: 300 } },
    ]),
  );
  for (const [name, start] of [
    ["tls", Buffer.from([22, 3, 1])],
    ["proxy", V2_SIGNATURE],
  ] as const) {
    const client = await connectTo(await streamPort(balto, name));
    await client.send(start);
    expect(await client.rest(), name).toMatchObject({ ending: "reset" });
  }
  expect(echo.peers).toHaveLength(0);
});

test("a PROXY header from a trusted source is read, in any pieces, and sent on", async () => {
  const origin = await startRawOrigin();
  const to = `tcp://127.0.0.1:${origin.port}`;
  const balto = await start(
    streaming([
      { name: "v1", to, proxyProtocol: { ...TRUSTED, send: "v1" } },
      { name: "v2", to, proxyProtocol: { ...TRUSTED, send: "v2" } },
      { name: "off", to, proxyProtocol: { ...TRUSTED, send: "off" } },
    ]),
  );
  let count = 0;
  for (const incoming of [writeV1(CLIENT), writeV2(CLIENT, 1)]) {
    const expected = { v1: writeV1(CLIENT), v2: writeV2(CLIENT, 1), off: Buffer.alloc(0) };
    for (const [name, outgoing] of Object.entries(expected)) {
      const client = await connectTo(await streamPort(balto, name));
      const half = Math.floor(incoming.length / 2);
      await client.send(incoming.subarray(0, half), incoming.subarray(half), "hello");
      const due = Buffer.concat([outgoing, Buffer.from("hello")]);
      expect(await readBytes(await origin.peer(count++), due.length)).toEqual(due);
    }
  }
});

test("who is trusted has to send a header; from others none is read", async () => {
  const echo = await startEcho();
  const trusted = { accept: true, trusted: ["127.0.0.2/32"] };
  const balto = await start(streaming({ name: "s", to: echo.target, proxyProtocol: trusted }));
  const port = await streamPort(balto, "s");
  const liar = await connectTo(port, "127.0.0.2");
  await liar.send("no header\r\n");
  expect(await liar.rest()).toMatchObject({ ending: "reset" });
  const stranger = await connectTo(port);
  await stranger.send(writeV1(CLIENT));
  expect(await readBytes(stranger, writeV1(CLIENT).length)).toEqual(writeV1(CLIENT));
});

test("who is denied and how many there may be goes by the address in the header", async () => {
  const echo = await startEcho();
  const balto = await start(
    streaming({
      name: "s",
      to: echo.target,
      proxyProtocol: TRUSTED,
      policy: { deny: ["192.0.2.0/24"], clientConnectionsMax: 1 },
    }),
  );
  const port = await streamPort(balto, "s");
  const open = async (source: string) => {
    const client = await connectTo(port);
    await client.send(writeV1({ ...CLIENT, source }), "x");
    return client;
  };
  expect(await (await open("192.0.2.9")).rest()).toMatchObject({ ending: "reset" });
  await readBytes(await open("198.51.100.1"), 1);
  expect(await (await open("198.51.100.1")).rest()).toMatchObject({ ending: "reset" });
  await readBytes(await open("198.51.100.2"), 1);
});

test("a version 2 header names the server and the protocol that the client asks for", async () => {
  const origin = await startRawOrigin();
  const to = `tcp://127.0.0.1:${origin.port}`;
  const balto = await start(
    streaming({
      name: "tls",
      sni: [{ names: ["a.example.com"], to }],
      proxyProtocol: { send: "v2" },
    }),
  );
  const client = await connectTo(await streamPort(balto, "tls"));
  const hello = await clientHello("a.example.com", ["h2"]);
  await client.send(hello);
  const fixed = await readBytes(await origin.peer(0), 16);
  const rest = await readBytes(await origin.peer(0), fixed.readUInt16BE(14));
  expect(rest.subarray(0, 4)).toEqual(Buffer.from([127, 0, 0, 1]));
  expect(rest.readUInt16BE(8)).toBe(client.socket.localPort);
  const fields = Buffer.concat([
    Buffer.from([2, 0, 13]),
    Buffer.from("a.example.com"),
    Buffer.from([1, 0, 2]),
    Buffer.from("h2"),
  ]);
  expect(rest.subarray(12)).toEqual(fields);
});

test.skipIf(!hasProgram("haproxy"))(
  "the client's address comes whole from HAProxy through Balto to nginx",
  async () => {
    const nginx = await startNginx(
      (port) => `server {
        listen 127.0.0.1:${port} proxy_protocol;
        location / { return 200 "$proxy_protocol_addr $proxy_protocol_port"; }
      }`,
    );
    const balto = await start(
      streaming({
        name: "s",
        to: `tcp://127.0.0.1:${nginx.port}`,
        proxyProtocol: { ...TRUSTED, send: "v2" },
      }),
    );
    const behind = await streamPort(balto, "s");
    const folder = temporaryFolder();
    const haproxy = await startProgram("haproxy", (port) => {
      const file = join(folder, "haproxy.cfg");
      writeFileSync(
        file,
        [
          "defaults",
          "  mode tcp",
          ...["connect", "client", "server"].map((name) => `  timeout ${name} 5s`),
          "listen in",
          `  bind 127.0.0.1:${port}`,
          `  server balto 127.0.0.1:${behind} send-proxy-v2`,
          "",
        ].join("\n"),
      );
      return ["-db", "-f", file];
    });
    const url = `http://127.0.0.1:${haproxy.port}/`;
    for (const address of ["127.0.0.77", "127.0.0.78"]) {
      const text = await curl("--interface", address, "--local-port", "41000-42000", url);
      expect(text).toMatch(new RegExp(`^${address} 4[12]\\d{3}$`));
    }
  },
);

for (const secure of [false, true]) {
  test(`the HTTP listener takes the client's address from the header${secure ? ", before TLS" : ""}`, async () => {
    const origin = await startOrigin();
    const proxyProtocol = { accept: true, trusted: ["127.0.0.2/32"], timeoutMs: 2_000 };
    const { cert, certFile, keyFile } = makeCertificate("localhost");
    const tls = { enabled: secure, certFile, keyFile };
    const limits = { clientConnectionsMax: 2 };
    const balto = await start(serving({ to: origin.url }, { proxyProtocol, tls, limits }));
    const open = async (header: Buffer, from = "127.0.0.2"): Promise<Client> => {
      const peer = await connectTo(balto.port, from);
      const { socket } = peer;
      if (!secure) {
        await peer.send(header);
        return new Client(socket);
      }
      socket.removeAllListeners("data").removeAllListeners("end");
      if (header.length > 0) socket.write(header);
      const secured = connectTls({ socket, ca: cert, servername: "localhost" });
      const client = new Client(secured);
      await new Promise((resolve, reject) => {
        secured.once("secureConnect", resolve).once("error", reject);
      });
      return client;
    };
    for (const header of [writeV1(CLIENT), writeV2(CLIENT, 1)]) {
      const client = await open(header);
      expect((await client.ask("GET /")).status).toBe(200);
      expect((await client.ask("GET /")).status).toBe(200);
    }
    expect(origin.requests.map((request) => request.field("x-forwarded-for"))).toEqual(
      Array.from({ length: 4 }, () => CLIENT.source),
    );
    // This client has two connections, which is as many as it may have.
    const third = open(writeV1(CLIENT)).then((client) => client.ask("GET /"));
    await expect(third).rejects.toThrow();
    const plain = await open(Buffer.alloc(0), "127.0.0.1");
    expect((await plain.ask("GET /")).status).toBe(200);
    expect(origin.requests.at(-1)!.field("x-forwarded-for")).toBe("127.0.0.1");
    const silent = await connectTo(balto.port, "127.0.0.2");
    expect(await silent.rest()).toMatchObject({ ending: "reset" });
  });
}

/** A real one, as OpenSSL makes it. */
async function clientHello(servername: string, ALPNProtocols: string[] = []): Promise<Buffer> {
  const origin = await startRawOrigin();
  const socket = connectTls({
    port: origin.port,
    host: "127.0.0.1",
    servername,
    ...(ALPNProtocols.length > 0 ? { ALPNProtocols } : {}),
  });
  socket.on("error", () => {});
  const peer = await origin.peer(0);
  const head = await readBytes(peer, 5);
  const hello = Buffer.concat([head, await readBytes(peer, head.readUInt16BE(3))]);
  socket.destroy();
  return hello;
}

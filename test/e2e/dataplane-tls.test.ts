// TLS on both sides: clients over global.tls, backends over https.

import { copyFileSync, writeFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";

import { expect, test } from "vitest";

import { publish, published, serving } from "../harness/artifact.ts";
import { type Certificate, makeCertificate } from "../harness/certificate.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { launch, start } from "../harness/data-plane.ts";
import { Truncated } from "../harness/message.ts";
import { startOrigin } from "../harness/origin.ts";
import { ConnectionReset } from "../harness/peer.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const over = ({ certFile, keyFile }: Certificate) => ({
  tls: { enabled: true, certFile, keyFile },
});

/** A connection that believes one certificate only, and the name it was given. */
async function connect(port: number, { cert }: Certificate): Promise<Client> {
  return Client.overTls(port, { ca: cert, servername: "localhost" });
}

test("with global.tls it speaks HTTPS, and tells backends so", async () => {
  const certificate = makeCertificate("one");
  const origin = await startOrigin((response, received, request) => {
    request.on("end", () => void response.end(received.body));
  });
  const balto = await start(serving({ to: origin }, over(certificate)), { workers: 2 });
  const client = await connect(balto.port, certificate);
  expect((client.socket as TLSSocket).getProtocol()).toBe("TLSv1.3");
  expect((client.socket as TLSSocket).alpnProtocol).toBe(false);
  const body = Buffer.alloc(1_000_000, "tls ");
  for (let round = 0; round < 3; round++) {
    const answer = await client.ask("POST /", [], body);
    expect(answer.body.equals(body)).toBe(true);
  }
  expect(origin.requests[0]!.field("x-forwarded-proto")).toBe("https");
  expect(origin.requests[0]!.field("x-forwarded-for")).toBe("127.0.0.1");
});

test("old versions of TLS and plain HTTP on its port get nowhere and harm nobody", async () => {
  const certificate = makeCertificate("one");
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, over(certificate)));
  const old = connectWith(balto.port, certificate, { maxVersion: "TLSv1.1", minVersion: "TLSv1" });
  await expect(old).rejects.toThrow(/./);
  const plain = await Client.to(balto.port);
  await plain.send(requestBytes("GET /"));
  expect((await plain.rest()).bytes.toString("latin1")).not.toContain("HTTP/1.1 200");
  plain.close();
  const silent = await Client.to(balto.port);
  silent.end();
  expect((await (await connect(balto.port, certificate)).ask("GET /")).status).toBe(200);
  expect(origin.requests.length).toBe(1);
});

async function connectWith(
  port: number,
  { cert }: Certificate,
  options: Parameters<typeof Client.overTls>[1],
): Promise<Client> {
  // Node's default security level would not even try.
  const ciphers = "DEFAULT@SECLEVEL=0";
  return Client.overTls(port, { ca: cert, servername: "localhost", ciphers, ...options });
}

test("a reload brings new certificates to new connections and closes none", async () => {
  const [one, two] = [makeCertificate("one"), makeCertificate("two")];
  const origin = await startOrigin();
  const path = published(serving({ to: origin }, over(one)));
  const balto = await start(path, { workers: 2 });
  const before = await connect(balto.port, one);
  expect((await before.ask("GET /")).status).toBe(200);
  publish(path, serving({ to: origin }, over(two)));
  await balto.says("Artifact loaded");
  expect((await before.ask("GET /")).status).toBe(200);
  await expect(connect(balto.port, one)).rejects.toThrow(/self-signed|verify/);
  for (let n = 0; n < 4; n++) {
    expect((await (await connect(balto.port, two)).ask("GET /")).status).toBe(200);
  }
});

test("certificates that are replaced in their files are taken over by SIGHUP", async () => {
  const [one, two] = [makeCertificate("one"), makeCertificate("two")];
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, over(one)));
  expect((await (await connect(balto.port, one)).ask("GET /")).status).toBe(200);
  const old = { ...one };
  copyFileSync(two.keyFile, one.keyFile);
  copyFileSync(two.certFile, one.certFile);
  balto.signal("SIGHUP");
  await balto.says("Artifact loaded");
  expect((await (await connect(balto.port, two)).ask("GET /")).status).toBe(200);
  await expect(connect(balto.port, old)).rejects.toThrow(/self-signed|verify/);
});

test("certificates that cannot be used are refused, at start and at reload", async () => {
  const [one, two] = [makeCertificate("one"), makeCertificate("two")];
  const origin = await startOrigin();
  const mixed = { ...one, keyFile: two.keyFile };
  const nonsense = makeCertificate("nonsense");
  writeFileSync(nonsense.certFile, "nonsense");
  const missing = { ...one, certFile: "/nowhere/cert.pem" };
  for (const bad of [mixed, nonsense, missing]) {
    const balto = launch(serving({ to: origin }, over(bad)));
    expect(await balto.ends()).toEqual({ code: 1, signal: null });
    expect(balto.stderr).toMatch(/^balto: [^\n]*global\.tls[^\n]*\n$/);
    expect(balto.stderr).not.toContain("PRIVATE KEY");
  }
  const path = published(serving({ to: origin }, over(one)));
  const balto = await start(path);
  publish(path, serving({ to: origin }, over(mixed)));
  await balto.says("Artifact refused, the last good one goes on serving");
  expect((await (await connect(balto.port, one)).ask("GET /")).status).toBe(200);
});

test("an https backend is spoken to over TLS, and believed only with its certificate", async () => {
  const certificate = makeCertificate("backend");
  const origin = await startOrigin(
    (response, received, request) => {
      request.on("end", () => void response.end(received.body));
    },
    { certificate },
  );
  const artifact = serving([
    { to: origin },
    { pattern: "/named", to: `https://localhost:${origin.port}` },
  ]);
  const doubting = await start(artifact);
  expect((await ask(doubting.port, "GET /")).status).toBe(502);
  expect((await ask(doubting.port, "GET /named")).status).toBe(502);
  expect(origin.requests.length).toBe(0);

  const trusting = await start(artifact, {
    env: { NODE_EXTRA_CA_CERTS: certificate.certFile },
  });
  const client = await Client.to(trusting.port);
  const body = Buffer.alloc(1_000_000, "tls ");
  for (const path of ["/", "/named", "/"]) {
    const answer = await client.ask(`POST ${path}`, [], body);
    expect([answer.status, answer.body.equals(body)]).toEqual([200, true]);
  }
  expect(origin.requests.map((received) => received.field("x-forwarded-proto"))).toEqual([
    "http",
    "http",
    "http",
  ]);
});

test("a client that leaves over TLS cancels its request", async () => {
  const certificate = makeCertificate("one");
  const origin = await startOrigin(() => undefined);
  const balto = await start(serving({ to: origin }, over(certificate)));
  const client = await connect(balto.port, certificate);
  await client.send(requestBytes("GET /"));
  const received = await origin.request(0);
  client.close();
  await until("the abort at the backend", () => received.isAborted);
});

test("a client that closes its half over TLS still gets its answer", async () => {
  const certificate = makeCertificate("one");
  const origin = await startOrigin(async (response) => {
    await sleep(700);
    response.end("late");
  });
  const balto = await start(serving({ to: origin }, over(certificate)));
  const client = await Client.overTls(balto.port, {
    ca: certificate.cert,
    servername: "localhost",
    allowHalfOpen: true,
  });
  await client.send(requestBytes("GET /"));
  client.end();
  expect(await client.answer()).toMatchObject({ status: 200, text: "late" });
  expect((await client.rest()).ending).toBe("fin");
});

test("a truncated answer is no whole one over TLS either", async () => {
  const certificate = makeCertificate("one");
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    await sleep(100);
    peer.end();
  });
  const balto = await start(serving({ to: origin }, over(certificate)));
  const client = await connect(balto.port, certificate);
  await client.send(requestBytes("GET /"));
  const failure = await client.answer().catch((error: unknown) => error);
  expect(failure instanceof ConnectionReset || failure instanceof Truncated).toBe(true);
});

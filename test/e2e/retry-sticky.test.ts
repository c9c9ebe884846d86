// Sticky sessions: a client comes back to its backend, over reloads and processes, and cannot choose one.

import { expect, test } from "vitest";

import type { StickyPolicy } from "../../artifact/model.ts";
import { publish, published, serving } from "../harness/artifact.ts";
import { inOrder, resets, RETRY_ALL, startBadBackend } from "../harness/bad-backends.ts";
import { makeCertificate } from "../harness/certificate.ts";
import { ask, Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";

const STICKY: StickyPolicy = {
  cookie: "balto_backend",
  secret: "${env:STICKY_SECRET}",
  ttlMs: 0,
  path: "/",
  secure: "auto",
  sameSite: "lax",
};
const options = { workers: 2, env: { STICKY_SECRET: "a secret of some length" } };

const named = (name: string): Promise<Origin> => startOrigin((response) => void response.end(name));
const threeOrigins = (): Promise<Origin[]> => Promise.all(["a", "b", "c"].map(named));

const served = (to: Parameters<typeof serving>[0] | readonly { url: string }[], revision = "") =>
  serving({ to: to as { url: string }[], policy: { sticky: STICKY } }, {}, revision);

/** The cookie that an answer sets, as a client sends it back. */
function cookieOf(answer: { all(name: string): string[] }): string | undefined {
  return answer.all("set-cookie").map((value) => value.split(";", 1)[0]!)[0];
}

test("a client with its cookie stays where it was, one without goes round", async () => {
  const origins = await threeOrigins();
  const balto = await start(served(origins), options);
  const first = await ask(balto.port, "GET /");
  const cookie = cookieOf(first)!;
  expect(cookie).toMatch(/^balto_backend=[\w-]+\.[\w-]{16,}$/);
  expect(cookie, "it tells nothing of the backend").not.toContain("127");
  for (let n = 0; n < 20; n++) {
    const answer = await ask(balto.port, "GET /", [`Cookie: x=y; ${cookie}; z=1`]);
    expect(answer.text).toBe(first.text);
    expect(answer.all("set-cookie"), "it has it already").toEqual([]);
  }
  const others = new Set<string>();
  for (let n = 0; n < 30; n++) others.add((await ask(balto.port, "GET /")).text);
  expect(others.size).toBe(3);
});

test("the cookie is Balto's own: backends do not see it, and theirs pass", async () => {
  const origin = await startOrigin((response) => {
    response.setHeader("Set-Cookie", ["theirs=1", "more=2"]);
    response.end();
  });
  const balto = await start(served([origin]), options);
  const answer = await ask(balto.port, "GET /", ["Cookie: a=1"]);
  expect(answer.all("set-cookie").map((value) => value.split("=")[0])).toEqual([
    "theirs",
    "more",
    "balto_backend",
  ]);
  const cookie = cookieOf({ all: () => [answer.all("set-cookie")[2]!] })!;
  for (const [sent, received] of [
    [[`Cookie: a=1; ${cookie}; b=2`], ["a=1; b=2"]],
    [[`Cookie: ${cookie}`], []],
    [[`Cookie: ${cookie}`, "X: y", "Cookie: c=3", "Cookie: balto_backend=forged"], ["c=3"]],
    [["Cookie: balto_backend2=x;other=y"], ["balto_backend2=x;other=y"]],
  ] as const) {
    const index = origin.requests.length;
    await ask(balto.port, "GET /", sent);
    expect(origin.requests[index]!.all("cookie")).toEqual(received);
  }
});

test("a cookie that was forged or belongs elsewhere is ignored, and replaced", async () => {
  const origins = await threeOrigins();
  const balto = await start(served(origins), options);
  const cookies = new Map<string, string>();
  while (cookies.size < 3) {
    const answer = await ask(balto.port, "GET /");
    cookies.set(answer.text, cookieOf(answer)!);
  }
  const [a, b] = [cookies.get("a")!, cookies.get("b")!];
  const forged = `${a.split(".")[0]}.${b.split(".")[1]}`;
  const flipped = a.slice(0, -1) + (a.endsWith("A") ? "Q" : "A");
  for (const cookie of [forged, flipped, "balto_backend=", "balto_backend=0", `${a}.${a}`]) {
    const texts = new Set<string>();
    for (let n = 0; n < 12; n++) {
      const answer = await ask(balto.port, "GET /", [`Cookie: ${cookie}`]);
      expect(answer.status).toBe(200);
      expect(cookieOf(answer), cookie).toBe(cookies.get(answer.text));
      texts.add(answer.text);
    }
    expect(texts.size, `${cookie} binds to nothing`).toBe(3);
  }
  // The right one beside a forged one counts.
  const both = await ask(balto.port, "GET /", [`Cookie: ${forged}; ${b}`]);
  expect([both.text, cookieOf(both)]).toEqual(["b", undefined]);
});

test("it holds over reloads and in another process with the same secret, not with another one", async () => {
  const [a, b, c] = (await threeOrigins()) as [Origin, Origin, Origin];
  const path = published(served([a, b, c]));
  const balto = await start(path, options);
  let answer = await ask(balto.port, "GET /");
  while (answer.text !== "b") answer = await ask(balto.port, "GET /");
  const fields = [`Cookie: ${cookieOf(answer)!}`];
  const from = balto.log.length;
  // Its position among the backends is another one now.
  publish(path, served([c, b], "second"));
  await balto.says("Artifact loaded", from);
  const sibling = await start(served([b, a]), options);
  const stranger = await start(served([a, b, c]), {
    ...options,
    env: { STICKY_SECRET: "another secret than that" },
  });
  for (let n = 0; n < 10; n++) {
    expect((await ask(balto.port, "GET /", fields)).text).toBe("b");
    expect((await ask(sibling.port, "GET /", fields)).text).toBe("b");
  }
  const texts = new Set<string>();
  for (let n = 0; n < 12; n++) texts.add((await ask(stranger.port, "GET /", fields)).text);
  expect(texts.size).toBe(3);
});

test("a client whose backend is gone or fails is bound to another one", async () => {
  const bad = await startBadBackend(async (peer, request) => {
    if (request.requestLine.startsWith("GET /first")) {
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
    } else {
      await resets(peer, request);
    }
  });
  const good = await named("good");
  const policy = { sticky: STICKY };
  const balto = await start(serving({ to: inOrder(bad, good), retry: RETRY_ALL, policy }), options);
  const first = await ask(balto.port, "GET /first");
  expect(first.text).toBe("bad");
  const second = await ask(balto.port, "GET /second", [`Cookie: ${cookieOf(first)}`]);
  expect(second.text).toBe("good");
  const cookie = cookieOf(second)!;
  expect(cookie).not.toBe(cookieOf(first));
  // From now on it stays there, although the other one would have been first.
  expect((await ask(balto.port, "GET /first", [`Cookie: ${cookie}`])).text).toBe("good");
});

test("it is Secure where the client's side is TLS, and HttpOnly always", async () => {
  const origin = await startOrigin();
  const { cert, certFile, keyFile } = makeCertificate("localhost");
  const artifact = (isTls: boolean) =>
    serving(
      { to: origin, policy: { sticky: { ...STICKY, ttlMs: 60_000, path: "/app" } } },
      isTls ? { tls: { enabled: true, certFile, keyFile } } : {},
    );
  const plain = await start(artifact(false), options);
  const attributes = (answer: { all(name: string): string[] }) =>
    answer.all("set-cookie")[0]!.split("; ").slice(1);
  const common = ["HttpOnly", "SameSite=Lax"];
  expect(attributes(await ask(plain.port, "GET /"))).toEqual([
    "Path=/app",
    "Max-Age=60",
    ...common,
  ]);
  const secure = await start(artifact(true), options);
  const client = await Client.overTls(secure.port, { ca: cert, servername: "localhost" });
  expect(attributes(await client.ask("GET /"))).toEqual([
    "Path=/app",
    "Max-Age=60",
    "Secure",
    ...common,
  ]);
});

test("WebSockets are bound, too", async () => {
  const switching = (name: string) =>
    startBadBackend((peer) =>
      peer.send(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Name: ${name}\r\n\r\n`,
      ),
    );
  const backends = await Promise.all(["a", "b"].map(switching));
  const balto = await start(served(backends), options);
  const fields = ["Connection: Upgrade", "Upgrade: websocket"];
  const first = await Client.to(balto.port);
  await first.send(`GET / HTTP/1.1\r\nHost: h\r\n${fields.join("\r\n")}\r\n\r\n`);
  const head = await first.head();
  const name = head.field("x-name");
  for (let n = 0; n < 6; n++) {
    const again = await Client.to(balto.port);
    const cookie = `Cookie: ${cookieOf(head)!}`;
    await again.send(`GET / HTTP/1.1\r\nHost: h\r\n${[...fields, cookie].join("\r\n")}\r\n\r\n`);
    expect((await again.head()).field("x-name")).toBe(name);
  }
});

// What a client of the API may not do, and that the writer lives through it.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

import { afterEach, expect, it } from "vitest";

import { Tree } from "../harness/repository.ts";
import { askApi, Writer } from "../harness/writer.ts";
import { API_FILE, API_ID, at, tree } from "./control-trees.ts";

const GOOD = { domain: "n.example.com", path_prefix: "/n", ports: ["1"] };
const writers: Writer[] = [];

async function over(files: Tree): Promise<Writer> {
  const writer = await Writer.over(files.folder);
  writers.push(writer);
  return writer;
}

afterEach(() => {
  for (const writer of writers.splice(0)) {
    expect(writer.log.filter(({ level }) => level === "error")).toEqual([]);
  }
});

it("takes JSON and nothing that poses as it", async () => {
  const files = Tree.with(tree());
  const writer = await over(files);
  const before = files.files();
  const post = async (body: string, type = "application/json", more = {}): Promise<number> => {
    const headers = { "content-type": type, ...more };
    return (await writer.ask("POST /balto/services", { body, headers })).status;
  };
  const good = JSON.stringify(GOOD);
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "",
  ]) {
    expect(await post(good, type), type).toBe(415);
  }
  expect(await post(good, "application/json; charset=utf-16")).toBe(415);
  expect(await post(good, "application/json", { "content-encoding": "gzip" })).toBe(415);
  for (const body of ["", "{", "[]", "null", '"x"', "1", `${good}x`, "{'a': 1}", "NaN"]) {
    expect(await post(body), body).toBe(400);
  }
  for (const key of ["__proto__", "constructor", "prototype"]) {
    expect(await post(`{"domain":"n.example.com","${key}":{"x":1}}`), key).toBe(400);
    expect(await post(`{"domain":"n.example.com","timeouts":{"${key}":1}}`), key).toBe(400);
  }
  expect(await post("[".repeat(100_000))).toBe(400);
  expect(await post(`{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`)).toBe(400);
  expect(files.files()).toEqual(before);
  expect(await post(good, "Application/JSON; charset=UTF-8")).toBe(201);
});

it("takes bodies up to 1 MiB, announced or not", async () => {
  const files = Tree.with(tree());
  const writer = await over(files);
  const large = JSON.stringify({ ...GOOD, name: "x".repeat(1024 * 1024) });
  const refused = await writer.ask("POST /balto/services", { body: large });
  expect(refused.status).toBe(413);
  const chunked = { "transfer-encoding": "chunked" };
  const answer = await writer
    .ask("POST /balto/services", { body: large, headers: chunked })
    .catch((error: unknown) => error as Error);
  expect(answer instanceof Error ? 413 : answer.status).toBe(413);
  const nearly = JSON.stringify({ ...GOOD, name: "x".repeat(1024 * 1024 - 200) });
  expect((await writer.ask("POST /balto/services", { body: nearly })).status).toBe(400);
  expect((await writer.ask("GET /balto/services")).json).toHaveLength(3);
});

it("refuses ids that are paths, and never leaves the tree", async () => {
  const files = Tree.with(tree());
  const writer = await over(files);
  for (const id of [
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e%2f%2e%2e%2fx",
    "..",
    "api%00",
    "%ff",
    "%",
    "x".repeat(300),
    "%D0%B0pi.example.com-%2F",
  ]) {
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      const question = method === "GET" || method === "DELETE" ? {} : { body: GOOD };
      const { status } = await writer.ask(`${method} /balto/services/${id}`, question);
      expect(status, `${method} ${id}`).toBe(400);
    }
  }
  const body = { ...GOOD, path_prefix: "/../../../../../../tmp/balto-escaped/*" };
  await writer.ask("POST /balto/services", { body });
  const names = readdirSync(files.folder, { recursive: true, encoding: "utf8" });
  expect(names.filter((name) => /^services\/[^/]*\.\./.test(name))).toEqual([]);
  expect(existsSync("/tmp/balto-escaped.yaml")).toBe(false);
});

it("refuses writes from pages of other origins", async () => {
  const files = Tree.with(tree("api:\n  allowed_origins: [https://console.example.com]\n"));
  const writer = await over(files);
  const post = (origin: string) =>
    writer.ask("POST /balto/services", { body: GOOD, headers: { origin } });
  for (const origin of ["https://evil.example.com", "null", "http://console.example.com"]) {
    expect((await post(origin)).status, origin).toBe(403);
  }
  const preflight = (origin: string) =>
    writer.ask("OPTIONS /balto/services", {
      headers: { origin, "access-control-request-method": "POST" },
    });
  expect((await preflight("https://evil.example.com")).headers).not.toHaveProperty(
    "access-control-allow-origin",
  );
  expect((await preflight("https://console.example.com")).headers).toMatchObject({
    "access-control-allow-origin": "https://console.example.com",
    "access-control-allow-methods": expect.stringContaining("PATCH"),
  });
  const allowed = await post("https://console.example.com");
  expect(allowed.status).toBe(201);
  expect(allowed.headers["access-control-allow-origin"]).toBe("https://console.example.com");
  const remove = await writer.ask(`DELETE ${at("n.example.com-/n")}`, {
    headers: { origin: "https://evil.example.com" },
  });
  expect(remove.status).toBe(403);
});

it("refuses backends at link-local and metadata addresses, unless the tree allows it", async () => {
  const files = Tree.with(tree());
  const writer = await over(files);
  for (const port of [
    "169.254.169.254:80",
    "http://[::ffff:169.254.169.254]",
    "http://[fe80::1]:80",
    "http://[fd00:ec2::254]",
    "http://0xa9fea9fe",
    "http://${env:X:-169.254.169.254}:80",
  ]) {
    const { status, json } = await writer.ask("POST /balto/services", {
      body: { ...GOOD, ports: [port] },
    });
    expect([status, json.error], port).toEqual([400, expect.stringContaining("link-local")]);
    const backends = [{ url: port.includes("://") ? port : `http://${port}` }];
    const full = { domain: "n.example.com", path_prefix: "/n", backends };
    expect((await writer.ask("POST /balto/services", { body: full })).status).toBe(400);
    const patch = await writer.ask(`PATCH ${at(API_ID)}`, { body: { ports: [port] } });
    expect(patch.status).toBe(400);
  }
  // What a person put there is not the API's business.
  files.write("services/api.yaml", API_FILE.replace('"8082"', '"169.254.1.1:80"'));
  const other = await writer.ask(`PATCH ${at(API_ID)}`, { body: { strip_prefix: false } });
  expect(other.status).toBe(200);
  files.write(
    "balto.config.yaml",
    `${tree()["balto.config.yaml"]}api:\n  allow_link_local: true\n`,
  );
  const allowed = { ...GOOD, ports: ["169.254.169.254:80"] };
  expect((await writer.ask("POST /balto/services", { body: allowed })).status).toBe(201);
});

it("does not replace a link by a file, nor follow one", async () => {
  const files = Tree.with(tree());
  files.write(
    "services/..data/linked.yaml",
    API_FILE.replace("api.example", "l.example").replace("name: api\n", ""),
  );
  symlinkSync("..data/linked.yaml", join(files.folder, "services/linked.yaml"));
  const writer = await over(files);
  const patch = await writer.ask(`PATCH ${at("l.example.com-/api/v1/*")}`, {
    body: { ports: ["1"] },
  });
  expect([patch.status, patch.json.error]).toEqual([409, expect.stringContaining("link")]);
  expect(files.read("services/..data/linked.yaml")).toContain("8082");
});

it("lives through what is no HTTP, and through clients that leave", async () => {
  const writer = await over(Tree.with(tree()));
  for (const bytes of [
    "\0\x01\x02",
    "GET\r\n\r\n",
    "POST /balto/services HTTP/1.1\r\n",
    "x".repeat(100_000),
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(writer.socketPath, () => socket.end(bytes));
      socket.on("error", () => resolve());
      socket.on("close", () => resolve());
      socket.resume();
    });
  }
  await new Promise<void>((resolve) => {
    const socket = connect(writer.socketPath, () => {
      socket.write(
        "POST /balto/services HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
      );
      setTimeout(() => socket.destroy(), 50);
    });
    socket.on("close", () => resolve());
  });
  expect((await writer.ask("GET /balto/services")).status).toBe(200);
});

it("says 405 with Allow, 404, and 501 where this Balto cannot do it yet", async () => {
  const writer = await over(Tree.with(tree()));
  const wrong = await writer.ask("DELETE /balto/services");
  expect([wrong.status, wrong.headers["allow"]]).toEqual([405, "GET, HEAD, POST"]);
  expect((await writer.ask("GET /balto/nothing")).status).toBe(404);
  const explained = await writer.ask("POST /balto/explain", { body: { url: "http://a/" } });
  expect([501, 200]).toContain(explained.status);
  expect((await writer.ask("GET /balto/backends")).status).toBe(503);
});

it("opens its socket to this user only, and takes over that of a dead one", async () => {
  const files = Tree.with(tree());
  const writer = await over(files);
  expect(statSync(writer.socketPath).mode & 0o777).toBe(0o600);
  const second = Writer.launch(files.folder, { args: [`--listen=unix:${writer.socketPath}`] });
  expect((await second.exit).code).toBe(1);
  expect(second.stderr).toContain("in use");
  writer.child.kill("SIGKILL");
  await writer.exit;
  const third = await Writer.over(files.folder, { args: [`--listen=unix:${writer.socketPath}`] });
  expect((await askApi({ socketPath: writer.socketPath }, "GET /health")).status).toBe(200);
  await third.end();
});

it("asks for the token on a port, and tells nobody what it is", async () => {
  const files = Tree.with(tree());
  const env = { BALTO_ADMIN_TOKEN: "s3cret-token" };
  const writer = await Writer.over(files.folder, { args: ["--listen=127.0.0.1:0"], env });
  const { listen } = writer.log.find(({ message }) => message === "Listening") as unknown as {
    listen: string;
  };
  const place = { host: "127.0.0.1", port: Number(/\d+$/.exec(listen)?.[0]) };
  const get = (authorization?: string) =>
    askApi(place, "GET /balto/services", {
      headers: { ...(authorization && { authorization }), "balto-actor": "root" },
    });
  for (const wrong of [
    undefined,
    "Bearer",
    "Bearer x",
    "Basic czNjcmV0LXRva2Vu",
    "Bearer s3cret-token2",
  ]) {
    const refused = await get(wrong);
    expect([refused.status, refused.headers["www-authenticate"]]).toEqual([
      401,
      'Bearer realm="balto"',
    ]);
  }
  expect((await get("Bearer s3cret-token")).status).toBe(200);
  const added = await askApi(place, "POST /balto/services", {
    body: GOOD,
    headers: {
      authorization: "bearer s3cret-token",
      "balto-actor": "root",
      "balto-client": "1.2.3.4",
    },
  });
  expect(added.status).toBe(201);
  // Who is not on the private socket is not believed about who it is.
  expect(writer.audit[0]).toMatchObject({ actor: "token", client: "127.0.0.1" });
  expect(writer.report()).not.toContain("s3cret");
});

it("makes a token where there is none, in a file for this user", async () => {
  const files = Tree.with(tree());
  const home = Tree.with({});
  const writer = await Writer.over(files.folder, {
    args: ["--listen=127.0.0.1:0"],
    env: { HOME: home.folder },
  });
  const file = join(home.folder, ".local/state/balto/admin.token");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await writer.end();
});

it(
  "a file of several megabytes of services is edited, and nothing is lost",
  { timeout: 120_000 },
  async () => {
    const many = Array.from(
      { length: 3000 },
      (_, n) =>
        `  - domain: h${n}.example.com   # ${n}\n    path_prefix: /*\n    ports: [${n + 1}]\n`,
    );
    const files = Tree.with({ "services/many.yaml": `services:\n${many.join("")}` });
    const writer = await over(files);
    const patched = await writer.ask(`PATCH ${at("h1500.example.com-/*")}`, {
      body: { ports: ["60000"] },
      withinMs: 60_000,
    });
    expect(patched.status).toBe(200);
    many[1500] = many[1500]!.replace("[1501]", "[60000]");
    expect(files.read("services/many.yaml")).toBe(`services:\n${many.join("")}`);
    const { stdout } = spawnSync("sh", ["-c", `ls -A ${files.folder}/services`], {
      encoding: "utf8",
    });
    expect(stdout).toBe("many.yaml\n");
  },
);

// `balto run` with its API: when a write is answered, it is in the files and in traffic, both.

import { execFile } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, it, onTestFinished } from "vitest";

import { openContainer } from "../../artifact/container.ts";
import { compile } from "../../compiler/compile.ts";
import { readTree } from "../../compiler/read-tree.ts";
import { startEchoBackend } from "../../examples/echo-backend.ts";
import { Tree } from "../harness/repository.ts";
import { sleep, untilAsync } from "../harness/until.ts";
import { type ApiAnswer, type ApiQuestion, askApi, Writer } from "../harness/writer.ts";
import { startBalto, type Started } from "./cli-process.ts";
import { ask, backend, serving } from "./cli-traffic.ts";
import { at, tree } from "./control-trees.ts";

const TOKEN = "the-token";

interface Running {
  files: Tree;
  started: Started;
  port: number;
  /** Asks the API where Balto serves traffic, beside the token. */
  api: (line: string, question?: ApiQuestion) => Promise<ApiAnswer>;
}

async function run(files: Tree, args: readonly string[] = []): Promise<Running> {
  const started = startBalto(["run", files.folder, "--workers", "2", ...args], {
    env: { BALTO_ADMIN_TOKEN: TOKEN },
  });
  const { port } = await serving(started);
  if (!args.includes("--no-control")) await started.says(/"message":"Listening"/);
  const authorization = `Bearer ${TOKEN}`;
  const api: Running["api"] = (line, question = {}) =>
    askApi({ host: "127.0.0.1", port }, line, {
      ...question,
      headers: { authorization, ...question.headers },
    });
  return { files, started, port, api };
}

function digestOfTree(folder: string): string {
  const { artifact } = compile(readTree(folder));
  return artifact === undefined ? "it does not compile" : openContainer(artifact).digest;
}

it("a control plane registers, updates, reads and removes a service, and each change is served", async () => {
  const [one, two] = [await backend(), await backend()];
  const { api, port, files } = await run(Tree.with(tree()));
  const host = "new.example.com";
  const get = () => ask(port, { host, path: "/n/x" });
  for (let round = 0; round < 5; round++) {
    expect((await get()).status).toBe(404);
    const body = { domain: host, path_prefix: "/n/*", ports: [String(one)] };
    const added = await api("POST /balto/services", { body });
    expect(added.status).toBe(201);
    expect((await get()).echo).toMatchObject({ port: one, path: "/x" });

    const path = at(`${host}-/n/*`);
    const replaced = await api(`PUT ${path}`, { body: { ...body, ports: [String(two)] } });
    expect(replaced.status).toBe(200);
    expect((await get()).echo?.port).toBe(two);
    expect((await api(`GET ${path}`)).json).toEqual(replaced.json);
    const artifact = (await api("GET /balto/artifact")).json as { digest: string };
    expect(artifact.digest).toBe(replaced.headers["balto-digest"]);
    expect(artifact.digest).toBe(digestOfTree(files.folder));

    expect((await api(`DELETE ${path}`)).status).toBe(204);
  }
});

it("what the README prints works beside the token, and without it nothing is written", async () => {
  const { api, port, files } = await run(Tree.with(tree()));
  const place = { host: "127.0.0.1", port };
  expect((await askApi(place, "GET /health")).json).toEqual({ status: "ok" });
  expect((await askApi(place, "GET /balto/health/stats")).json).toMatchObject({ status: "ok" });
  const body = {
    domain: "api.test.example.com",
    path_prefix: "/api/v1/*",
    ports: ["8081", "8082", "8083"],
  };
  const before = files.files();
  expect((await askApi(place, "POST /balto/services", { body })).status).toBe(401);
  expect((await askApi(place, `DELETE ${at("api.example.com-/api/v1/*")}`)).status).toBe(401);
  expect(files.files()).toEqual(before);
  const added = await api("POST /balto/services", { body });
  expect(added.json).toMatchObject(body);
  expect((await api("GET /balto/services")).json).toContainEqual(added.json);
});

it("what the data plane does not load is taken back, and said why", async () => {
  const { api, files } = await run(Tree.with(tree()));
  const before = files.files();
  const { digest } = (await api("GET /balto/artifact")).json as { digest: string };
  const body = { domain: "n.example.com", path_prefix: "/", ports: ["${env:NOT_SET_ANYWHERE}:80"] };
  const refused = await api("POST /balto/services", { body });
  expect(refused.status).toBe(400);
  expect(refused.json.error).toContain("NOT_SET_ANYWHERE");
  expect(files.files()).toEqual(before);
  expect((await api("GET /balto/artifact")).json.digest).toBe(digest);
  const good = await api("POST /balto/services", { body: { ...body, ports: ["1"] } });
  expect(good.status).toBe(201);
});

it("traffic and reading go on while the writer is dead, and it comes back", async () => {
  const one = await backend();
  const files = Tree.with({
    ...tree(),
    "services/live.yaml": `domain: live.example.com\npath_prefix: /*\nports: [${one}]\n`,
  });
  const { api, port, started } = await run(files);
  const [, pid] = /"module":"control".*"pid":(\d+)/.exec(started.out()) ?? [];
  process.kill(Number(pid), "SIGKILL");
  await started.says(/the control process ended with SIGKILL; traffic goes on/);
  expect((await ask(port, { host: "live.example.com", path: "/" })).status).toBe(200);
  const listed = await api("GET /balto/services");
  expect(listed.status).toBe(200);
  expect(listed.json).toHaveLength(4);
  const body = { domain: "n.example.com", path_prefix: "/", ports: ["1"] };
  await untilAsync("the writer writes again", async () => {
    const { status } = await api("POST /balto/services", { body });
    if (status === 503) return false;
    expect(status).toBe(201);
    return true;
  });
});

it("without the writer reading works, and writing says how to get one", async () => {
  const { api } = await run(Tree.with(tree()), ["--no-control"]);
  expect((await api("GET /balto/services")).json).toHaveLength(3);
  const refused = await api("POST /balto/services", { body: {} });
  expect([refused.status, refused.headers["allow"]]).toEqual([405, "GET, HEAD"]);
});

it("a change is refused and taken back when no data plane serves it", async () => {
  const files = Tree.with(tree());
  const nobody = join(Tree.with({}).folder, "admin.sock");
  const writer = await Writer.over(files.folder, { args: [`--data-plane=unix:${nobody}`] });
  const before = [files.files(), readFileSync(writer.artifact)];
  const body = { domain: "n.example.com", path_prefix: "/", ports: ["1"] };
  const refused = await writer.ask("POST /balto/services", { body });
  expect([refused.status, refused.headers["retry-after"]]).toEqual([503, "5"]);
  expect(refused.json.error).toContain("does not answer");
  expect([files.files(), readFileSync(writer.artifact)]).toEqual(before);
});

it(
  "16 clients with 50 writes each: every one is in the files and was served, none is lost",
  { timeout: 300_000 },
  async () => {
    const SERVICES = 4;
    const files = Tree.with({
      "balto.config.yaml": 'server:\n  port: "127.0.0.1:0"\n',
      // Two in a file of their own, two that share one.
      ...Object.fromEntries(
        [0, 1].map((n) => [
          `services/s${n}.yaml`,
          `# own ${n}\ndomain: s${n}.example.com\npath_prefix: /*\nports: [1]\n`,
        ]),
      ),
      "services/shared.yaml": `services:\n${[2, 3]
        .map(
          (n) =>
            `  # shared ${n}\n  - domain: s${n}.example.com\n    path_prefix: /*\n    ports: [1]\n`,
        )
        .join("")}`,
    });
    const { api, started } = await run(files);
    const digests = new Set<string>();
    const written = new Map<string, string[]>();
    let conflicts = 0;
    let isOver = false;

    const client = async (number: number): Promise<void> => {
      for (let write = 0; write < 50; write++) {
        const host = `s${(number + write) % SERVICES}.example.com`;
        const mine = String(1000 + number * 50 + write);
        for (;;) {
          const path = at(`${host}-/*`);
          const read = await api(`GET ${path}`, { withinMs: 60_000 });
          expect(read.status).toBe(200);
          const answer = await api(`PATCH ${path}`, {
            headers: { "if-match": read.etag ?? "" },
            body: { ports: [...(read.json.ports as string[]), mine] },
            withinMs: 60_000,
          });
          if (answer.status === 412) conflicts++;
          // 503: on a slow machine its turn may not come in time, and nothing was changed.
          if (answer.status === 412 || answer.status === 503) continue;
          expect(answer.text).not.toContain("error");
          expect(answer.status).toBe(200);
          digests.add(String(answer.headers["balto-digest"]));
          written.set(host, [...(written.get(host) ?? []), mine]);
          break;
        }
      }
    };
    // Whoever looks at the files meanwhile sees whole ones.
    const looker = async (): Promise<void> => {
      while (!isOver) {
        expect(digestOfTree(files.folder)).toMatch(/^[0-9a-f]{64}$/);
        await sleep(20);
      }
    };
    const looking = looker();
    await Promise.all(Array.from({ length: 16 }, (_, number) => client(number)));
    isOver = true;
    await looking;

    const services = (await api("GET /balto/services")).json as {
      domain: string;
      ports: string[];
    }[];
    expect(services).toHaveLength(SERVICES);
    for (const { domain, ports } of services) {
      expect(ports.toSorted()).toEqual(["1", ...written.get(domain)!].toSorted());
      const file = files.read(
        domain < "s2" ? `services/${domain.slice(0, 2)}.yaml` : "services/shared.yaml",
      );
      for (const port of ports) expect(file).toMatch(new RegExp(`\\b${port}\\b`));
      expect(file).toMatch(/# (?:own|shared) \d/);
    }
    expect([...written.values()].flat()).toHaveLength(16 * 50);
    expect(conflicts).toBeGreaterThan(0);
    const loaded = new Set(
      [...started.out().matchAll(/"digest":"([0-9a-f]{64})".*"message":"Artifact loaded"/g)].map(
        ([, digest]) => digest,
      ),
    );
    expect([...digests].filter((digest) => !loaded.has(digest))).toEqual([]);
    expect((await api("GET /balto/artifact")).json.digest).toBe(digestOfTree(files.folder));
  },
);

it(
  "two writers of one tree, and a hand beside them, lose nothing of each other",
  { timeout: 120_000 },
  async () => {
    const files = Tree.with(tree());
    const writers = await Promise.all([Writer.over(files.folder), Writer.over(files.folder)]);
    const added: string[] = [];
    const client = async (number: number): Promise<void> => {
      for (let write = 0; write < 8; write++) {
        const domain = `c${number}-${write}.example.com`;
        const body = { domain, path_prefix: "/", ports: ["1"] };
        const writer = writers[number % 2]!;
        const answer = await writer.ask("POST /balto/services", { body, withinMs: 60_000 });
        expect(answer).toMatchObject({ status: 201 });
        added.push(domain);
      }
    };
    let isOver = false;
    let lines = 0;
    const hand = async (): Promise<void> => {
      while (!isOver) {
        appendFileSync(join(files.folder, "services/shared.yaml"), `# line ${++lines}\n`);
        await sleep(15);
      }
    };
    const writing = hand();
    try {
      await Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
    } finally {
      isOver = true;
      await writing;
    }
    const names = readdirSync(join(files.folder, "services"));
    expect(names).toHaveLength(2 + added.length);
    expect(files.read("services/shared.yaml").match(/^# line \d+$/gm)).toHaveLength(lines);
    // What another one wrote is seen the next time that the tree is looked at.
    await untilAsync("every service", async () => {
      const { json } = await writers[0]!.ask("GET /balto/services");
      return (json as unknown[]).length === 3 + added.length;
    });
  },
);

it("the backends of a service on ports of this machine are reached as they always were", async () => {
  const echo = await startEchoBackend(0);
  onTestFinished(echo.close);
  const { api, port } = await run(Tree.with(tree()));
  const body = { domain: "p.example.com", path_prefix: "/users/:id", ports: [String(echo.port)] };
  await api("POST /balto/services", { body });
  const { echo: seen } = await ask(port, { host: "p.example.com", path: "/users/7" });
  expect(seen).toMatchObject({ path: "/users/7", headers: { "x-param-id": "7" } });
});

it("whoever has the OpenAPI document and curl can manage services", async () => {
  const one = await backend();
  const { port } = await run(Tree.with(tree()));
  const base = `http://127.0.0.1:${port}`;
  const curl = async (...words: string[]): Promise<{ status: number; body: string }> => {
    const { stdout } = await promisify(execFile)("curl", ["-s", "-w", "\n%{http_code}", ...words]);
    const end = stdout.lastIndexOf("\n");
    return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
  };
  interface Operation {
    operationId: string;
    requestBody?: { content: object };
  }
  const { paths } = JSON.parse((await curl(`${base}/balto/openapi.json`)).body) as {
    paths: Record<string, Record<string, Operation>>;
  };
  /** Nothing is known but the document. */
  const call = async (
    operationId: string,
    id = "",
    body?: object,
  ): Promise<{ status: number; body: string }> => {
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (operation.operationId !== operationId) continue;
        const [type = ""] = Object.keys(operation.requestBody?.content ?? {});
        const sent =
          body === undefined ? [] : ["-H", `Content-Type: ${type}`, "-d", JSON.stringify(body)];
        const url = base + path.replace("{id}", encodeURIComponent(id));
        const who = ["-H", `Authorization: Bearer ${TOKEN}`];
        return curl("-X", method.toUpperCase(), ...who, ...sent, url);
      }
    }
    throw new Error(`the document has no ${operationId}`);
  };
  const seen = async (): Promise<number> =>
    (await curl("-H", "Host: plane.example.com", `${base}/x`)).status;

  const service = { domain: "plane.example.com", path_prefix: "/*", ports: [String(one)] };
  expect(await seen()).toBe(404);
  const created = await call("createService", "", service);
  expect(created.status).toBe(201);
  const { id } = JSON.parse(created.body) as { id: string };
  expect(await seen()).toBe(200);
  expect((await call("patchService", id, { enabled: false })).status).toBe(200);
  expect(await seen()).toBe(404);
  expect((await call("replaceService", id, service)).status).toBe(200);
  expect(await seen()).toBe(200);
  expect(JSON.parse((await call("getService", id)).body)).toMatchObject(service);
  expect((await call("removeService", id)).status).toBe(204);
  expect(await seen()).toBe(404);
});

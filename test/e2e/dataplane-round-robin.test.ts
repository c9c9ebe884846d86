// The seed's tree, compiled from its YAML: three backends in turn for the API, one for the web.

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { compiled } from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";

const root = new URL("../../configs/", import.meta.url);

async function startNamed(name: string): Promise<Origin> {
  return startOrigin((response, { target }) => void response.end(`${name} ${target}`));
}

/** The tree of configs/ with other ports. */
function seedTree(ports: Readonly<Record<string, number>>): Record<string, string> {
  const paths = ["balto.config.yaml", "services/api.yaml", "services/web.yaml"];
  return Object.fromEntries(
    paths.map((path) => {
      const text = readFileSync(new URL(path, root), "utf8");
      return [path, text.replace(/"(\d{4})"/g, (_, port: string) => `"${ports[port]}"`)];
    }),
  );
}

async function startSeed(workers: number) {
  const names = ["8081", "8082", "8083", "3000"];
  const origins = await Promise.all(names.map(startNamed));
  const ports = Object.fromEntries(names.map((name, index) => [name, origins[index]!.port]));
  const env = { BALTO_UPSTREAM_HOST: "127.0.0.1" };
  return { origins, balto: await start(compiled(seedTree(ports)), { workers, env }) };
}

test("with one worker the seed's backends answer exactly in turn, stripped of the prefix", async () => {
  const { balto } = await startSeed(1);
  const answers: string[] = [];
  for (let request = 0; request < 9; request++) {
    const fields = ["Host: api.example.com"];
    answers.push((await ask(balto.port, `GET /api/v1/users/${request}?page=2`, fields)).text);
  }
  expect(answers).toEqual(
    answers.map((_, request) => `${8081 + (request % 3)} /users/${request}?page=2`),
  );
  expect(await ask(balto.port, "GET /any/thing", ["Host: WEB.example.com:5500"])).toMatchObject({
    text: "3000 /any/thing",
  });
  for (const host of ["example.com", "x.api.example.com", "localhost"]) {
    expect((await ask(balto.port, "GET /api/v1/users/1", [`Host: ${host}`])).status).toBe(404);
  }
  expect((await ask(balto.port, "GET /api/v2", ["Host: api.example.com"])).status).toBe(404);
});

test("turns go on over connections: one connection's requests are spread too", async () => {
  const { balto } = await startSeed(1);
  const client = await Client.to(balto.port);
  const first: string[] = [];
  for (let request = 0; request < 3; request++) {
    first.push((await client.ask("GET /api/v1/", ["Host: api.example.com"])).text);
  }
  expect(new Set(first).size).toBe(3);
});

test("with two workers every backend gets exactly its share", async () => {
  const { balto, origins } = await startSeed(2);
  const clients = await Promise.all(Array.from({ length: 24 }, () => Client.to(balto.port)));
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      clients.map(async (client) => {
        const answer = await client.ask("GET /api/v1/x", ["Host: api.example.com"]);
        expect(answer.status).toBe(200);
      }),
    );
  }
  expect(origins.slice(0, 3).map(({ requests }) => requests.length)).toEqual([80, 80, 80]);
});

test("a bare port leads to BALTO_UPSTREAM_HOST, which is localhost where it is not set", async () => {
  const origin = await startNamed("here");
  const tree = {
    "balto.config.yaml": "server:\n  port: 0\n",
    "services/a.yaml": `domain: "*"\npath_prefix: /*\nports: [${origin.port}]\n`,
  };
  const artifact = compiled(tree);
  const withDefault = await start(artifact);
  // The origin is on 127.0.0.1 only; where localhost is ::1 first, the next address must be tried.
  expect(await ask(withDefault.port, "GET /")).toMatchObject({ text: "here /" });
  const named = await start(artifact, { env: { BALTO_UPSTREAM_HOST: "127.0.0.1" } });
  expect(await ask(named.port, "GET /")).toMatchObject({ text: "here /" });
  expect(origin.requests.map((received) => received.field("host"))).toEqual([
    `localhost:${origin.port}`,
    `127.0.0.1:${origin.port}`,
  ]);
});

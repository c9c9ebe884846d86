// `balto status`, `reload`, `services` and `top` against a Balto that runs; and what they say where none does.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { freePort } from "../harness/free-port.ts";
import { Tree } from "../harness/repository.ts";
import { balto, type Ended, startBalto } from "./cli-process.ts";
import { ask, backend, serving } from "./cli-traffic.ts";
import { tree } from "./control-trees.ts";

interface Running {
  files: Tree;
  port: number;
  env: Record<string, string>;
  cli: (...words: string[]) => Promise<Ended>;
}

async function run(): Promise<Running> {
  const files = Tree.with(tree());
  const home = Tree.with({});
  const env = { HOME: home.folder };
  const started = startBalto(["run", files.folder, "--workers", "1"], { env });
  const { port } = await serving(started);
  await started.says(/"message":"Listening"/);
  const cli = (...words: string[]): Promise<Ended> =>
    balto(words, { env: { ...env, BALTO_URL: `http://127.0.0.1:${port}` } });
  return { files, port, env, cli };
}

it("lists, shows, adds, changes and removes services, with the token that Balto made", async () => {
  const one = await backend();
  const { cli, files, port } = await run();
  const listed = await cli("services", "list");
  expect([listed.status, listed.err]).toEqual([0, ""]);
  expect(listed.out.split("\n")[0]).toMatch(/^ID +HOST +PATH +BACKENDS +UPDATED$/);
  expect(listed.out).toMatch(/^[0-9a-f]{12}  api\.example\.com +\/api\/v1\/\* +8081 8082 +\d{4}-/m);

  const keys = ["--domain", "n.example.com", "--path", "/n/*", "--ports", String(one)];
  const added = await cli("services", "add", ...keys);
  expect([added.status, added.err]).toEqual([0, ""]);
  expect((await ask(port, { host: "n.example.com", path: "/n/x" })).echo?.path).toBe("/x");

  const shown = await cli("services", "get", "n.example.com/n/*", "--format", "json");
  const service = JSON.parse(shown.out) as { id: string; ports: string[] };
  expect(service.ports).toEqual([String(one)]);

  const preview = await cli("services", "set", service.id, "--ports", "1,2", "--dry-run");
  expect(preview.out).toContain('+ports: ["1", "2"]');
  expect(files.read("services/n-example-com-n.yaml")).toContain(String(one));
  expect((await cli("services", "set", service.id.slice(0, 8), "--ports", "1,2")).status).toBe(0);
  expect(files.read("services/n-example-com-n.yaml")).toContain('ports: ["1", "2"]');

  const removed = await cli("services", "rm", "n.example.com-/n/*");
  expect([removed.status, removed.err]).toEqual([0, "removed n.example.com/n/*\n"]);
  expect((await ask(port, { host: "n.example.com", path: "/n/x" })).status).toBe(404);
});

it("takes the keys of a service from a file, and as it is printed", async () => {
  const { cli, files } = await run();
  const file = join(files.folder, "service.json");
  files.write(
    "service.json",
    JSON.stringify({ domain: "f.x", path_prefix: "/", ports: ["1"], methods: ["GET"] }),
  );
  expect((await cli("services", "add", "--file", file)).status).toBe(0);
  const shown = await cli("services", "get", "f.x/", "--format", "json");
  files.write("service.json", shown.out.replace('"1"', '"9"'));
  expect((await cli("services", "set", "f.x/", "--file", file, "--replace")).status).toBe(0);
  expect(files.read("services/f-x.yaml")).toBe(
    'domain: f.x\npath_prefix: /\nmethods: [GET]\nports: ["9"]\n',
  );
});

it("says what is wrong with a change, and where", async () => {
  const { cli } = await run();
  const bad = await cli("services", "add", "--domain", "n.x", "--path", "n", "--ports", "1");
  expect(bad.status).toBe(1);
  expect(bad.err).toMatch(
    /balto services: BAL3005 .*\n {2}services\/n-x-n\.yaml:2:14 error BAL3005: .* \(/,
  );
  const missing = await cli("services", "get", "nothing");
  expect([missing.status, missing.err]).toEqual([
    1,
    expect.stringContaining("there is no service nothing"),
  ]);
  const stale = await cli("services", "set", "api", "--ports", "1", "--if-match", '"x"');
  expect([stale.status, stale.err]).toEqual([1, expect.stringContaining("has changed")]);
  for (const words of [["get"], ["list", "x"], ["set", "api"], ["add"], ["lst"], []]) {
    const wrong = await cli("services", ...words);
    expect([wrong.status, wrong.out], words.join(" ")).toEqual([64, ""]);
  }
  expect((await cli("services", "lst")).err).toContain("did you mean list?");
});

it("says how it does, and lets it look at its artifact", async () => {
  const { cli } = await run();
  const status = await cli("status");
  expect(status.status).toBe(0);
  expect(status.out).toMatch(/^ready +yes \(artifact ok, workers 1\/1, draining no\)$/m);
  expect(status.out).toMatch(/^artifact +[0-9a-f]{12}, generation 1, since \d{4}-/m);
  expect(status.out).toMatch(/^services +3$/m);
  const json = JSON.parse((await cli("status", "--format", "json")).out) as { ready: boolean };
  expect(json.ready).toBe(true);
  const reloaded = await cli("reload");
  expect([reloaded.status, reloaded.err]).toEqual([
    0,
    expect.stringMatching(/^unchanged: [0-9a-f]{12}, generation 1\n$/),
  ]);
});

it("shows services and backends once where there is no terminal", async () => {
  const one = await backend();
  const { cli, port } = await run();
  await cli("services", "add", "--domain", "t.example.com", "--path", "/*", "--ports", String(one));
  let isOver = false;
  const asking = (async () => {
    while (!isOver) await ask(port, { host: "t.example.com", path: "/" });
  })();
  const top = await cli("top", "--interval", "1s");
  isOver = true;
  await asking;
  expect([top.status, top.err]).toEqual([0, ""]);
  expect(top.out).toContain("SERVICE");
  expect(top.out).not.toContain("\u001b");
  const [, rate] =
    /^t\.example\.com\S* +\/\* +([0-9.]+) +0\.0 +[0-9.]+ +[0-9.]+$/m.exec(top.out) ?? [];
  expect(Number(rate)).toBeGreaterThan(0);
  expect(top.out).toMatch(
    new RegExp(`^t\\.example\\.com-http://localhost:${one} +[0-9.]+ +0\\.0 `, "m"),
  );
});

it("renews the table on a terminal until q, and leaves the screen as it was", async () => {
  const { env, port } = await run();
  const log = join(env["HOME"] ?? "", "typescript");
  const command = `${process.execPath} bin/balto.js top --interval 200ms`;
  // script(1) gives it a terminal; q is typed when the table has been drawn twice.
  const typing = `until [ "$(grep -ac SERVICE ${log})" -gt 1 ]; do sleep 0.1; done; printf q`;
  const { status } = spawnSync(
    "sh",
    ["-c", `(${typing}) | script --quiet --return --flush --command '${command}' ${log}`],
    {
      env: {
        ...env,
        PATH: process.env["PATH"],
        BALTO_URL: `http://127.0.0.1:${port}`,
        TERM: "xterm",
      },
      timeout: 40_000,
    },
  );
  expect(status).toBe(0);
  const shown = readFileSync(log, "latin1");
  expect(shown).toContain("\u001b[?1049h");
  expect(shown.match(/SERVICE/g)?.length).toBeGreaterThan(1);
  expect(shown.lastIndexOf("\u001b[?1049l")).toBeGreaterThan(shown.lastIndexOf("SERVICE"));
});

it("says so where nothing runs, and where the token is wrong", async () => {
  const port = await freePort();
  for (const words of [["status"], ["reload"], ["services", "list"], ["top"]]) {
    const alone = await balto([...words, "--url", `http://127.0.0.1:${port}`]);
    expect([alone.status, alone.out]).toEqual([1, ""]);
    expect(alone.err).toContain(`no Balto listens at http://127.0.0.1:${port}`);
    expect(alone.err).toContain("balto run");
  }
  const socket = await balto(["status", "--url", "unix:/nowhere/balto.sock"]);
  expect(socket.err).toContain("no Balto listens at unix:/nowhere/balto.sock");
  expect((await balto(["status", "--url", "ftp://x"])).status).toBe(64);

  const { env, port: running } = await run();
  const wrong = { ...env, BALTO_ADMIN_TOKEN: "wrong", BALTO_URL: `http://127.0.0.1:${running}` };
  const refused = await balto(["services", "rm", "api"], { env: wrong });
  expect(refused.status).toBe(1);
  expect(refused.err).toContain("wants a token");
  expect(refused.err).not.toMatch(/\bwrong\b.*Bearer/);
});

it("finds the Balto of the tree it is called in", async () => {
  const port = await freePort();
  const files = Tree.with({
    ...tree(),
    "balto.config.yaml": `server:\n  port: "127.0.0.1:${port}"\n`,
  });
  const started = startBalto(["run", files.folder, "--workers", "1"], {
    env: { HOME: files.folder },
  });
  await serving(started);
  const status = await balto(["status"], { cwd: files.folder, env: { HOME: files.folder } });
  expect(status.out).toContain(`http://127.0.0.1:${port}`);
});

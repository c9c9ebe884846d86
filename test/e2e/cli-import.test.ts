// `balto import`: a file of Balance becomes a tree that checks, and the other commands say so.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { balto, folderWith, put, startBalto } from "./cli-process.ts";
import { ask, backend, serving } from "./cli-traffic.ts";
import { freePort } from "../harness/free-port.ts";

const FILE = `mode: tcp
listen: ":7000"
backends:
  - { name: a, address: "10.0.0.1:80" }
timeouts: { connect: 2s, read: 30s }
`;

it("writes a tree that checks, with the schemas its files name, and warns with lines", async () => {
  const folder = folderWith({ "old/balance.yaml": FILE });
  const imported = await balto(["import", "balance", "old/balance.yaml", "-o", "new"], {
    cwd: folder,
  });
  expect([imported.status, imported.out]).toEqual([0, ""]);
  expect(imported.err).toContain("old/balance.yaml:5:32 warning BAL6103 not-imported");
  expect(imported.err).toContain("wrote new/streams/balance.yaml\n");
  expect(imported.err).toMatch(/\nnow try: balto check new\n$/);
  const checked = await balto(["check", "new"], { cwd: folder });
  expect([checked.status, checked.err]).toEqual([
    0,
    "new: 0 services, 1 stream, 1 backend, no errors\n",
  ]);
  const stream = readFileSync(join(folder, "new/streams/balance.yaml"), "utf8");
  const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(stream)?.[1];
  expect(existsSync(join(folder, "new/streams", schema ?? "none"))).toBe(true);
});

it("takes the word balance or not, configs as the folder, and reports as JSON", async () => {
  const folder = folderWith({ "balance.yaml": FILE });
  const { status, out, err } = await balto(["import", "balance.yaml", "--format", "json", "-q"], {
    cwd: folder,
  });
  expect([status, err]).toEqual([0, ""]);
  const { diagnostics } = JSON.parse(out) as { diagnostics: { code: string; file: string }[] };
  expect(diagnostics.map(({ code, file }) => [code, file])).toEqual([["BAL6103", "balance.yaml"]]);
  expect(existsSync(join(folder, "configs/balto.config.yaml"))).toBe(true);
});

it("touches nothing that is there, and writes nothing of a file with errors", async () => {
  const folder = folderWith({ "balance.yaml": FILE, "configs/balto.config.yaml": "server: {}\n" });
  const refused = await balto(["import", "balance", "balance.yaml"], { cwd: folder });
  expect(refused.status).toBe(1);
  expect(refused.err).toContain("configs/balto.config.yaml is there already");
  expect(existsSync(join(folder, "configs/streams"))).toBe(false);
  expect(readFileSync(join(folder, "configs/balto.config.yaml"), "utf8")).toBe("server: {}\n");
  put(folder, "bad.yaml", FILE.replace("tcp", "udp"));
  const bad = await balto(["import", "balance", "bad.yaml", "-o", "bad"], { cwd: folder });
  expect(bad.status).toBe(1);
  expect(bad.err).toContain("bad.yaml:1:7 error BAL6102");
  expect(existsSync(join(folder, "bad"))).toBe(false);
});

it("says what is missing, and what cannot be read", async () => {
  const folder = folderWith({});
  const missing = await balto(["import"], { cwd: folder });
  expect(missing.status).toBe(64);
  expect(missing.err).toContain("which file should be imported?");
  const none = await balto(["import", "balance", "none.yaml"], { cwd: folder });
  expect(none.status).toBe(1);
  expect(none.err).toContain("none.yaml cannot be read");
  const unfit = await balto(["import", "balance", "."], { cwd: folder });
  expect(unfit.err).toContain(". is not a file");
});

it.each(["run", "check", "compile -o a.artifact"])("%s names the command", async (command) => {
  const folder = folderWith({ "balance.yaml": FILE });
  const { status, err } = await balto([...command.split(" "), "balance.yaml"], { cwd: folder });
  expect(status).toBe(1);
  expect(err).toContain("balance.yaml is a file of Balance");
  expect(err).toContain("`balto import balance balance.yaml -o configs`");
});

it("serves what Balance served over TCP, by the weights of the file", async () => {
  const [a, b] = [await backend(), await backend()];
  const listen = await freePort();
  const file = `mode: tcp
listen: "127.0.0.1:${listen}"
backends:
  - { name: a, address: "localhost:${a}", weight: 3 }
  - { name: b, address: "localhost:${b}", weight: 1 }
load_balancer: { algorithm: weighted-round-robin }
health_check: { enabled: true, interval: 1s }
`;
  const folder = folderWith({ "balance.yaml": file });
  expect((await balto(["import", "balance", "balance.yaml"], { cwd: folder })).status).toBe(0);
  await serving(startBalto(["run", "--workers", "1"], { cwd: folder }));
  const ports: (number | undefined)[] = [];
  for (let turn = 0; turn < 8; turn++) {
    ports.push((await ask(listen, { host: "any", path: "/" })).echo?.port);
  }
  expect(ports.filter((port) => port === a)).toHaveLength(6);
  expect(ports.filter((port) => port === b)).toHaveLength(2);
});

it("is what Balance should have been: the route decides, and the path stays as it is", async () => {
  const [a, b] = [await backend(), await backend()];
  const file = `mode: http
listen: "127.0.0.1:0"
backends:
  - { name: a, address: "localhost:${a}" }
  - { name: b, address: "localhost:${b}" }
http:
  routes:
    - { name: api, path_prefix: /a/, backends: [a] }
    - { name: web, host: www.example.com, backends: [b] }
`;
  const folder = folderWith({ "balance.yaml": file });
  expect((await balto(["import", "balance", "balance.yaml"], { cwd: folder })).status).toBe(0);
  const { port } = await serving(startBalto(["run", "--workers", "1"], { cwd: folder }));
  for (let turn = 0; turn < 3; turn++) {
    const api = await ask(port, { host: "other.example.com", path: "/a/1" });
    expect([api.echo?.port, api.echo?.path]).toEqual([a, "/a/1"]);
    const web = await ask(port, { host: "www.example.com", path: "/" });
    expect([web.echo?.port, web.echo?.headers["host"]]).toEqual([b, "www.example.com"]);
  }
});

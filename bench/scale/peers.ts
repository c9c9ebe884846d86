/**
 * Others with the same routes: from the start of the program until it answers, and its memory then. What
 * stands behind a route is one and the same address for all, so only the routes are compared.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

import { dataPlaneCommand } from "../data-plane.ts";
import { find, residentMiB, stop } from "../proxy/process.ts";
import { requestTo, SERVICES_PER_FILE } from "./tree.ts";

export interface Started {
  readyMs: number;
  residentMiB: number;
}

/** A program that can be given routes; `most` where more take too long to wait for. */
interface Peer {
  name: string;
  most: number;
  /** Writes its configuration and says how to start it. */
  command: (count: number, folder: string, port: number) => readonly string[] | undefined;
}

export const PEERS: readonly Peer[] = [
  { name: "balto serve", most: 1_000_000, command: baltoCommand },
  { name: "nginx, a location each", most: 100_000, command: nginxCommand },
  { name: "HAProxy, one map", most: 1_000_000, command: haproxyCommand },
  { name: "Caddy, a route each", most: 10_000, command: caddyCommand },
];

/** Starts a program with `count` routes, waits until it answers, and ends it. Undefined where it is not installed. */
export async function started(
  peer: Peer,
  count: number,
  folder: string,
): Promise<Started | undefined> {
  const port = await freePort();
  const command = peer.command(count, folder, port);
  if (command === undefined) return undefined;
  const start = performance.now();
  const child = spawn(command[0]!, command.slice(1), { stdio: "ignore" });
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`${peer.name} ended by itself`);
      if (performance.now() - start > WAIT_MAX_MS) throw new Error(`${peer.name} does not answer`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { readyMs: performance.now() - start, residentMiB: residentMiB(child.pid!) };
  } finally {
    await stop(child);
  }
}

const WAIT_MAX_MS = 120_000;

/** With the artifact that was measured before, on one worker. */
function baltoCommand(_: number, folder: string, port: number): string[] {
  const artifact = join(folder, "balto.artifact");
  const listen = `127.0.0.1:${port}`;
  const words = ["--artifact", artifact, "--workers", "1", "--listen", listen];
  return [...dataPlaneCommand(), ...words];
}

function nginxCommand(count: number, folder: string, port: number): string[] | undefined {
  const nginx = find("nginx");
  if (nginx === undefined) return undefined;
  const servers = hosts(count).map(([host, paths]) => {
    const locations = paths.map((path) => `location ${path} { proxy_pass http://origin; }`);
    return `server { listen 127.0.0.1:${port}; server_name ${host}; ${locations.join("\n")} }`;
  });
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; daemon off;
pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 1000; }
http {
  access_log off; server_names_hash_max_size 65536; server_names_hash_bucket_size 128;
  upstream origin { server 127.0.0.1:9; }
  ${servers.join("\n")}
}`,
  );
  return [nginx, "-e", `${folder}/nginx.log`, "-c", file];
}

function haproxyCommand(count: number, folder: string, port: number): string[] | undefined {
  const haproxy = find("haproxy");
  if (haproxy === undefined) return undefined;
  const map = join(folder, "routes.map");
  const lines = hosts(count).flatMap(([host, paths]) =>
    paths.map((path) => `${host}${path} origin`),
  );
  writeFileSync(map, `${lines.join("\n")}\n`);
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend front
  bind 127.0.0.1:${port}
  use_backend %[base,map_beg(${map},origin)]
backend origin
  server origin 127.0.0.1:9
`,
  );
  return [haproxy, "-db", "-f", file];
}

function caddyCommand(count: number, folder: string, port: number): string[] | undefined {
  const caddy = find("caddy");
  if (caddy === undefined) return undefined;
  const handle = [{ handler: "reverse_proxy", upstreams: [{ dial: "127.0.0.1:9" }] }];
  const routes = hosts(count).flatMap(([host, paths]) =>
    paths.map((path) => ({ match: [{ host: [host], path: [`${path}*`] }], handle })),
  );
  const server = { listen: [`127.0.0.1:${port}`], automatic_https: { disable: true }, routes };
  const file = join(folder, "caddy.json");
  writeFileSync(
    file,
    JSON.stringify({ admin: { disabled: true }, apps: { http: { servers: { front: server } } } }),
  );
  return [caddy, "run", "--config", file];
}

/** Hosts with the literal part of each route's path. */
function hosts(count: number): [host: string, paths: string[]][] {
  return Array.from({ length: Math.ceil(count / SERVICES_PER_FILE) }, (_, file) => {
    const first = file * SERVICES_PER_FILE;
    const length = Math.min(SERVICES_PER_FILE, count - first);
    const paths = Array.from({ length }, (_, i) => {
      return requestTo(first + i).path.replace(/(?:4711|list\/page)$/, "");
    });
    return [requestTo(first).host, [...new Set(paths)]];
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

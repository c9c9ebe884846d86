/**
 * The proxies that are measured, each set up to do the same: keep connections on both sides, set the
 * forwarding fields, write no access log.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { compile } from "../../compiler/compile.ts";
import { dataPlaneCommand } from "../data-plane.ts";
import { find, output, type Peer, startPinned } from "./process.ts";

/** Where a peer is started: its core, its port, what is behind it, and a folder for its files. */
export interface Place {
  core: number;
  port: number;
  origin: number;
  folder: string;
}

type Start = (place: Place) => Promise<Peer | undefined>;

/** In the order of the report. A peer that is not installed is left out. */
export const PEERS: readonly Start[] = [
  startNginx,
  startHaproxy,
  startBalto,
  startCaddy,
  startUndici,
  startFastify,
  startHttpProxy3,
  startHttpProxy,
];

/** The origin: nginx, answering from memory and from files. */
export async function startOrigin({ core, port, folder }: Place): Promise<Peer> {
  const nginx = find("nginx");
  if (nginx === undefined) throw new Error("the benchmark's origin is nginx: install it");
  const root = join(folder, "www");
  mkdirSync(root, { recursive: true });
  for (const [name, bytes] of Object.entries(SIZES))
    writeFileSync(join(root, name), Buffer.alloc(bytes, 97));
  return startNginxWith(
    core,
    port,
    folder,
    "origin",
    `
    client_max_body_size 16m;
    location = /60 { return 200 "${"x".repeat(60)}"; }
    location / { root ${root}; }`,
  );
}

/** Answers by path. Bytes. */
const SIZES = { "1k": 1024, "16k": 16 * 1024, "1m": 1024 * 1024 };

async function startNginx({ core, port, origin, folder }: Place): Promise<Peer | undefined> {
  if (find("nginx") === undefined) return undefined;
  return startNginxWith(
    core,
    port,
    folder,
    "nginx",
    `
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
    }`,
    `upstream origin { server 127.0.0.1:${origin}; keepalive 256; }`,
  );
}

async function startNginxWith(
  core: number,
  port: number,
  folder: string,
  name: string,
  server: string,
  http = "",
): Promise<Peer> {
  const nginx = find("nginx") as string;
  const file = join(folder, `${name}.conf`);
  writeFileSync(
    file,
    `
${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; daemon off; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log;
events { worker_connections 10000; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
  ${http}
  server { listen 127.0.0.1:${port}; ${server} }
}`,
  );
  const child = await startPinned(core, [nginx, "-e", `${folder}/${name}.log`, "-c", file], port);
  return { name: "nginx", version: versionOf(nginx, ["-v"]), port, process: child };
}

async function startHaproxy({ core, port, origin, folder }: Place): Promise<Peer | undefined> {
  const haproxy = find("haproxy");
  if (haproxy === undefined) return undefined;
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
  http-reuse always
frontend front
  bind 127.0.0.1:${port}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend back
backend back
  server origin 127.0.0.1:${origin}
`,
  );
  const child = await startPinned(core, [haproxy, "-db", "-f", file], port);
  return { name: "HAProxy", version: versionOf(haproxy, ["-v"]), port, process: child };
}

async function startCaddy({ core, port, origin, folder }: Place): Promise<Peer | undefined> {
  const caddy = find("caddy");
  if (caddy === undefined) return undefined;
  const file = join(folder, "Caddyfile");
  const site = `http://127.0.0.1:${port}, http://:${port} {\n  reverse_proxy 127.0.0.1:${origin}\n}\n`;
  writeFileSync(
    file,
    `{\n  admin off\n  auto_https off\n  log {\n    output discard\n  }\n}\n${site}`,
  );
  const command = [caddy, "run", "--adapter", "caddyfile", "--config", file];
  const child = await startPinned(core, command, port);
  return { name: "Caddy", version: versionOf(caddy, ["version"]), port, process: child };
}

async function startHttpProxy(place: Place): Promise<Peer> {
  return startNode(place, "http-proxy-server.js", "http-proxy", versionOfPackage("http-proxy"));
}

async function startHttpProxy3(place: Place): Promise<Peer> {
  const version = versionOfPackage("http-proxy-3");
  return startNode(place, "http-proxy-3-server.js", "http-proxy-3", version);
}

async function startFastify(place: Place): Promise<Peer> {
  const version = versionOfPackage("@fastify/http-proxy");
  return startNode(place, "fastify-server.js", "fastify-proxy", version);
}

async function startUndici(place: Place): Promise<Peer> {
  return startNode(place, "undici-server.js", "http+undici", versionOfPackage("undici"));
}

async function startNode(
  { core, port, origin }: Place,
  script: string,
  name: string,
  version: string,
): Promise<Peer> {
  const file = join(import.meta.dirname, script);
  const command = [process.execPath, file, String(port), `http://127.0.0.1:${origin}`];
  return { name, version, port, process: await startPinned(core, command, port) };
}

function versionOfPackage(name: string): string {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** How a Balto of a benchmark differs from the plain one. */
export interface BaltoOptions {
  workers?: number;
  /** Flags for Node itself. */
  node?: readonly string[];
  /** Ports of its backends, where they are not the place's origin alone. */
  origins?: readonly number[];
  /** Further keys of its service, as in a YAML mapping without braces. */
  settings?: string | undefined;
  /** Further keys of `global`, likewise. */
  global?: string | undefined;
  /** Told of each line on standard output. */
  onLine?: (line: string) => void;
}

/** Balto with one service that takes everything; its artifact is `balto.artifact` in the place's folder. */
export async function startBalto(
  { core, port, origin, folder }: Place,
  { workers = 1, node = [], origins = [origin], settings, global, onLine }: BaltoOptions = {},
): Promise<Peer> {
  const file = join(folder, "balto.artifact");
  writeFileSync(file, baltoArtifact(port, origins, { settings, global }));
  const command = dataPlaneCommand(node);
  command.push("--artifact", file, "--workers", String(workers));
  return {
    name: "balto",
    version: "this tree",
    port,
    process: await startPinned(core, command, port, onLine),
  };
}

/** The artifact of one service that takes everything; `name` tells one generation from another. */
export function baltoArtifact(
  port: number,
  origins: readonly number[],
  {
    name = "all",
    settings,
    global,
  }: Pick<BaltoOptions, "settings" | "global"> & { name?: string } = {},
): Uint8Array {
  const ports = origins.map((origin) => `"127.0.0.1:${origin}"`).join(", ");
  const config = `
server: { port: "127.0.0.1:${port}" }
global: { timeouts: { idle: 10m }${global === undefined ? "" : `, ${global}`} }
services:
  - { name: "${name}", domain: "*", path_prefix: "/*", ports: [${ports}]${settings === undefined ? "" : `, ${settings}`} }
`;
  const { artifact, diagnostics } = compile({
    files: [{ path: "balto.config.yaml", content: Buffer.from(config) }],
  });
  if (artifact === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return artifact;
}

/** The number in what a program says of its version; nginx says it on standard error. */
export function versionOf(program: string, args: readonly string[]): string {
  const text = output("sh", ["-c", `${program} ${args.join(" ")} 2>&1`]);
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? "?";
}

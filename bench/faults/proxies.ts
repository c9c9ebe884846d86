/**
 * The proxies of the experiments. Each is told the same as far as it can be: a connection within a second,
 * an answer to begin within a second and to go on within a second, up to two further attempts elsewhere, a
 * health check every second that takes out after three failures and back after two, and traffic's own
 * failures counted, three in a row for five seconds.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { dataPlaneCommand } from "../data-plane.ts";
import { compile } from "../../compiler/compile.ts";
import { versionOf } from "../proxy/peers.ts";
import { find, type Peer, startPinned } from "../proxy/process.ts";

/** Where a proxy is started, and what is behind it. */
export interface Place {
  core: number;
  port: number;
  backends: readonly number[];
  folder: string;
}

/** A proxy that is not installed is left out. */
export const PROXIES: readonly ((place: Place) => Promise<Peer | undefined>)[] = [
  startBalto,
  startNginx,
  startHaproxy,
  startCaddy,
];

async function startBalto({ core, port, backends, folder }: Place): Promise<Peer> {
  const config = `
server: { port: "127.0.0.1:${port}" }
services:
  - domain: "*"
    path_prefix: "/*"
    ports: [${backends.map((backend) => `"127.0.0.1:${backend}"`).join(", ")}]
    timeouts: { connect: 1s, response: 1s, read: 1s }
    retry:
      attempts: 2
      on: [connect-failure, reset, timeout, "500", "502", "503", "504"]
    health_check:
      path: /health
      interval: 1s
      jitter: 0s
      timeout: 1s
      unhealthy_threshold: 3
      healthy_threshold: 2
      passive: { consecutive_failures: 3, ejection_time: 5s, ejection_time_max: 5s }
`;
  const { artifact, diagnostics } = compile({
    files: [{ path: "balto.config.yaml", content: Buffer.from(config) }],
  });
  if (artifact === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const file = join(folder, "balto.artifact");
  writeFileSync(file, artifact);
  const command = [...dataPlaneCommand(), "--artifact", file, "--workers", "1"];
  return { name: "Balto", version: "", port, process: await startPinned(core, command, port) };
}

/** It has no active health checks without a licence. */
async function startNginx({ core, port, backends, folder }: Place): Promise<Peer | undefined> {
  const nginx = find("nginx");
  if (nginx === undefined) return undefined;
  const file = join(folder, "nginx.conf");
  const servers = backends.map(
    (backend) => `server 127.0.0.1:${backend} max_fails=3 fail_timeout=5s;`,
  );
  writeFileSync(
    file,
    `
${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 1000; }
http {
  access_log off;
  upstream backends { ${servers.join(" ")} keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://backends;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 1s;
      proxy_read_timeout 1s;
      proxy_next_upstream error timeout http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries 3;
    }
  }
}`,
  );
  const child = await startPinned(core, [nginx, "-e", `${folder}/nginx.log`, "-c", file], port);
  return { name: "nginx", version: versionOf(nginx, ["-v"]), port, process: child };
}

async function startHaproxy({ core, port, backends, folder }: Place): Promise<Peer | undefined> {
  const haproxy = find("haproxy");
  if (haproxy === undefined) return undefined;
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 900
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 1s
  timeout check 1s
  retries 2
  option redispatch 1
  retry-on conn-failure empty-response junk-response response-timeout 500 502 503 504
  http-reuse safe
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  balance roundrobin
  option httpchk GET /health
  default-server check inter 1s fall 3 rise 2 observe layer7 error-limit 3 on-error mark-down
${backends.map((backend) => `  server b${backend} 127.0.0.1:${backend}`).join("\n")}
`,
  );
  const child = await startPinned(core, [haproxy, "-q", "-db", "-f", file], port);
  return { name: "HAProxy", version: versionOf(haproxy, ["-v"]), port, process: child };
}

async function startCaddy({ core, port, backends, folder }: Place): Promise<Peer | undefined> {
  const caddy = find("caddy");
  if (caddy === undefined) return undefined;
  const file = join(folder, "Caddyfile");
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
  log {
    output discard
  }
}
http://127.0.0.1:${port}, http://:${port} {
  reverse_proxy ${backends.map((backend) => `127.0.0.1:${backend}`).join(" ")} {
    lb_policy round_robin
    lb_retries 2
    lb_try_duration 3s
    lb_try_interval 25ms
    fail_duration 5s
    max_fails 3
    unhealthy_status 500 502 503 504
    health_uri /health
    health_interval 1s
    health_timeout 1s
    health_status 2xx
    transport http {
      dial_timeout 1s
      response_header_timeout 1s
      read_timeout 1s
    }
  }
}
`,
  );
  const command = [caddy, "run", "--adapter", "caddyfile", "--config", file];
  const child = await startPinned(core, command, port);
  return { name: "Caddy", version: versionOf(caddy, ["version"]), port, process: child };
}

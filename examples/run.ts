/**
 * `make run`, and `node examples/run.ts examples/parameters`: a config tree served by Balto, with echo
 * backends on the local ports that it names, for a newcomer has none. They end together.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

import type { Model } from "../artifact/model.ts";
import { fillReferences, parseReferences } from "../artifact/reference.ts";
import { compile } from "../compiler/compile.ts";
import { readTree } from "../compiler/read-tree.ts";
import { findToken } from "../control/token.ts";
import { startEchoBackend } from "./echo-backend.ts";
import type { EchoBackend } from "./echo-backend.ts";

const LAUNCHER = fileURLToPath(new URL("../bin/balto.js", import.meta.url));

const [folder = "configs", ...flags] = process.argv.slice(2);
const { model } = compile(readTree(folder));
// A tree with errors has no model: balto says what they are.
const backends = model === undefined ? [] : await startBackends(localPorts(model));
if (model !== undefined) {
  say(`try: curl -i -H 'Host: ${exampleHost(model)}' ${exampleUrl(model)}`);
  if (!flags.includes("--no-control")) sayHowToAsk(`http://localhost:${portOf(model)}`);
}
process.exitCode = await runBalto();
await Promise.all(backends.map(async (backend) => backend.close()));

async function startBackends(ports: readonly number[]): Promise<EchoBackend[]> {
  const started: EchoBackend[] = [];
  for (const port of ports) {
    try {
      started.push(await startEchoBackend(port));
      say(`echo backend on localhost:${port}`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === "EADDRINUSE" ? "is taken: what listens there is the backend" : code;
      say(`port ${port} ${why}`);
    }
  }
  return started;
}

/** Resolves to balto's exit status. */
function runBalto(): Promise<number> {
  // In a session of its own, Ctrl-C reaches it once, through us; it ends when its stdin does.
  const child = spawn(process.execPath, [LAUNCHER, "run", folder, "--parent-pipe", ...flags], {
    stdio: ["pipe", "inherit", "inherit"],
    detached: true,
  });
  child.stdin.on("error", () => undefined);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal]));
    });
  });
}

/** The ports of this machine that the tree's backends are on. */
function localPorts({ pools }: Model): number[] {
  const urls = pools.flatMap((pool) => pool.backends.map((backend) => resolved(backend.url)));
  const ports = urls
    .map((url) => /^(?:http|tcp):\/\/(?:localhost|127\.0\.0\.1|\[::1\]):([0-9]+)/i.exec(url)?.[1])
    .filter((port) => port !== undefined);
  return [...new Set(ports.map(Number))].toSorted((a, b) => a - b);
}

function exampleHost({ services }: Model): string {
  return services[0]?.domains[0]?.replace("*", "any") ?? "localhost";
}

function exampleUrl(model: Model): string {
  const { services } = model;
  const path = services[0]?.pattern.replace("*", "hello").replaceAll(/:([^/]+)/g, "$1") ?? "/";
  return `http://localhost:${portOf(model)}${path}`;
}

function portOf({ settings }: Model): string {
  return /[0-9]+$/.exec(resolved(settings.listen))?.[0] ?? "5500";
}

/** The API: reading from this machine needs no token; the one for writing is made at the first start. */
function sayHowToAsk(url: string): void {
  const { file } = findToken(process.env);
  const token = file === undefined ? "$BALTO_ADMIN_TOKEN" : `$(cat ${file})`;
  say(`api: curl ${url}/balto/services`);
  say(`     curl -H "Authorization: Bearer ${token}" -H 'Content-Type: application/json' \\`);
  say(
    `       -d '{"domain":"new.example.com","path_prefix":"/*","ports":["3000"]}' ${url}/balto/services`,
  );
}

function resolved(text: string): string {
  const parts = parseReferences(text);
  if (!Array.isArray(parts)) return text;
  const filled = fillReferences(parts, (part) =>
    part.kind === "env" ? process.env[part.name] : undefined,
  );
  return "value" in filled ? filled.value : text;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

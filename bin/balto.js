#!/usr/bin/env node
// Starts the `balto` command on a Node that can run it. Plain JavaScript that old Node versions can read:
// on Node 24 or newer the command runs in this process, otherwise in the Node the package carries.

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import * as module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const requiredMajor = 24;
const exitNoUsableNode = 69;
const forwardedSignals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"];

const major = Number(process.versions.node.split(".")[0]);
const namedNode = process.env["BALTO_NODE"];

if (namedNode) {
  runIn(namedNode, "BALTO_NODE names it");
} else if (major >= requiredMajor) {
  await runHere();
} else {
  const carried = carriedNode();
  if (carried) runIn(carried, "it is carried by the package");
  else
    giveUp(
      `this is Node ${process.versions.node}, and the package carries none for ${process.platform} ${process.arch}`,
    );
}

/** A checkout has TypeScript sources; a published package has only what tsc made of them. */
async function runHere() {
  const source = new URL("../cli/main.ts", import.meta.url);
  if (!existsSync(source)) return import(new URL("../dist/cli/main.js", import.meta.url).href);
  // What Node makes of the sources is kept, for the processes started from here too: reading TypeScript
  // costs each thread 20 MB and 0.1 s, reading what was kept next to nothing.
  const cache = fileURLToPath(new URL("../node_modules/.cache/balto/", import.meta.url));
  process.env["NODE_COMPILE_CACHE"] ??= cache;
  module.enableCompileCache?.(process.env["NODE_COMPILE_CACHE"]);
  return import(source.href);
}

/** The Node binary that came as an optional dependency, if it is there. */
function carriedNode() {
  try {
    const require = module.createRequire(import.meta.url);
    const manifest = require.resolve(`node-${process.platform}-${process.arch}/package.json`);
    const binary = join(dirname(manifest), "bin", "node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Runs this same launcher in another Node and becomes as transparent as a parent can be. */
function runIn(node, why) {
  const env = { ...process.env };
  delete env["BALTO_NODE"]; // the child must not look for yet another Node
  const script = fileURLToPath(import.meta.url);
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: "inherit", env });

  for (const signal of forwardedSignals) {
    process.on(signal, () => {
      if (signal === "SIGINT" && ownsTerminal()) return; // the terminal sent it to the child too, and a second means "now"
      child.kill(signal);
    });
  }
  child.on("error", (error) => giveUp(`${node} did not start (${why}): ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    process.removeAllListeners(signal);
    process.exitCode = 128 + constants.signals[signal]; // should the signal below not end us
    process.kill(process.pid, signal);
  });
}

/** Whether Ctrl-C in a terminal reaches our whole process group, the child included. */
function ownsTerminal() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // After the command name in brackets: state, parent, process group, session, terminal, its foreground group.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[2] === fields[5];
  } catch {
    return process.stdin.isTTY === true;
  }
}

function giveUp(reason) {
  process.stderr.write(
    [
      `balto: Node ${requiredMajor} or newer is needed: ${reason}.`,
      "To mend it, do one of these:",
      "  - in a checkout run `make` or `npm ci` (without --omit=optional): Linux on x64 and arm64 get their own Node 24;",
      "  - install Node 24 or newer and put it first in PATH;",
      "  - set BALTO_NODE to the path of a Node 24 or newer.",
      "",
    ].join("\n"),
  );
  process.exitCode = exitNoUsableNode;
}

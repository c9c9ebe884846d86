/** `balto control`: the REST API that writes a config tree. */
import { resolve } from "node:path";

import { parseListenAddress } from "../../artifact/address.ts";
import { type Control, startControl } from "../../control/control.ts";
import type { DataPlaneAddress } from "../../control/data-plane-client.ts";
import type { Listen } from "../../control/http/server.ts";
import { logTo } from "../../control/log.ts";
import { ensureToken, findToken } from "../../control/token.ts";
import { recoverTree } from "../../control/write/recover.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { FolderCompiler } from "../compiled-folder.ts";
import { configFolder } from "../config-folder.ts";
import { makeRoom } from "../heap.ts";
import { EXIT_OK } from "../exit-code.ts";
import { Failure, reason, UsageError } from "../failure.ts";
import { signer } from "../key-file.ts";
import { artifactLock, digestAndTime, follow } from "../follow.ts";
import { contents } from "../model-summary.ts";
import { publishChange } from "../publish.ts";
import { printReport } from "../report-flags.ts";
import { onInputClosed, onStopSignal } from "../stop-signals.ts";
import type { Terminal } from "../terminal.ts";
import type { FolderWatch } from "../watch-folder.ts";

/** Where it listens when nobody says. */
const LISTEN_DEFAULT = "127.0.0.1:5501";

export const controlCommand: AnyCommand = command({
  name: "control",
  summary: "Serve the REST API that writes a config tree",
  description: `
\`balto run\` starts this by itself. Alone it belongs beside a data plane elsewhere: each change is
checked, written to the tree, committed where \`api.git\` says so, published to --artifact, and
answered when the data plane at --data-plane serves it. Without --data-plane it is answered when it is
published; without --artifact nothing is published.

ADDRESS is unix:PATH, a socket that only this user can open, or HOST:PORT, which asks every request for
the token. Changes made by hand are compiled and published too. A change that a crash cut off is
completed or taken back at the next start.`,
  operand: { name: "DIR", summary: "The config tree" },
  flags: {
    listen: {
      type: "string",
      value: "ADDRESS",
      summary: `Listen here (default: BALTO_CONTROL_SOCKET, else ${LISTEN_DEFAULT})`,
    },
    artifact: { type: "string", value: "FILE", summary: "Publish the artifact here" },
    sign: {
      type: "string",
      value: "KEY",
      summary: "Sign what is published with this private key: a file, or env:NAME",
      repeated: true,
    },
    "data-plane": {
      type: "string",
      value: "URL",
      summary: "The data plane that must serve a change: http://HOST:PORT or unix:PATH",
    },
    "no-follow": { type: "boolean", summary: "Do not publish changes made by hand" },
    quiet: { type: "boolean", short: "q", summary: "Say nothing but diagnostics and the log" },
    "parent-pipe": {
      type: "boolean",
      summary: "End when standard input closes, for a parent that must leave nothing behind",
    },
  },
  examples: [
    "balto control configs --artifact balto.artifact --data-plane http://127.0.0.1:5500",
    "balto control configs --artifact balto.artifact --sign release.key",
    "balto control configs --listen unix:/run/balto/control.sock --artifact balto.artifact",
  ],
  run: async ({ operand, flags, terminal }) => {
    const { artifact, "data-plane": dataPlane } = flags;
    const listen = listenFrom(flags.listen, terminal.env);
    const address = dataPlane === undefined ? undefined : dataPlaneFrom(dataPlane, terminal.env);
    const folder = configFolder(operand, terminal.env);
    makeRoom(folder);
    const signed = signer(flags.sign, terminal);
    const log = logTo((line) => terminal.out(line));
    const following =
      artifact === undefined || flags["no-follow"]
        ? undefined
        : await followed(folder, resolve(artifact), signed, flags.quiet, terminal);
    let control: Control;
    try {
      control = await started({
        tree: folder,
        listen,
        token: "socket" in listen ? undefined : tokenOf(terminal.env),
        artifact: artifact === undefined ? undefined : resolve(artifact),
        signed,
        dataPlane: address,
        log,
        stepDone: failpoint(terminal.env),
      });
    } catch (error) {
      await following?.close();
      throw error;
    }
    await stopped(flags["parent-pipe"]);
    await control.close();
    await following?.close();
    return EXIT_OK;
  },
});

/** Publishes the tree as it is, and from then on what becomes of it by hand. */
async function followed(
  folder: string,
  artifact: string,
  signed: (artifact: Uint8Array) => Uint8Array,
  quiet: boolean,
  terminal: Terminal,
): Promise<FolderWatch> {
  await recoverTree(folder);
  const lock = await artifactLock(artifact);
  const compiler = new FolderCompiler(folder);
  const compiled = compiler.compile();
  const { result, elapsedMs } = compiled;
  try {
    if (result !== undefined) publishChange(artifact, signed(result.artifact));
  } finally {
    lock.release();
  }
  printReport(compiled, "text", terminal);
  if (result !== undefined) {
    const digest = digestAndTime(result.digest, elapsedMs);
    if (!quiet) terminal.note(`${folder}: ${contents(result.model)} · ${digest}\n`);
  }
  return follow(compiled, {
    compiler,
    artifact,
    publish: ({ artifact: bytes }) => publishChange(artifact, signed(bytes)),
    kept: "stays",
    quiet,
    terminal,
  });
}

async function started(options: Parameters<typeof startControl>[0]): Promise<Control> {
  try {
    return await startControl(options);
  } catch (error) {
    throw new Failure(`the API cannot start: ${reason(error)}`);
  }
}

/** Until the first signal; a second one does not wait for what is under way. */
async function stopped(parentPipe: boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    onStopSignal((count) => {
      resolve();
      // What is cut is mended at the next start, as after a crash.
      if (count > 1) process.kill(process.pid, "SIGKILL");
    });
    if (parentPipe) onInputClosed(() => resolve());
  });
}

/** @throws UsageError */
function listenFrom(text: string | undefined, env: Terminal["env"]): Listen {
  const fromEnv = env["BALTO_CONTROL_SOCKET"];
  if (text === undefined && fromEnv !== undefined && fromEnv !== "") return { socket: fromEnv };
  const named = text ?? LISTEN_DEFAULT;
  const path = /^unix:(.*)$/.exec(named)?.[1];
  if (path !== undefined) return { socket: socketPath("--listen", path) };
  const address = parseListenAddress(named);
  if (typeof address !== "string") return address;
  throw new UsageError(`--listen: ${address}`, ["for example: --listen 127.0.0.1:5501"]);
}

/** @throws UsageError */
function dataPlaneFrom(text: string, env: Terminal["env"]): DataPlaneAddress {
  const path = /^unix:(.*)$/.exec(text)?.[1];
  if (path !== undefined) {
    return { url: `unix:${socketPath("--data-plane", path)}`, token: undefined };
  }
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) {
    return { url: text, token: findToken(env).token };
  }
  throw new UsageError(`--data-plane: "${text}" is no address of a data plane`, [
    "for example: --data-plane http://127.0.0.1:5500",
  ]);
}

/** What the address of a Unix socket can hold on Linux. */
const SOCKET_PATH_BYTES_MAX = 107;

function socketPath(flag: string, path: string): string {
  const full = resolve(path);
  if (path !== "" && Buffer.byteLength(full) <= SOCKET_PATH_BYTES_MAX) return full;
  const why = path === "" ? "the path is missing" : `${full} is too long for a socket`;
  throw new UsageError(`${flag}: ${why}`, [`for example: ${flag} unix:/run/balto/control.sock`]);
}

/** @throws Failure */
function tokenOf(env: Terminal["env"]): string {
  try {
    return ensureToken(env).token;
  } catch (error) {
    const help = "set BALTO_ADMIN_TOKEN or BALTO_ADMIN_TOKEN_FILE";
    throw new Failure(`there is no token, and none can be made: ${reason(error)}`, help);
  }
}

/** The tests let the process die at a step of a change; nothing else sets the variable. */
function failpoint(env: Terminal["env"]): (step: string) => void {
  const fatal = env["BALTO_TEST_DIE_AFTER"];
  return (step) => {
    if (step === fatal) process.kill(process.pid, "SIGKILL");
  };
}

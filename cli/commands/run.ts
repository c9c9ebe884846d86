/**
 * `balto run`: compile, serve, watch. The data plane is a process of its own; if it ends without
 * being asked to, so does this command, because a restart would hide why.
 */
import { join } from "node:path";

import { recoverTree } from "../../control/write/recover.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { FolderCompiler } from "../compiled-folder.ts";
import type { CompiledFolder, CompileResult } from "../compiled-folder.ts";
import { configFolder } from "../config-folder.ts";
import { makeRoom } from "../heap.ts";
import { type ControlProcess, startControlProcess } from "../control-process.ts";
import { checkDataPlaneFlags, DATA_PLANE_FLAGS } from "../data-plane-flags.ts";
import { startDataPlane } from "../data-plane-process.ts";
import type { ControlSockets, DataPlaneProcess } from "../data-plane-process.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import { Failure, reason } from "../failure.ts";
import { digestAndTime, follow } from "../follow.ts";
import { contents } from "../model-summary.ts";
import { makePrivateFolder } from "../private-folder.ts";
import { publishChange } from "../publish.ts";
import { printReport } from "../report-flags.ts";
import { onInputClosed, onStopSignal } from "../stop-signals.ts";
import type { Terminal } from "../terminal.ts";

export const runCommand: AnyCommand = command({
  name: "run",
  summary: "Compile a config tree, serve it, and follow its changes",
  description: `
The data plane runs as a process of its own and takes in each change of the tree without closing a
connection. Each change is reported in one line, with the warnings that are new. A change with errors
is reported with its diagnostics, and the last good tree keeps serving. A tree that has errors at start
ends the command with status 1, unless --wait is given.

SIGINT and SIGTERM drain the data plane and end both; a second one cuts. If the data plane ends by
itself, the command says so and ends with status 1. The artifact is published to a private temporary
folder, never into the tree.

The REST API that writes the tree (\`balto control\`) runs as a third process, which the data plane passes
requests to: where Balto serves traffic, it answers /balto/services. Should it die, traffic goes on and it
is started again.`,
  operand: { name: "DIR", summary: "The config tree" },
  flags: {
    ...DATA_PLANE_FLAGS,
    wait: { type: "boolean", summary: "Wait for a tree without errors instead of failing" },
    "no-control": { type: "boolean", summary: "Do not start the REST API that writes the tree" },
    quiet: { type: "boolean", short: "q", summary: "Say nothing but diagnostics" },
    "parent-pipe": {
      type: "boolean",
      summary: "End when standard input closes, for a parent that must leave nothing behind",
    },
  },
  examples: ["balto run configs", "balto run configs --workers 2 --listen 127.0.0.1:8080"],
  run: async ({ operand, flags, terminal }) => {
    checkDataPlaneFlags(flags);
    const folder = configFolder(operand, terminal.env);
    makeRoom(folder);
    await mend(folder, terminal);
    const compiler = new FolderCompiler(folder);
    const compiled = compiler.compile();
    printReport(compiled, "text", terminal);
    const { result, elapsedMs } = compiled;
    if (result === undefined && !flags.wait) return EXIT_FAILED;
    if (result !== undefined && !flags.quiet) {
      const digest = digestAndTime(result.digest, elapsedMs);
      terminal.note(`${folder}: ${contents(result.model)} · ${digest}\n`);
    }
    return serveAndFollow({
      compiler,
      first: compiled,
      workers: flags.workers,
      listen: flags.listen,
      quiet: flags.quiet,
      withControl: !flags["no-control"],
      parentPipe: flags["parent-pipe"],
      terminal,
    });
  },
});

interface Serving {
  compiler: FolderCompiler;
  /** Without a result when there is nothing good to serve yet. */
  first: CompiledFolder;
  workers: string | undefined;
  listen: string | undefined;
  quiet: boolean;
  /** Whether the REST API is served, too. */
  withControl: boolean;
  parentPipe: boolean;
  terminal: Terminal;
}

async function serveAndFollow(serving: Serving): Promise<number> {
  const { compiler, first, workers, listen, quiet, parentPipe, terminal } = serving;
  const place = makePrivateFolder(terminal.env);
  const artifact = join(place.path, "balto.artifact");
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<number>();
  const sockets = serving.withControl ? socketsIn(place.path) : undefined;
  let dataPlane: DataPlaneProcess | undefined;
  let control: ControlProcess | undefined;
  let stopping = false;

  const publishAndStart = ({ artifact: bytes }: CompileResult): void => {
    // It goes when this command ends: whoever comes after a loss of power compiles anew.
    publishChange(artifact, bytes, false);
    if (dataPlane !== undefined || stopping) return;
    dataPlane = startDataPlane({ artifact, workers, listen, sockets });
    if (sockets !== undefined) {
      const { control: socket, admin: adminSocket } = sockets;
      control = startControlProcess({
        folder: compiler.folder,
        socket,
        artifact,
        adminSocket,
        terminal,
      });
    }
    dataPlane.ended.then((status) => {
      if (!stopping) terminal.note(`balto run: the data plane ended with status ${status}\n`);
      end(stopping ? status : EXIT_FAILED);
    }, fail);
  };
  const stop = (count: number): void => {
    stopping = true;
    void control?.stop();
    if (dataPlane === undefined) end(EXIT_OK);
    // Asked three times: it is given no chance to refuse.
    else dataPlane.signal(count < 3 ? "SIGTERM" : "SIGKILL");
  };
  onStopSignal(stop);
  if (parentPipe) onInputClosed(() => stop(1));
  process.on("SIGUSR1", () => dataPlane?.signal("SIGUSR1"));

  try {
    if (first.result !== undefined) publishAndStart(first.result);
    const following = follow(first, {
      compiler,
      artifact,
      publish: publishAndStart,
      kept: "keeps serving",
      quiet,
      terminal,
    });
    try {
      return await ended;
    } finally {
      await Promise.all([following.close(), control?.stop()]);
    }
  } finally {
    place.remove();
  }
}

/** Both in the folder that only this user can enter. */
function socketsIn(folder: string): ControlSockets {
  return { control: join(folder, "control.sock"), admin: join(folder, "admin.sock") };
}

/** Before the tree is read: a change that a crash cut off is completed or taken back. @throws Failure */
async function mend(folder: string, terminal: Terminal): Promise<void> {
  try {
    const recovery = await recoverTree(folder);
    if (recovery === undefined) return;
    const { path, outcome } = recovery;
    terminal.note(`${folder}/${path}: a change that was cut off was ${outcome}\n`);
  } catch (error) {
    const help = `look at ${folder}/.balto/journal.json; removed, the files stay as they are`;
    throw new Failure(`a change that was cut off cannot be mended: ${reason(error)}`, help);
  }
}

/**
 * Options of the data plane's process: its arguments, and for those that a parent gives its environment.
 */
import { availableParallelism } from "node:os";
import { isAbsolute } from "node:path";
import { parseArgs } from "node:util";

export interface Options {
  artifact: string;
  workers: number;
  /** Wait for a good artifact instead of ending when there is none at the start. */
  wait: boolean;
  /** Overrides `server.port`: `host:port`, `:port` or a port. */
  listen: string | undefined;
  /** Paths of public keys of which one must have signed what is served; none at all: anything is. */
  trust: readonly string[];
  /** End, gracefully, when standard input closes: the parent has gone. */
  parentPipe: boolean;
  /** Socket on which whoever can open it may ask anything. */
  adminSocket: string | undefined;
  /** Socket of the process that writes the tree. */
  controlSocket: string | undefined;
}

/** More workers than this is a mistake. */
const WORKERS_MAX = 256;

/** @returns the options, or what is wrong with the arguments */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Options | string {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        artifact: { type: "string" },
        workers: { type: "string" },
        wait: { type: "boolean", default: false },
        listen: { type: "string" },
        trust: { type: "string", multiple: true, default: [] },
        "parent-pipe": { type: "boolean", default: false },
        "admin-socket": { type: "string" },
        "control-socket": { type: "string" },
      },
    }));
  } catch (error) {
    return (error as Error).message;
  }
  if (values.artifact === undefined || values.artifact === "") return "--artifact FILE is missing";
  const workers = values.workers === undefined ? availableParallelism() : Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
    return `--workers ${values.workers} is not a number from 1 to ${WORKERS_MAX}`;
  }
  const sockets = {
    adminSocket: values["admin-socket"] ?? env["BALTO_ADMIN_SOCKET"],
    controlSocket: values["control-socket"] ?? env["BALTO_CONTROL_SOCKET"],
  };
  for (const [name, path] of Object.entries(sockets)) {
    if (path !== undefined && path !== "" && !isAbsolute(path))
      return `${name === "adminSocket" ? "--admin-socket" : "--control-socket"} ${path} is no absolute path`;
  }
  return {
    artifact: values.artifact,
    workers,
    wait: values.wait,
    listen: values.listen,
    trust: values.trust,
    parentPipe: values["parent-pipe"],
    adminSocket: sockets.adminSocket === "" ? undefined : sockets.adminSocket,
    controlSocket: sockets.controlSocket === "" ? undefined : sockets.controlSocket,
  };
}

/** `balto serve`: hands over to the data plane. */
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { checkDataPlaneFlags, DATA_PLANE_FLAGS } from "../data-plane-flags.ts";
import { becomeDataPlane } from "../data-plane-process.ts";

export const serveCommand: AnyCommand = command({
  name: "serve",
  summary: "Serve an artifact: the data plane alone",
  description: `
The process becomes the data plane, which reads no YAML. It watches the artifact and takes a new one
in without closing a connection; a bad one is refused and the last good keeps serving. SIGTERM and
SIGINT drain and end it, a second one cuts; SIGHUP looks at the artifact at once.`,
  flags: {
    artifact: {
      type: "string",
      value: "FILE",
      summary: "The artifact, made by balto compile",
      required: "which artifact should be served?",
    },
    ...DATA_PLANE_FLAGS,
    wait: {
      type: "boolean",
      summary: "Wait for a good artifact instead of failing when there is none at start",
    },
  },
  examples: [
    "balto serve --artifact balto.artifact",
    "balto serve --artifact /etc/balto/balto.artifact --workers 4 --wait",
  ],
  run: async ({ flags }) => {
    checkDataPlaneFlags(flags);
    const { artifact, workers, listen, wait } = flags;
    return becomeDataPlane({ artifact, workers, listen, wait });
  },
});

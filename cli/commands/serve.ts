/** `balto serve`: hands over to the data plane. */
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { checkDataPlaneFlags, DATA_PLANE_FLAGS } from "../data-plane-flags.ts";
import { becomeDataPlane } from "../data-plane-process.ts";
import { trustedPaths } from "../key-file.ts";

export const serveCommand: AnyCommand = command({
  name: "serve",
  summary: "Serve an artifact: the data plane alone",
  description: `
The process becomes the data plane, which reads no YAML. It watches the artifact and takes a new one
in without closing a connection; a bad one is refused and the last good keeps serving. SIGTERM and
SIGINT drain and end it, a second one cuts; SIGHUP looks at the artifact at once.

With --trust, an artifact that none of these keys has signed is refused, at start and later. Without it,
the environment variable BALTO_TRUST names the keys, with ":" between them.`,
  flags: {
    artifact: {
      type: "string",
      value: "FILE",
      summary: "The artifact, made by balto compile",
      required: "which artifact should be served?",
    },
    ...DATA_PLANE_FLAGS,
    trust: {
      type: "string",
      value: "KEY",
      summary: "Serve only what this public key, a file, has signed",
      repeated: true,
    },
    wait: {
      type: "boolean",
      summary: "Wait for a good artifact instead of failing when there is none at start",
    },
  },
  examples: [
    "balto serve --artifact balto.artifact",
    "balto serve --artifact /etc/balto/balto.artifact --workers 4 --wait",
    "balto serve --artifact balto.artifact --trust release.pub",
  ],
  run: async ({ flags, terminal }) => {
    checkDataPlaneFlags(flags);
    const { artifact, workers, listen, wait } = flags;
    const trust = trustedPaths(flags.trust, terminal.env);
    return becomeDataPlane({ artifact, workers, listen, trust, wait });
  },
});

/** `balto version`. */
import { FORMAT_VERSION } from "../../artifact/layout.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { version } from "../version.ts";

export const versionCommand: AnyCommand = command({
  name: "version",
  summary: "Print the version of Balto",
  description: "The text is `balto VERSION`; JSON adds the artifact format and the Node in use.",
  flags: {
    format: {
      type: "string",
      value: "FORMAT",
      choices: ["text", "json"],
      summary: "How to print it",
    },
  },
  examples: ["balto version", "balto version --format json"],
  run: ({ flags, terminal }) => {
    if (flags.format === "json") {
      const about = {
        version: version(),
        artifact_format: FORMAT_VERSION,
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
      };
      terminal.out(`${JSON.stringify(about, null, 2)}\n`);
    } else {
      terminal.out(`balto ${version()}\n`);
    }
    return EXIT_OK;
  },
});

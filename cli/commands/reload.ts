/** `balto reload`. */
import { API_FLAGS, ApiClient } from "../api-client.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { shortDigest } from "../compiled-folder.ts";
import { EXIT_OK } from "../exit-code.ts";
import { Failure } from "../failure.ts";

export const reloadCommand: AnyCommand = command({
  name: "reload",
  summary: "Let a Balto that runs look at its artifact at once",
  description: `
It would find a new artifact by itself; this waits until every worker serves it. Status 1 where the
artifact was refused: then the last good one goes on serving. A tree is compiled by \`balto compile\`, and
by \`balto run\`, which follows it.`,
  flags: {
    ...API_FLAGS,
    quiet: { type: "boolean", short: "q", summary: "Say nothing but errors" },
  },
  examples: ["balto reload", "balto compile configs -o balto.artifact && balto reload"],
  run: async ({ flags, terminal }) => {
    const api = new ApiClient(flags.url, terminal);
    try {
      const { json } = await api.expect({ method: "POST", path: "/balto/reload" });
      const { result, digest, generation, error } = json as Reload;
      if (result === "refused") {
        throw new Failure(
          `the artifact was refused: ${error ?? ""}`,
          `${shortDigest(digest)} goes on serving`,
        );
      }
      if (!flags.quiet) {
        terminal.note(`${result}: ${shortDigest(digest)}, generation ${generation}\n`);
      }
      return EXIT_OK;
    } finally {
      await api.close();
    }
  },
});

interface Reload {
  result: "loaded" | "unchanged" | "refused";
  digest: string;
  generation: number;
  error?: string;
}

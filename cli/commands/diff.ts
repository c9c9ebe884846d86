/** `balto diff`. */
import { compare, type Diff } from "../../compiler/diff/diff.ts";
import { diffMarkdown } from "../../compiler/diff/diff-markdown.ts";
import { diffText } from "../../compiler/diff/diff-text.ts";
import { openSource } from "../artifact-source.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { openLive } from "../live.ts";
import { openFolder, type OpenedArtifact } from "../opened-artifact.ts";
import type { Terminal } from "../terminal.ts";

export const diffCommand: AnyCommand = command({
  name: "diff",
  summary: "Say which requests a change treats otherwise",
  description: `
A plan of traffic, not of text: classes of requests whose outcome is another, the riskiest first, each
with a request that shows it. A request that is in no class is treated as before. Services that are
renamed, moved to other files or put in another order are no change. Streams, and settings of the whole
gateway (listening, limits, timeouts towards clients), are listed apart.

A and B are folders, artifact files, URLs of a Balto that runs, or revisions of git: main, HEAD~2,
v1.4:gateway/configs. Where a folder has a revision's name, main: is the revision. B left out is the
config tree of the working folder, or what --live names. With --exit-code the status is 2 where there is
a difference.`,
  operand: { name: "A", summary: "What was", required: "what should be compared?" },
  further: [{ name: "B", summary: "What is, by default the config tree here" }],
  flags: {
    live: { type: "string", value: "URL", summary: "Compare with the Balto that listens there" },
    "exit-code": { type: "boolean", summary: "End with status 2 where there is a difference" },
    format: {
      type: "string",
      value: "FORMAT",
      choices: ["text", "json", "markdown"],
      summary: "How to print it",
    },
  },
  examples: [
    "balto diff main HEAD",
    "balto diff origin/main --format markdown",
    "balto diff old.artifact new.artifact --exit-code",
    "balto diff configs --live http://127.0.0.1:5500",
  ],
  run: async ({ operands, flags, terminal }) => {
    const [a = "", b] = operands;
    if (b !== undefined && flags.live !== undefined) {
      throw new UsageError(`"${b}" and --live exclude each other`, [
        "balto diff configs --live URL",
      ]);
    }
    const before = await openSource(a, terminal);
    const after = await openAfter(b, flags.live, terminal);
    const { diff } = compare(before.view, after.view);
    terminal.out(formatted(diff, flags.format ?? "text", { before, after }, terminal));
    const { classes, streams, gateway } = diff;
    const isSame = [classes, streams, gateway].every(({ length }) => length === 0);
    return flags["exit-code"] && !(isSame && diff.is_complete) ? EXIT_DIFFERENT : EXIT_OK;
  },
});

async function openAfter(
  operand: string | undefined,
  live: string | undefined,
  terminal: Terminal,
): Promise<OpenedArtifact> {
  if (live !== undefined) return openLive(live, terminal);
  return operand === undefined ? openFolder(undefined, terminal) : openSource(operand, terminal);
}

function formatted(
  diff: Diff,
  format: "text" | "json" | "markdown",
  { before, after }: { before: OpenedArtifact; after: OpenedArtifact },
  { outColour: colour }: Terminal,
): string {
  if (format === "json") return `${JSON.stringify(diff, null, 2)}\n`;
  if (format === "markdown") return diffMarkdown(diff);
  const prefixes = { before: before.prefix, after: after.prefix };
  return `${before.name} → ${after.name}: ${diffText(diff, { colour, prefixes })}`;
}

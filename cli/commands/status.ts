/** `balto status`. */
import { API_FLAGS, type ApiAnswer, ApiClient } from "../api-client.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { shortDigest } from "../compiled-folder.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";

export const statusCommand: AnyCommand = command({
  name: "status",
  summary: "Say what a Balto that runs is serving, and how it does",
  description: `
The status is 0 where it is ready for traffic, else 1. --format json prints the answers of /readyz,
/balto/artifact and /balto/health/stats as one object.`,
  flags: {
    ...API_FLAGS,
    format: {
      type: "string",
      value: "FORMAT",
      choices: ["text", "json"],
      summary: "How to print it",
    },
  },
  examples: ["balto status", "balto status --url http://10.0.0.7:5500 --format json"],
  run: async ({ flags, terminal }) => {
    const api = new ApiClient(flags.url, terminal);
    try {
      return await printStatus(api, flags.format ?? "text", terminal);
    } finally {
      await api.close();
    }
  },
});

async function printStatus(
  api: ApiClient,
  format: "text" | "json",
  terminal: Terminal,
): Promise<number> {
  const readiness = await api.ask({ path: "/readyz?verbose" });
  const artifact = (await api.expect({ path: "/balto/artifact" })).json as Artifact;
  const stats = (await api.expect({ path: "/balto/health/stats" })).json as Stats;
  const isReady = readiness.status === 200;
  if (format === "json") {
    const all = { ready: isReady, checks: checksOf(readiness), artifact, stats };
    terminal.out(`${JSON.stringify(all, null, 2)}\n`);
    return isReady ? EXIT_OK : EXIT_FAILED;
  }
  const checks = Object.entries(checksOf(readiness)).map(([name, state]) => `${name} ${state}`);
  const { digest, generation, since, commit } = artifact;
  const { memory } = stats.resources;
  const rows = [
    ["address", api.address.text],
    ["ready", `${isReady ? "yes" : "no"}${checks.length === 0 ? "" : ` (${checks.join(", ")})`}`],
    ["up", `${stats.uptime}, since ${stats.start_time}`],
    ["artifact", `${shortDigest(digest)}, generation ${generation}, since ${since}`],
    ...(commit === "" ? [] : [["commit", commit]]),
    ["services", String(stats.services)],
    ["memory", `${Math.round((memory["rss"] ?? 0) / 1024 / 1024)} MiB`],
  ];
  terminal.out(rows.map(([name = "", value]) => `${name.padEnd(9)} ${value}\n`).join(""));
  return isReady ? EXIT_OK : EXIT_FAILED;
}

interface Artifact {
  digest: string;
  generation: number;
  since: string;
  commit: string;
}

interface Stats {
  uptime: string;
  start_time: string;
  services: number;
  resources: { memory: Record<string, number> };
}

function checksOf({ json }: ApiAnswer): Record<string, string> {
  const checks = (json as { checks?: unknown } | undefined)?.checks;
  return typeof checks === "object" && checks !== null ? (checks as Record<string, string>) : {};
}

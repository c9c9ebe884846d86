/** `balto top`. */
import { parseDuration } from "../../compiler/resolve/duration.ts";
import { API_FLAGS, ApiClient } from "../api-client.ts";
import { clockTime } from "../clock-time.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { onStopSignal } from "../stop-signals.ts";
import type { Terminal } from "../terminal.ts";
import { readExposition } from "../top/exposition.ts";
import { type BackendState, type Look, topLines } from "../top/view.ts";

const INTERVAL_DEFAULT = "2s";
const INTERVAL_MS_MIN = 200;

export const topCommand: AnyCommand = command({
  name: "top",
  summary: "Watch services and backends of a Balto that runs",
  description: `
Requests and server errors a second, median and 99th percentile, for each service and each backend, with
what is open, health and breaker. On a terminal the table is renewed until q or Ctrl-C; where output goes
to a file or a pipe it is printed once, for one interval.`,
  flags: {
    interval: {
      type: "string",
      value: "TIME",
      summary: `Time between two looks (default: ${INTERVAL_DEFAULT})`,
    },
    once: { type: "boolean", summary: "Print it once, on a terminal too" },
    ...API_FLAGS,
  },
  examples: ["balto top", "balto top --interval 10s --once"],
  run: async ({ flags, terminal }) => {
    const intervalMs = parseDuration(flags.interval ?? INTERVAL_DEFAULT) ?? 0;
    if (intervalMs < INTERVAL_MS_MIN) {
      throw new UsageError(`--interval is a time of 200ms or more, not "${flags.interval}"`, [
        "for example: balto top --interval 5s",
      ]);
    }
    const api = new ApiClient(flags.url, terminal);
    try {
      const isLive = terminal.outIsTerminal && !flags.once;
      await (isLive ? live(api, intervalMs, terminal) : once(api, intervalMs, terminal));
      return EXIT_OK;
    } finally {
      await api.close();
    }
  },
});

/** q, Q, and what Ctrl-C and Ctrl-D are where a terminal passes every byte on. */
const END_BYTES = [0x71, 0x51, 0x03, 0x04];

async function once(api: ApiClient, intervalMs: number, terminal: Terminal): Promise<void> {
  const before = await look(api);
  await new Promise((resolve) => setTimeout(resolve, intervalMs));
  terminal.out(`${topLines(before, await look(api)).join("\n")}\n`);
}

/** On the terminal's other screen, so that what stood there comes back. */
async function live(api: ApiClient, intervalMs: number, terminal: Terminal): Promise<void> {
  const stop = Promise.withResolvers<void>();
  let isStopped = false;
  const end = (): void => {
    isStopped = true;
    stop.resolve();
  };
  onStopSignal(end);
  const { stdin } = process;
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on("data", (bytes: Buffer) => {
      if (bytes.some((byte) => END_BYTES.includes(byte))) end();
    });
  }
  terminal.out("\u001b[?1049h\u001b[?25l");
  try {
    let before = await look(api);
    draw(["…"], api, terminal);
    for (;;) {
      const timer = Promise.withResolvers<void>();
      const timeout = setTimeout(timer.resolve, intervalMs);
      await Promise.race([timer.promise, stop.promise]);
      clearTimeout(timeout);
      if (isStopped) return;
      const after = await look(api);
      draw(topLines(before, after), api, terminal);
      before = after;
    }
  } finally {
    terminal.out("\u001b[?25h\u001b[?1049l");
    if (stdin.isTTY) {
      stdin.setRawMode(false);
      stdin.pause();
    }
  }
}

/** As much as the screen holds. */
function draw(lines: readonly string[], api: ApiClient, terminal: Terminal): void {
  const rows = process.stdout.rows || 24;
  const columns = process.stdout.columns || terminal.columns;
  const head = `balto top · ${api.address.text} · ${clockTime()} · q ends`;
  const shown = [head, "", ...lines].slice(0, rows).map((line) => line.slice(0, columns));
  terminal.out(`\u001b[H${shown.map((line) => `${line}\u001b[K`).join("\r\n")}\u001b[J`);
}

async function look(api: ApiClient): Promise<Look> {
  const metrics = await api.expect({ path: "/balto/metrics" });
  const at = performance.now();
  const backends = await api.expect({ path: "/balto/backends" });
  return {
    at,
    samples: readExposition(metrics.text),
    backends: backends.json as BackendState[],
  };
}

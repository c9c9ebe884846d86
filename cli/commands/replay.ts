/** `balto replay`. */
import { compare } from "../../compiler/diff/diff.ts";
import { Replay } from "../../compiler/replay/replay.ts";
import { replayText } from "../../compiler/replay/replay-text.ts";
import { grouped } from "../../artifact/grouped.ts";
import { openSource } from "../artifact-source.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { eachLine, type LogProgress } from "../log-lines.ts";
import { openFolder } from "../opened-artifact.ts";
import type { Terminal } from "../terminal.ts";

export const replayCommand: AnyCommand = command({
  name: "replay",
  summary: "Weigh a diff by the requests of an access log",
  description: `
Every request of the log is put to both configurations; the classes of their diff are listed with how
many of the requests fall into them. No request is sent. The log is read as it is, however large: JSON as
Balto, nginx and Caddy write it, or the combined format of web servers, plain or gzip; FILE - is standard
input. Lines without a request are counted, and the first are named with the reason.

What a log does not tell (most header fields) is taken as not sent. --from and --to are what \`balto diff\`
takes; --to left out is the config tree here.`,
  operand: { name: "FILE", summary: "The access log", required: "which log should be replayed?" },
  flags: {
    from: {
      type: "string",
      value: "A",
      summary: "What was: a folder, artifact, URL or git revision",
      required: "from which configuration?",
    },
    to: { type: "string", value: "B", summary: "What is, by default the config tree here" },
    host: { type: "string", value: "HOST", summary: "The host of lines that name none" },
    format: {
      type: "string",
      value: "FORMAT",
      choices: ["text", "json"],
      summary: "How to print it",
    },
  },
  examples: [
    "balto replay access.log --from main --to HEAD",
    "zcat access.log.*.gz | balto replay - --from main --host www.example.com",
  ],
  run: async ({ operand = "", flags, terminal }) => {
    const before = await openSource(flags.from, terminal);
    const after =
      flags.to === undefined
        ? openFolder(undefined, terminal)
        : await openSource(flags.to, terminal);
    const replay = new Replay(compare(before.view, after.view), flags.host);
    const progress = new ProgressLine(terminal);
    await eachLine(
      operand,
      (line) => replay.add(line),
      (at) => progress.show(at, replay.requests),
    );
    progress.clear();
    const result = replay.result();
    if (flags.format === "json") terminal.out(`${JSON.stringify(result, null, 2)}\n`);
    else terminal.out(replayText(result, { colour: terminal.outColour }));
    return EXIT_OK;
  },
});

const PROGRESS_INTERVAL_MS = 100;

/** One line of a terminal that is written over and over; nothing where there is no terminal. */
class ProgressLine {
  readonly #terminal: Terminal;
  #shownAt = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show({ bytes, total }: LogProgress, requests: number): void {
    const now = performance.now();
    if (!this.#terminal.noteIsTerminal || now - this.#shownAt < PROGRESS_INTERVAL_MS) return;
    this.#shownAt = now;
    const share =
      total === undefined || total === 0 ? "" : `${Math.floor((bytes * 100) / total)}%  `;
    const megabytes = grouped(Math.floor(bytes / 1e6));
    this.#terminal.note(`\r\u001b[K${share}${megabytes} MB  ${grouped(requests)} requests`);
  }

  clear(): void {
    if (this.#shownAt > 0) this.#terminal.note("\r\u001b[K");
  }
}

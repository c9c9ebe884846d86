// Answer rows: a table of what a backend says, byte for byte, what the client must get of it, and
// whether the backend's connection may be used again. Every answer comes whole and cut at every byte.

import { expect } from "vitest";

import { serving, type SettingOverrides } from "./artifact.ts";
import { Client, requestBytes } from "./client.ts";
import { start } from "./data-plane.ts";
import { type Field, Truncated } from "./message.ts";
import { ConnectionReset } from "./peer.ts";
import { type OriginPeer, startRawOrigin } from "./raw-origin.ts";
import { sleep, until } from "./until.ts";

/**
 * What a backend says, and what the client gets of it: `STATUS body`, trailers as `; +Name: value`, interim answers with ` | ` in
 * front, `cut` where the connection ends in the middle; and what becomes of the backend's connection.
 */
export type AnswerRow = [what: string, bytes: string, client: string, backend: "kept" | "closed"];

export interface AnswerOptions {
  /** Default GET. */
  requestLine?: (path: string) => string;
  fields?: readonly string[];
  /** The backend sends a FIN behind its answer. */
  ends?: boolean;
  /** Every answer comes in one piece. */
  onlyWhole?: boolean;
  settings?: SettingOverrides;
}

/** Between the two pieces of a cut answer. */
const APART_MS = 25;
/** Fewer than the idle connections that are kept to one backend. */
const BATCH = 200;
const CUTS_MAX = 150;

const NEXT = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";

interface Attempt {
  row: AnswerRow;
  /** 0 is whole. */
  cut: number;
}

/** Lets a backend give every answer in every way; each must lead to what it says. */
export async function expectAnswers(
  rows: readonly AnswerRow[],
  options: AnswerOptions = {},
): Promise<void> {
  const attempts = rows.flatMap((row) => attemptsOf(row, options.onlyWhole === true));
  const peers = new Map<number, OriginPeer>();
  let open: () => void = () => undefined;
  let gate = Promise.resolve();
  const origin = await startRawOrigin(async (peer) => {
    for (;;) {
      const request = await peer.request(60_000).catch((error: unknown) => {
        if (error instanceof ConnectionReset) return undefined;
        throw error;
      });
      if (request === undefined) return;
      const index = / \/(\d+) /.exec(request.requestLine)?.[1];
      if (index === undefined) {
        await peer.send(NEXT);
        continue;
      }
      peers.set(Number(index), peer);
      await gate;
      const { row, cut } = attempts[Number(index)]!;
      if (cut > 0) {
        peer.post(row[1].slice(0, cut));
        await sleep(APART_MS);
      }
      peer.post(row[1].slice(cut));
      if (options.ends === true) peer.end();
    }
  });
  // Half of what it says is a failure: no breaker shall come in between.
  const balto = await start(
    serving({ to: origin, policy: { breaker: undefined } }, options.settings),
  );

  for (let at = 0; at < attempts.length; at += BATCH) {
    const batch = attempts.slice(at, at + BATCH);
    // No connection is free for another request before all of the batch are out.
    gate = new Promise((resolve) => (open = resolve));
    const clients = await Promise.all(batch.map(() => Client.to(balto.port)));
    const line = options.requestLine ?? ((path: string) => `GET ${path}`);
    for (const [index, client] of clients.entries()) {
      client.post(requestBytes(line(`/${at + index}`), options.fields ?? []));
    }
    await until("the batch at the origin", () => batch.every((_, index) => peers.has(at + index)));
    open();
    const method = line("/").split(" ", 1)[0]!;
    await Promise.all(
      batch.map(async ({ row: [what, , expected], cut }, index) => {
        const label = `${what}, cut at ${cut}`;
        const hasTrailers = options.settings?.forwardTrailers === true;
        expect(await finalAnswer(clients[index]!, method, hasTrailers), label).toBe(expected);
      }),
    );
    // What a backend says behind its answer has come by now, and is nobody's.
    await sleep(APART_MS * 2);
    for (const [index, { row, cut }] of batch.entries()) {
      const label = `${row[0]}, cut at ${cut}`;
      const peer = peers.get(at + index)!;
      if (row[3] === "closed") await until(`the end for ${label}`, () => peer.ending !== undefined);
      else expect(peer.ending, label).toBeUndefined();
    }
    await Promise.all(
      batch.map(async ({ row: [what, , expected], cut }, index) => {
        const client = clients[index]!;
        if (!expected.endsWith("cut")) {
          const answer = await client.ask("GET /next");
          expect([answer.status, answer.text], `behind ${what}, cut at ${cut}`).toEqual([
            200,
            "next",
          ]);
        }
        client.close();
      }),
    );
  }
}

function attemptsOf(row: AnswerRow, onlyWhole: boolean): Attempt[] {
  const step = Math.ceil(row[1].length / CUTS_MAX);
  const cuts = [0];
  if (onlyWhole) return [{ row, cut: 0 }];
  for (let at = 1; at < row[1].length; at += step) cuts.push(at);
  return cuts.map((cut) => ({ row, cut }));
}

async function finalAnswer(client: Client, method: string, hasTrailers: boolean): Promise<string> {
  const lines: string[] = [];
  try {
    for (;;) {
      const trailers: Field[] = [];
      const answer = await client.answer(hasTrailers ? { method, trailers } : { method });
      const body = answer.status === 502 ? "" : answer.body.toString("latin1");
      const behind = trailers.map(([name, value]) => `; +${name}: ${value}`).join("");
      lines.push(`${answer.status} ${body}`.trim() + behind);
      if (answer.status >= 200) return lines.join(" | ");
    }
  } catch (error) {
    if (!(error instanceof ConnectionReset) && !(error instanceof Truncated)) throw error;
    return [...lines, "cut"].join(" | ");
  }
}

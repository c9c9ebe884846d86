// Wire rows: a table of inputs, byte for byte, and what each must lead to. Every input is sent whole
// and cut at every byte, with a request behind it that shows whether the connection goes on and that
// nothing of the input is taken for something else.

import { expect } from "vitest";

import { type RouteOptions, serving, type SettingOverrides } from "./artifact.ts";
import { Client } from "./client.ts";
import { start } from "./data-plane.ts";
import { startOrigin } from "./origin.ts";
import { ConnectionReset } from "./peer.ts";
import { sleep, until } from "./until.ts";

/**
 * What an input leads to: for each request that reaches the origin what the origin saw of it,
 * `METHOD target; Field: value; =body; +Trailer: value`; for an answer of Balto's own its status. `400 close` is one that
 * ends the connection. Several stand with ` | ` between them.
 */
export type WireRow = [what: string, bytes: string, leadsTo: string];

/** Between the two pieces of a cut input: long enough to be read apart. */
const APART_MS = 25;
/** Connections at the same time. */
const BATCH = 400;
/** A long input is not cut at every byte. */
const CUTS_MAX = 200;

const NEXT = "GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n";
/** What the origin is told by Balto, not by the client. */
const OWN =
  /^(?:host|x-forwarded-(?:for|proto|host)|x-request-id|traceparent|content-length|transfer-encoding)$/i;

interface Attempt {
  row: WireRow;
  pieces: Buffer[];
}

/** Sends every row in every way; each must lead to what it says, and the origin see nothing else. */
export async function expectRows(
  rows: readonly WireRow[],
  route: Partial<RouteOptions> = {},
  settings: SettingOverrides = {},
): Promise<void> {
  const origin = await startOrigin((response, { method, target, fields }, request) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const seen = fields
        .filter(([name]) => !OWN.test(name))
        .map(([name, value]) => {
          return `${name}: ${value}`;
        });
      const body = Buffer.concat(chunks).toString("latin1");
      const { rawTrailers } = request;
      const trailers = rawTrailers.flatMap((name, i) =>
        i % 2 === 0 ? [`+${name}: ${rawTrailers[i + 1]}`] : [],
      );
      const content = body === "" ? [] : [`=${body}`];
      const text = [`${method} ${target}`, ...seen, ...content, ...trailers].join("; ");
      response.end(Buffer.from(text, "latin1"));
    });
  });
  const next = { pattern: "/next", stripPrefix: false, to: origin };
  const balto = await start(serving([{ to: origin, ...route }, next], settings));
  const attempts = rows.flatMap(attemptsOf);
  const via = settings.via ?? "";
  const behind = via === "" ? "GET /next" : `GET /next; Via: 1.1 ${via}`;
  let forwarded = 0;
  for (let at = 0; at < attempts.length; at += BATCH) {
    const batch = attempts.slice(at, at + BATCH);
    const clients = await Promise.all(batch.map(() => Client.to(balto.port)));
    for (const [index, { pieces }] of batch.entries()) clients[index]!.post(pieces[0]!);
    await sleep(APART_MS);
    await Promise.all(
      batch.map(async ({ row: [what, bytes, leadsTo], pieces }, index) => {
        const client = clients[index]!;
        for (const piece of pieces.slice(1)) client.post(piece);
        client.end();
        const expected = / ?close$/.test(leadsTo) ? leadsTo : `${leadsTo} | ${behind}`;
        const label = `${what}, cut at ${pieces.length === 1 ? "no byte" : pieces[0]!.length}`;
        const answers = await answersTo(client, /^(?:\r\n)?HEAD /.test(bytes), label);
        expect(answers.join(" | "), label).toBe(expected);
        forwarded += answers.filter((answer) => /^[A-Z-]+ \//i.test(answer)).length;
        client.close();
      }),
    );
  }
  const isWhole = (): number => origin.requests.filter(({ isComplete }) => isComplete).length;
  await until("all that was forwarded", () => isWhole() >= forwarded);
  expect(isWhole(), "nothing has reached the origin beside it").toBe(forwarded);
}

function attemptsOf(row: WireRow): Attempt[] {
  const bytes = Buffer.from(row[1], "latin1");
  const all = Buffer.concat([bytes, Buffer.from(NEXT)]);
  const step = Math.ceil(bytes.length / CUTS_MAX);
  const attempts: Attempt[] = [{ row, pieces: [all] }];
  for (let at = 1; at < bytes.length; at += step) {
    attempts.push({ row, pieces: [all.subarray(0, at), all.subarray(at)] });
  }
  return attempts;
}

/** Every answer until the connection ends, a line for each. */
async function answersTo(client: Client, isHead: boolean, label: string): Promise<string[]> {
  const answers: string[] = [];
  try {
    for (;;) {
      const bytes = await client.read();
      if (bytes === undefined) return answers;
      client.unread(bytes);
      const method = isHead && answers.length === 0 ? "HEAD" : "GET";
      const answer = await client.answer({ method });
      const closes = answer.field("connection") === "close" ? " close" : "";
      const saw = method === "HEAD" ? "HEAD /" : answer.body.toString("latin1");
      const isOurs = answer.status !== 200 || saw.startsWith("{");
      answers.push((isOurs ? String(answer.status) : saw) + closes);
    }
  } catch (error) {
    if (error instanceof ConnectionReset) return [...answers, "reset"];
    throw new Error(label, { cause: error });
  }
}

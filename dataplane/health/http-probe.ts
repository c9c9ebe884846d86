/**
 * HTTP probe: a backend is well that gives a whole answer with an expected status, and the expected text
 * in its body where there is one. A redirect is an answer and not followed.
 */
import type { Socket } from "node:net";
import type { Dispatcher } from "undici";

import { connectProbe, probeTimer, verdictOf } from "./probe-connection.ts";
import type { ProbeTarget } from "./probe-target.ts";

/** So much of a body is read: it must not break off before, and the expected text must be within. */
const BODY_BYTES_MAX = 64 * 1024;

/** @returns as `ProbeContext.ask` */
export async function probeHttp(target: ProbeTarget): Promise<string | undefined> {
  const { timeoutMs } = target.policy;
  // It takes 29 MB: nobody pays for it who has no such probe, and no probe waits for it.
  const { Client } = await import("undici");
  let socket: Socket | undefined;
  const client = new Client(`${target.isTls ? "https" : "http"}://balto.invalid`, {
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_, callback) => {
      const connecting = (socket = connectProbe(target, (error) => {
        if (error === undefined) callback(null, connecting);
        else callback(error, null);
      }));
    },
  });
  // A client that is idle has nobody else to tell of what happens to its connection.
  client.on("connectionError", () => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = probeTimer(timeoutMs, () => resolve(`no answer within ${timeoutMs} ms`));
  });
  try {
    return await Promise.race([ask(client, target), late]);
  } finally {
    clearTimeout(timer);
    void client.destroy();
    socket?.destroy();
  }
}

async function ask(client: Dispatcher, { policy, host }: ProbeTarget): Promise<string | undefined> {
  try {
    const { statusCode, body } = await client.request({
      path: policy.path,
      method: policy.method as Dispatcher.HttpMethod,
      headers: fieldsOf(policy.headers, host),
      reset: true,
    });
    // It may end with the connection when nobody reads it any more.
    body.on("error", () => {});
    const { expectedStatus, expectedBody } = policy;
    if (!expectedStatus.some(({ first, last }) => statusCode >= first && statusCode <= last)) {
      return `status ${statusCode}`;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= BODY_BYTES_MAX) break;
    }
    const text = Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX);
    return text.includes(expectedBody) ? "" : "the expected text is not in its body";
  } catch (error) {
    return verdictOf(error);
  }
}

/** Names and values in turn. What the configuration says comes before what is said by default. */
function fieldsOf(headers: readonly { name: string; value: string }[], host: string): string[] {
  const named = new Set(headers.map(({ name }) => name.toLowerCase()));
  const own = [
    { name: "host", value: host },
    { name: "user-agent", value: "balto-health" },
  ].filter(({ name }) => !named.has(name));
  return [...own, ...headers].flatMap(({ name, value }) => [name, value]);
}

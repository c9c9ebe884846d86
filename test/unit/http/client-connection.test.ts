// Client connection: what it does when its client takes less than it is given.

import { expect, test } from "vitest";

import { viewVerified } from "../../../artifact/view.ts";
import { Generation } from "../../../dataplane/generation.ts";
import { ClientConnection } from "../../../dataplane/http/client-connection.ts";
import type { Wire } from "../../../dataplane/http/wire.ts";
import { PoolRegistry } from "../../../dataplane/pool/pool-registry.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { Runtime } from "../../../dataplane/runtime.ts";
import { serving } from "../../harness/artifact.ts";
import { startRawOrigin } from "../../harness/raw-origin.ts";
import { until } from "../../harness/until.ts";

/** A client's wire that takes what it is given, up to some bytes with which it is full. */
class FullWire implements Wire {
  readonly remoteAddress = "192.0.2.1";
  readonly isPaused = false;
  readonly isGone = false;
  readonly #fullWith: string;
  isFlushed = true;
  written = "";

  constructor(fullWith: string) {
    this.#fullWith = fullWith;
  }

  write(bytes: Buffer): boolean {
    const text = bytes.toString("latin1");
    this.written += text;
    if (text === this.#fullWith) this.isFlushed = false;
    return this.isFlushed;
  }

  isShared(): boolean {
    return false;
  }

  hasProgressed(): boolean {
    return false;
  }

  takeBuffer(): void {}
  releaseBuffer(): void {}
  holdBuffer(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
  reset(): void {}
}

function runtimeTo(url: string): Runtime {
  const pools = new PoolRegistry({
    state: PoolState.over(PoolState.create(1).buffer, 0),
    names: { watch: () => ({ endpoints: [], error: "", settled() {}, failed() {}, close() {} }) },
    tell: () => {},
    random: Math.random,
  });
  return new Runtime(new Generation(viewVerified(serving({ to: url })), new Map(), pools));
}

test("a client that takes all of an answer but what ends its body is cut off in time", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\n\r\nas long as it lasts");
    peer.end();
  });
  const wire = new FullWire("0\r\n\r\n");
  const runtime = runtimeTo(origin.url);
  const connection = new ClientConnection(runtime, false, () => wire);
  const request = Buffer.from("GET / HTTP/1.1\r\nHost: balto.test\r\n\r\n");
  connection.onData(request, 0, request.length);
  await until("the answer's end", () => wire.written.endsWith("\r\n0\r\n\r\n"));
  const { writeTimeoutMs } = runtime.generation.settings;
  expect(connection.deadline).toBeLessThanOrEqual(runtime.deadlines.in(writeTimeoutMs));
});

/** Side by side: the origin on the load's core, and proxies on the other, for as long as a benchmark takes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LOAD_CORE, PROXY_CORE } from "./load.ts";
import { PEERS, startOrigin } from "./peers.ts";
import { type Peer, stop } from "./process.ts";

/** What runs, and a folder that goes with it. */
export interface SideBySide {
  origin: Peer;
  /** In the order of the report. */
  proxies: readonly Peer[];
  folder: string;
}

/**
 * Starts the origin and the first `count` proxies on ports of their own from `firstPort` on, and ends
 * them behind `use`, however that ends.
 */
export async function sideBySide(
  firstPort: number,
  use: (running: SideBySide) => Promise<void>,
  count: number = PEERS.length,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "balto-bench-"));
  const running: Peer[] = [];
  try {
    const origin = await startOrigin({ core: LOAD_CORE, port: firstPort, origin: 0, folder });
    running.push(origin);
    for (const [index, start] of PEERS.slice(0, count).entries()) {
      const place = { core: PROXY_CORE, port: firstPort + 1 + index, origin: firstPort, folder };
      const peer = await start(place);
      if (peer !== undefined) running.push(peer);
    }
    await use({ origin, proxies: running.slice(1), folder });
  } finally {
    for (const peer of running.toReversed()) await stop(peer.process);
    rmSync(folder, { recursive: true, force: true });
  }
}

// Short rest: a data plane that gives back at once what nobody asks for, where others wait for a minute and
// keep the first thousand pools. It is loaded into the data plane's threads by `--import`, and changes
// constants as their file is read, so that nothing of it is in the product.

import { registerHooks } from "node:module";

/** Environment that loads this file into a data plane. */
export const SHORT_REST = { NODE_OPTIONS: `--import=${import.meta.url}` };

const CONSTANTS: readonly [is: string, becomes: string][] = [
  ["UNUSED_MS = 60_000", "UNUSED_MS = 100"],
  ["POOLS_KEPT = 1_000", "POOLS_KEPT = 0"],
];

if (process.execArgv.length === 0 && process.env["NODE_OPTIONS"]?.includes(import.meta.url)) {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith("/dataplane/give-back.ts")) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString();
      for (const [is, becomes] of CONSTANTS) {
        if (!source.includes(is)) throw new Error(`give-back.ts has no ${is}`);
        source = source.replace(is, becomes);
      }
      return { ...loaded, source };
    },
  });
}

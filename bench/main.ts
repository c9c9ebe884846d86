/**
 * All benchmarks, one after the other, in one run: `make bench`. Each file also runs alone.
 */
import { availableParallelism, cpus } from "node:os";

import { run as runArtifact } from "./artifact.ts";
import { run as runMatcher } from "./matcher.ts";
import { run as runObservation } from "./observation.ts";
import { run as runPool } from "./pool.ts";
import { run as runBurst } from "./proxy/burst.ts";
import { run as runConnections } from "./proxy/connections.ts";
import { run as runLatency } from "./proxy/latency.ts";
import { run as runPauses } from "./proxy/pauses.ts";
import { run as runProxies } from "./proxy/proxies.ts";
import { run as runVariants } from "./proxy/variants.ts";

process.stdout.write(
  `${cpus()[0]?.model ?? "?"} × ${availableParallelism()}, Node ${process.version}\n\n`,
);
await runMatcher();
await runArtifact();
await runPool();
await runObservation();
await runProxies();
await runBurst();
await runVariants();
await runLatency();
await runPauses();
await runConnections();

/**
 * Globals: what `global` says of every service and pool. What holds where a service or pool adds
 * nothing is one object for all of them.
 */
import type { PoolPolicy, RetryPolicy, Timeouts } from "../../artifact/model.ts";
import type { Config, Global } from "../../schema/types.gen.ts";
import { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import type { Draft } from "./block.ts";
import { field } from "./field.ts";
import { completePoolPolicy, type PoolBlocks, readPoolBlocks } from "./pool-policy.ts";
import { completeRetry, readRetry, type RetryDraft } from "./retry.ts";
import {
  GLOBAL_TIMEOUTS,
  SERVICE_TIMEOUTS,
  type SharedTimeouts,
  type TimeoutsDraft,
} from "./timeouts.ts";

export class Globals {
  readonly pool: PoolBlocks | undefined;
  readonly retry: RetryDraft | undefined;
  readonly timeouts: Draft<SharedTimeouts> | undefined;
  #poolPolicy: PoolPolicy | undefined;
  #streamPoolPolicy: PoolPolicy | undefined;
  #retryPolicy: RetryPolicy | undefined;
  #limits: Timeouts | undefined;

  /** @param root of balto.config.yaml; undefined where there is none */
  constructor(root: YamlNode | undefined, log: DiagnosticLog) {
    const global = field<Config>(root, "global");
    this.pool = readPoolBlocks(global, log);
    this.retry = readRetry(field<Global>(global, "retry"), log);
    this.timeouts = GLOBAL_TIMEOUTS.read(field<Global>(global, "timeouts"), log);
  }

  /** The policy of a pool with these blocks, of services or of streams. */
  poolPolicy(own: PoolBlocks | undefined, isOfStreams: boolean, log: DiagnosticLog): PoolPolicy {
    if (own !== undefined) return completePoolPolicy(own, this.pool, isOfStreams, log);
    const kept = isOfStreams ? this.#streamPoolPolicy : this.#poolPolicy;
    if (kept !== undefined) return kept;
    const found = new DiagnosticLog();
    const policy = completePoolPolicy(undefined, this.pool, isOfStreams, found);
    // What is wrong with it is said for each file that goes by it.
    if (found.size === 0) {
      if (isOfStreams) this.#streamPoolPolicy = policy;
      else this.#poolPolicy = policy;
    }
    log.take(found);
    return policy;
  }

  retryPolicy(own: RetryDraft | undefined): RetryPolicy {
    if (own !== undefined) return completeRetry(own, this.retry);
    return (this.#retryPolicy ??= completeRetry(undefined, this.retry));
  }

  limits(own: TimeoutsDraft | undefined): Timeouts {
    if (own !== undefined) return SERVICE_TIMEOUTS.complete(own, this.timeouts);
    return (this.#limits ??= SERVICE_TIMEOUTS.complete(this.timeouts));
  }
}

/**
 * Retries: what makes many requests of one, and what is tried again in vain.
 */
import type { StatusRange } from "../../artifact/model.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ServiceDraft } from "../resolve/service.ts";

/** Requests that one may become before it is worth a word; fewer where each may be carried out. */
const REQUESTS_MAX = 6;
const UNSAFE_REQUESTS_MAX = 3;
/** Below 500, those that say "try again" (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4). */
const WORTH_RETRYING = [408, 425, 429];

/** Warns of a service's retries where it, and not `global`, says something of them. */
export function checkRetries({ policy, blocks }: ServiceDraft, log: DiagnosticLog): void {
  const { retry, hedgeAfterMs } = policy;
  const at = blocks.retry?.plain.at ?? blocks.hedge?.at;
  if (at === undefined || retry.attempts === 0) return;
  const hedged = hedgeAfterMs > 0;
  const requests = (1 + retry.attempts) * (hedged ? 2 : 1);
  if (requests > (retry.unsafe ? UNSAFE_REQUESTS_MAX : REQUESTS_MAX)) {
    log.report("BAL5010", at, { requests, unsafe: retry.unsafe, hedged });
  }
  const conditionsAt = blocks.retry?.plain.given.on?.at;
  const vain = retry.on.statuses.filter(isVain);
  if (conditionsAt !== undefined && vain.length > 0) {
    const statuses = vain.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
    log.report("BAL5012", conditionsAt, { statuses: statuses.join(", ") });
  }
}

function isVain({ first, last }: StatusRange): boolean {
  for (let status = first; status <= Math.min(last, 499); status++) {
    if (!WORTH_RETRYING.includes(status)) return true;
  }
  return false;
}

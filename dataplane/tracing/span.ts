/**
 * Span: what is told of one exchange whose trace is sent, from a worker to the main thread.
 */
import { type Account, WORDS } from "../observation/account.ts";
import { hexTexts } from "../observation/hex.ts";
import { METHOD_LABELS } from "../metrics/method-label.ts";

/** Times are milliseconds since 1970, with fractions. Ids are hexadecimal. */
export interface ExchangeSpan {
  traceId: string;
  spanId: string;
  /** "" where the trace begins here. */
  parentId: string;
  /** Of the span as the backend's client. */
  clientSpanId: string;
  /** One of `METHOD_LABELS`. */
  method: string;
  route: string;
  service: string;
  backend: string;
  peer: string;
  isTls: boolean;
  status: number;
  cause: string;
  attempts: number;
  requestBytes: number;
  responseBytes: number;
  requestId: string;
  startedAt: number;
  /** When the head of the backend's answer was here; 0 where it never was. */
  answeredAt: number;
  endedAt: number;
}

/**
 * The span of an account that is over.
 *
 * @param wallClock what turns its times into milliseconds since 1970
 */
export function spanOf(account: Account, endedAt: number, wallClock: number): ExchangeSpan {
  const { words, route, backend } = account;
  const hasParent = words[WORDS.parent] !== 0 || words[WORDS.parent + 1] !== 0;
  return {
    traceId: hexTexts(words, WORDS.trace, WORDS.parent),
    spanId: hexTexts(words, WORDS.server, WORDS.client),
    parentId: hasParent ? hexTexts(words, WORDS.parent, WORDS.server) : "",
    clientSpanId: hexTexts(words, WORDS.client, WORDS.end),
    method: METHOD_LABELS[account.method]!,
    route: route?.pattern ?? "",
    service: route?.service ?? "",
    backend: backend?.id ?? "",
    peer: account.peer,
    isTls: account.isTls,
    status: account.status,
    cause: account.cause,
    attempts: account.attempts,
    requestBytes: account.requestBytes,
    responseBytes: account.responseBytes,
    requestId: account.idText,
    startedAt: wallClock + account.startedAt,
    answeredAt: account.answeredAt === 0 ? 0 : wallClock + account.answeredAt,
    endedAt: wallClock + endedAt,
  };
}

/**
 * OTLP: spans as the JSON that collectors take (opentelemetry-proto, trace/v1). Numbers of 64 bits are
 * texts there, ids are hexadecimal, enums are numbers.
 *
 * Each exchange is two spans: Balto as the server of the client, and as the client of the backend.
 */
import type { ExchangeSpan } from "./span.ts";

const KIND_SERVER = 2;
const KIND_CLIENT = 3;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;

interface Attribute {
  key: string;
  value: { stringValue: string } | { intValue: string };
}

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  status: { code: number; message?: string };
}

/** The body of one request to a collector. */
export interface ExportRequest {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { scope: { name: string }; spans: OtlpSpan[] }[];
  }[];
}

/** The request that tells of some exchanges. */
export function exportRequest(serviceName: string, spans: readonly ExchangeSpan[]): ExportRequest {
  const resource = {
    attributes: attributes({ "service.name": serviceName, "process.pid": process.pid }),
  };
  const scopeSpans = [{ scope: { name: "balto" }, spans: spans.flatMap(spansOf) }];
  return { resourceSpans: [{ resource, scopeSpans }] };
}

function spansOf(span: ExchangeSpan): OtlpSpan[] {
  const spans = [serverSpan(span)];
  if (span.backend !== "") spans.push(clientSpan(span));
  return spans;
}

function serverSpan(span: ExchangeSpan): OtlpSpan {
  const isError = span.status >= 500;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId === "" ? {} : { parentSpanId: span.parentId }),
    name: span.route === "" ? span.method : `${span.method} ${span.route}`,
    kind: KIND_SERVER,
    startTimeUnixNano: nanoseconds(span.startedAt),
    endTimeUnixNano: nanoseconds(span.endedAt),
    attributes: attributes({
      "http.request.method": methodOf(span),
      "http.route": span.route,
      "http.response.status_code": span.status,
      "url.scheme": span.isTls ? "https" : "http",
      "client.address": span.peer,
      "network.protocol.version": "1.1",
      "http.request.body.size": span.requestBytes,
      "http.response.body.size": span.responseBytes,
      "error.type": isError ? span.cause : "",
      "balto.service": span.service,
      "balto.request_id": span.requestId,
      "balto.cause": span.cause,
    }),
    status: { code: isError ? STATUS_ERROR : STATUS_UNSET },
  };
}

/** All attempts together; what it tells of the answer is the last one's. */
function clientSpan(span: ExchangeSpan): OtlpSpan {
  const hasAnswer = span.answeredAt !== 0;
  const isError = !hasAnswer || span.status >= 400;
  return {
    traceId: span.traceId,
    spanId: span.clientSpanId,
    parentSpanId: span.spanId,
    name: methodOf(span),
    kind: KIND_CLIENT,
    startTimeUnixNano: nanoseconds(span.startedAt),
    endTimeUnixNano: nanoseconds(span.endedAt),
    attributes: attributes({
      "http.request.method": methodOf(span),
      ...(hasAnswer ? { "http.response.status_code": span.status } : {}),
      "http.request.resend_count": Math.max(span.attempts - 1, 0),
      "error.type": hasAnswer ? (isError ? String(span.status) : "") : span.cause,
      "balto.backend": span.backend,
    }),
    status: { code: isError ? STATUS_ERROR : STATUS_UNSET },
  };
}

/** As the semantic conventions call a method that they do not know. */
function methodOf({ method }: ExchangeSpan): string {
  return method === "OTHER" ? "_OTHER" : method;
}

/** Empty texts are left out. */
function attributes(values: Record<string, string | number>): Attribute[] {
  return Object.entries(values)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => ({
      key,
      value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
    }));
}

/** Milliseconds with fractions as whole nanoseconds, beyond what a number can hold exactly. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6)));
}

/**
 * Lines of the access log, put together by hand: JSON, or the Combined Log Format of web servers.
 *
 * A line is ASCII and holds no control character, whatever a client sends: what would break it, or the
 * terminal of who reads it, is escaped.
 */
import type { Route } from "../generation.ts";
import type { Account } from "../observation/account.ts";
import type { StreamRecord } from "../stream/stream-record.ts";
import { clockText, combinedTime, isoTime } from "./clock-text.ts";

/** An exchange that is over, as one line with its end. `now` is the time of day, in milliseconds. */
export function jsonLine(account: Account, now: number, endedAt: number): string {
  const { logged, route, backend } = account;
  const answered = account.answeredAt === 0 ? "" : ms(account.answeredAt - account.startedAt);
  const routeTexts = route === undefined ? NO_ROUTE : textsOf(route);
  return (
    `{"level":"info","module":"access","request_id":"${account.idText}"` +
    `,"client":"${account.peer}","method":"${logged.method}","host":"${json(logged.host)}"` +
    `,"path":"${json(logged.path)}"` +
    (logged.query === "" ? "" : `,"query":"${json(logged.query)}"`) +
    `${routeTexts},"backend":"${backend === undefined ? "" : json(backend.id)}"` +
    `,"attempts":${account.attempts},"status":${account.status}` +
    `,"bytes_in":${account.requestBytes},"bytes_out":${account.responseBytes}` +
    `,"queue_ms":${ms(account.queueMs)},"connect_ms":${ms(account.connectMs)}` +
    (answered === "" ? "" : `,"ttfb_ms":${answered}`) +
    `,"total_ms":${ms(endedAt - account.startedAt)},"tls":${account.isTls}` +
    `,"cause":"${account.cause}","time":"${clockText(isoTime, now)}","message":"request"}\n`
  );
}

/** A connection or session of a stream that is over, or was turned away. */
export function streamLine(record: StreamRecord, now: number): string {
  return (
    `{"level":"info","module":"access","stream":"${json(record.stream)}"` +
    `,"client":"${json(record.client)}","client_port":${record.clientPort}` +
    `,"backend":"${json(record.backend)}"` +
    `,"bytes_in":${record.bytesIn},"bytes_out":${record.bytesOut}` +
    `,"total_ms":${ms(record.durationMs)},"cause":"${record.cause}"` +
    `,"time":"${clockText(isoTime, now)}","message":"connection"}\n`
  );
}

/** The same of an exchange in the Combined Log Format. */
export function combinedLine(account: Account, now: number): string {
  const { logged } = account;
  const target = logged.query === "" ? logged.path : `${logged.path}?${logged.query}`;
  const request =
    logged.method === "" ? "-" : `${logged.method} ${quoted(target)} HTTP/1.${logged.minor}`;
  return (
    `${account.peer === "" ? "-" : account.peer} - - [${clockText(combinedTime, now)}] "${request}" ` +
    `${account.status} ${account.responseBytes} ` +
    `"${quoted(logged.referer) || "-"}" "${quoted(logged.agent) || "-"}"\n`
  );
}

/** What a line says of a route, made with its first one. */
function textsOf(route: Route): string {
  let texts = ROUTE_TEXTS.get(route);
  if (texts === undefined) {
    texts = `,"route":"${json(route.pattern)}","service":"${json(route.service)}"`;
    ROUTE_TEXTS.set(route, texts);
  }
  return texts;
}

const ROUTE_TEXTS = new WeakMap<Route, string>();
const NO_ROUTE = ',"route":"","service":""';

/** Milliseconds with a microsecond's precision; what is later than its end by the clock is 0. */
function ms(value: number): string {
  return value <= 0 ? "0" : String(Math.round(value * 1_000) / 1_000);
}

/** Inside a JSON text. */
function json(text: string): string {
  return PLAIN.test(text) ? text : text.replaceAll(SPECIAL, (char) => `\\u${code(char, 4)}`);
}

/** Inside the quotes of a combined line, as Apache and nginx escape. */
function quoted(text: string): string {
  return PLAIN.test(text) ? text : text.replaceAll(SPECIAL, escapeQuoted);
}

function escapeQuoted(char: string): string {
  return char.charCodeAt(0) < 0x100 ? `\\x${code(char, 2)}` : `\\u${code(char, 4)}`;
}

function code(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, "0");
}

const PLAIN = /^[ !#-[\]-~]*$/;
const SPECIAL = /[^ !#-[\]-~]/g;

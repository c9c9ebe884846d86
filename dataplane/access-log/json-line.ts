/**
 * A line of JSON about an exchange. It is begun when the request's head is here, because the bytes that it
 * tells of are gone later, and ended with the exchange.
 */
import type { Route } from "../generation.ts";
import type { Account } from "../observation/account.ts";
import type { Backend } from "../pool/backend.ts";
import { isoTime, putTime } from "./clock-text.ts";
import { escapedText } from "./escaped-text.ts";
import { type LineText, PIECES_LENGTH } from "./line-text.ts";
import type { LoggedHead } from "./logged-head.ts";

/** @param head undefined where it could not be read */
export function beginJsonLine(
  line: LineText,
  account: Account,
  head: LoggedHead | undefined,
  bytes: Uint8Array,
): void {
  line.reserve(PIECES_LENGTH);
  line.put(HEAD);
  account.putId(line);
  line.put(CLIENT);
  line.plain(account.peer);
  line.put(METHOD);
  if (head !== undefined) line.escaped(bytes, head.methodStart, head.methodEnd, "json");
  line.put(HOST);
  if (head !== undefined) line.escaped(bytes, head.hostStart, head.hostEnd, "json");
  line.put(PATH);
  if (head === undefined) return;
  line.escaped(bytes, head.pathStart, head.pathEnd, "json");
  if (head.queryStart === head.queryEnd) return;
  line.put(QUERY);
  line.escaped(bytes, head.queryStart, head.queryEnd, "json");
}

/** `now` is the time of day in milliseconds, `endedAt` by the account's clock. */
export function endJsonLine(line: LineText, account: Account, now: number, endedAt: number): void {
  const { route, backend, startedAt, answeredAt } = account;
  const routePiece = route === undefined ? NO_ROUTE : pieceOf(route);
  const backendPiece = backend === undefined ? NO_BACKEND : idOf(backend);
  line.reserve(PIECES_LENGTH + routePiece.length + backendPiece.length);
  line.put(routePiece);
  line.put(backendPiece);
  line.put(ATTEMPTS);
  line.decimal(account.attempts);
  line.put(STATUS);
  line.decimal(account.status);
  line.put(BYTES_IN);
  line.decimal(account.requestBytes);
  line.put(BYTES_OUT);
  line.decimal(account.responseBytes);
  line.put(QUEUE);
  line.ms(account.queueMs);
  line.put(CONNECT);
  line.ms(account.connectMs);
  if (answeredAt !== 0) {
    line.put(TTFB);
    line.ms(answeredAt - startedAt);
  }
  line.put(TOTAL);
  line.ms(endedAt - startedAt);
  line.put(account.isTls ? WITH_TLS : WITHOUT_TLS);
  line.plain(account.cause);
  line.put(TIME);
  putTime(line, isoTime, now);
  line.put(END);
}

const HEAD = Buffer.from('{"level":"info","module":"access","request_id":"');
const CLIENT = Buffer.from('","client":"');
const METHOD = Buffer.from('","method":"');
const HOST = Buffer.from('","host":"');
const PATH = Buffer.from('","path":"');
const QUERY = Buffer.from('","query":"');
const NO_ROUTE = Buffer.from('","route":"","service":""');
const NO_BACKEND = Buffer.from(',"backend":"');
const ATTEMPTS = Buffer.from('","attempts":');
const STATUS = Buffer.from(',"status":');
const BYTES_IN = Buffer.from(',"bytes_in":');
const BYTES_OUT = Buffer.from(',"bytes_out":');
const QUEUE = Buffer.from(',"queue_ms":');
const CONNECT = Buffer.from(',"connect_ms":');
const TTFB = Buffer.from(',"ttfb_ms":');
const TOTAL = Buffer.from(',"total_ms":');
const WITH_TLS = Buffer.from(',"tls":true,"cause":"');
const WITHOUT_TLS = Buffer.from(',"tls":false,"cause":"');
const TIME = Buffer.from('","time":"');
const END = Buffer.from('","message":"request"}\n');

/** What a line says of a route, made with its first one. */
function pieceOf(route: Route): Buffer {
  let piece = ROUTES.get(route);
  if (piece === undefined) {
    const [pattern, service] = [route.pattern, route.service].map(escapedText);
    piece = Buffer.from(`","route":"${pattern}","service":"${service}"`);
    ROUTES.set(route, piece);
  }
  return piece;
}

/** Its label may become another with a reload. */
function idOf(backend: Backend): Buffer {
  const known = BACKENDS.get(backend);
  if (known?.id === backend.id) return known.piece;
  const piece = Buffer.from(`,"backend":"${escapedText(backend.id)}`);
  BACKENDS.set(backend, { id: backend.id, piece });
  return piece;
}

const ROUTES = new WeakMap<Route, Buffer>();
const BACKENDS = new WeakMap<Backend, { id: string; piece: Buffer }>();

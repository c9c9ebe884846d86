/**
 * Response head: RFC 9112 §4–5, parsed in place from what a backend sent, as strict as requests are.
 */
import type { BodyDecoder } from "./body.ts";
import { CR, decimal, equalsFolded, FIELD_VALUE, latin1, LF, SP } from "./bytes.ts";
import { BAD, NEED_MORE, readFieldLines } from "./field-lines.ts";
import { FIELD, FieldList } from "./fields.ts";

export class ResponseHead {
  readonly fields: FieldList;
  readonly #headBytesMax: number;
  minor = 1;
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** -1 where there is no Content-Length. */
  contentLength = -1;
  isChunked = false;
  /** The backend will take another request on this connection. */
  keepAlive = true;
  /** From `Keep-Alive: timeout=N`, -1 where it says nothing. Seconds. */
  keepAliveSeconds = -1;
  hasDate = false;
  /** It names WebSocket as the protocol that it switches to. */
  upgradesToWebSocket = false;

  constructor(limits: { headBytesMax: number; fieldsMax: number }) {
    this.#headBytesMax = limits.headBytesMax;
    this.fields = new FieldList(limits.fieldsMax);
  }

  /** @returns the offset behind the head, NEED_MORE, or a negative number where it must be refused */
  parse(bytes: Buffer, start: number, end: number): number {
    const at = this.#statusLine(bytes, start, end);
    if (at < 0) return at;
    const behind = at === NEED_MORE ? NEED_MORE : readFieldLines(bytes, at, end, this.fields);
    if (behind < 0) return behind;
    if ((behind === NEED_MORE ? end : behind) - start > this.#headBytesMax) return BAD;
    if (behind === NEED_MORE) return NEED_MORE;
    return this.#interpret(bytes) ? behind : BAD;
  }

  /**
   * Begins a decoder for the body that follows the head.
   *
   * @param toHead the request's method is HEAD
   * @returns false where there can be no body, whatever the fields say (RFC 9112 §6.3)
   */
  beginBody(decoder: BodyDecoder, toHead: boolean): boolean {
    if (toHead || this.status === 204 || this.status === 304) {
      decoder.beginLength(0);
      return false;
    }
    if (this.isChunked) decoder.beginChunked();
    else if (this.contentLength !== -1) decoder.beginLength(this.contentLength);
    else decoder.beginClose();
    return true;
  }

  /** `HTTP/1.x SP 3DIGIT SP reason CRLF`; a missing last space is common and accepted. */
  #statusLine(bytes: Buffer, start: number, end: number): number {
    for (let i = 0; i < HTTP_1.length; i++) {
      if (start + i === end) return NEED_MORE;
      if (bytes[start + i] !== HTTP_1[i]) return BAD;
    }
    if (start + 14 > end)
      return bytes.indexOf(LF, start) === -1 || bytes.indexOf(LF, start) >= end ? NEED_MORE : BAD;
    const minor = bytes[start + 7]! - 0x30;
    if (minor < 0 || minor > 9 || bytes[start + 8] !== SP) return BAD;
    this.status = decimal(bytes, start + 9, start + 12);
    if (this.status < 100 || this.status > 599) return BAD;
    let at = start + 12;
    if (bytes[at] === SP) at++;
    else if (bytes[at] !== CR) return BAD;
    this.reasonStart = at;
    while (at < end && FIELD_VALUE[bytes[at]!] === 1) at++;
    this.reasonEnd = at;
    if (at + 1 >= end) return at < end && bytes[at] !== CR ? BAD : NEED_MORE;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return BAD;
    this.minor = minor;
    this.keepAlive = minor > 0;
    return at + 2;
  }

  #interpret(bytes: Buffer): boolean {
    const { fields } = this;
    let connection = 0;
    this.contentLength = -1;
    this.isChunked = false;
    this.keepAliveSeconds = -1;
    this.hasDate = false;
    this.upgradesToWebSocket = false;
    for (let i = 0; i < fields.count; i++) {
      const start = fields.valueStart[i]!;
      const end = fields.valueEnd[i]!;
      switch (fields.kind[i]!) {
        case FIELD.CONTENT_LENGTH:
          if (this.contentLength !== -1) return false;
          this.contentLength = decimal(bytes, start, end);
          if (this.contentLength === -1) return false;
          break;
        case FIELD.TRANSFER_ENCODING:
          if (this.isChunked || !equalsFolded(bytes, start, end, CHUNKED)) return false;
          this.isChunked = true;
          break;
        case FIELD.CONNECTION: {
          const bits = fields.addConnection(bytes, start, end);
          if (bits === -1) return false;
          connection |= bits;
          break;
        }
        case FIELD.KEEP_ALIVE: {
          const timeout = /(?:^|[,;\s])timeout=(\d{1,6})/i.exec(latin1(bytes, start, end));
          if (timeout !== null) this.keepAliveSeconds = Number(timeout[1]);
          break;
        }
        case FIELD.UPGRADE:
          this.upgradesToWebSocket = equalsFolded(bytes, start, end, WEBSOCKET);
          break;
        case FIELD.DATE:
          this.hasDate = true;
          break;
        default:
      }
    }
    if (this.isChunked && (this.contentLength !== -1 || this.minor === 0)) return false;
    if ((connection & 4) === 0) this.upgradesToWebSocket = false;
    if ((connection & 1) !== 0) this.keepAlive = false;
    else if ((connection & 2) !== 0) this.keepAlive = true;
    // It can have no body and announces one, which may be on its way.
    if (this.status === 204 && (this.isChunked || this.contentLength > 0)) this.keepAlive = false;
    return true;
  }
}

const HTTP_1 = Buffer.from("HTTP/1.");
const CHUNKED = Buffer.from("chunked");
const WEBSOCKET = Buffer.from("websocket");

/**
 * Answer: what a client is sent for one request: a backend's answer, behind interim ones, or one of Balto's
 * own. It knows how head and body are framed for this client, and whether the connections on either side stay
 * behind it. Where the bytes come from and go to is the exchange's business (exchange.ts).
 *
 * An exchange has one, used again for each of its requests.
 */
import { RESPONSE_HEAD } from "../limits.ts";
import type { Account } from "../observation/account.ts";
import type { Decision } from "./decision.ts";
import type { Output } from "./output.ts";
import { Relay } from "./relay.ts";
import type { RequestBody } from "./request-body.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";
import {
  type Framing,
  writeInterimHead,
  writeOwnAnswer,
  writeResponseHead,
} from "./response-writer.ts";
import type { OwnStatus } from "./status.ts";
import type { Via } from "./via.ts";

export class Answer {
  /** Its head has gone to the client; interim ones do not count. */
  hasBegun = false;
  /** Another request may follow on the client's connection. */
  keepAlive = true;
  /** The body of a backend's answer. */
  readonly body: Relay = new Relay();
  /** The backend's connection may be kept behind the answer, and for how long; -1 is not said. */
  isUpstreamKept = true;
  upstreamKeepAliveSeconds = -1;
  /** CORS lines of Balto's own, each with its CRLF. */
  cors = "";
  #via: Via | undefined;
  #minor = 1;
  #isHead = false;
  #wantsContinue = false;
  #hasContinued = false;
  /** The client gets the trailers of its answer. */
  #acceptsTrailers = false;

  /** A request has come. */
  begin(head: RequestHead, isDraining: boolean): void {
    this.hasBegun = false;
    this.#minor = head.minor;
    this.keepAlive = head.keepAlive && !isDraining;
    this.#isHead = head.isHead;
    this.#wantsContinue = head.expectsContinue;
    this.#hasContinued = false;
  }

  /** The request is forwarded. */
  forwarded(head: RequestHead, { forwarding: { via, passesTrailers } }: Decision): void {
    this.#via = via;
    this.#acceptsTrailers = passesTrailers && head.acceptsTrailers;
  }

  /** 1xx go on to clients that know of them; a 100 only to one that asked for it, and once. */
  passesInterim(status: number): boolean {
    if (this.#minor === 0) return false;
    if (status !== 100) return true;
    if (!this.#wantsContinue || this.#hasContinued) return false;
    this.#hasContinued = true;
    return true;
  }

  /** Writes an interim head. `bytes` is what `head` was parsed from. */
  writeInterim(output: Output, bytes: Buffer, head: ResponseHead): void {
    writeInterimHead(output, bytes, head, "", this.#via);
  }

  /**
   * Writes a 101.
   *
   * @param cookie the line that binds the client to its backend; "" where there is none
   */
  writeSwitch(
    output: Output,
    bytes: Buffer,
    head: ResponseHead,
    cookie: string,
    account: Account,
  ): void {
    writeInterimHead(output, bytes, head, cookie, this.#via, account);
  }

  /**
   * Begins with a backend's final head: settles how the body comes and goes, and writes the head.
   *
   * @param cookie as of `writeSwitch`
   */
  writeHead(
    output: Output,
    bytes: Buffer,
    head: ResponseHead,
    request: RequestBody,
    isDraining: boolean,
    cookie: string,
    account: Account,
  ): void {
    const { body } = this;
    const { decoder } = body;
    const isUnsized = head.beginBody(decoder, this.#isHead) && head.contentLength === -1;
    const chunked = isUnsized && this.#minor > 0;
    // An early answer: what is left of the request may be a lot.
    const isEarly = !request.isComplete && this.#wantsContinue && request.relay.bytes === 0;
    if (isEarly || isDraining || (isUnsized && !chunked)) this.keepAlive = false;
    body.begin(chunked);
    const trailers = chunked && head.isChunked && this.#acceptsTrailers;
    if (trailers) body.passTrailers(RESPONSE_HEAD.fieldsMax, head.fields.connectionNames(bytes));
    this.isUpstreamKept = head.keepAlive && !decoder.endsWithConnection;
    this.upstreamKeepAliveSeconds = head.keepAliveSeconds;
    this.hasBegun = true;
    framing.minor = this.#minor;
    framing.keepAlive = this.keepAlive;
    framing.chunked = chunked;
    framing.trailers = trailers;
    framing.contentLength = head.status === 204 ? -1 : head.contentLength;
    framing.cors = this.cors;
    framing.cookie = cookie;
    framing.via = this.#via;
    writeResponseHead(output, bytes, head, framing, account);
  }

  /**
   * Writes an answer of Balto's own. `fields` are whole lines; a body of JSON is "" where it is the status's own.
   *
   * @returns bytes of its body
   */
  writeOwn(
    output: Output,
    status: OwnStatus,
    fields: string,
    json: string,
    request: RequestBody,
    account: Account,
  ): number {
    if (!request.isComplete && this.#wantsContinue && !this.#hasContinued) this.keepAlive = false;
    this.hasBegun = true;
    return writeOwnAnswer(output, {
      status,
      fields: this.cors + account.answerFields + fields,
      json,
      minor: this.#minor,
      keepAlive: this.keepAlive,
      isHead: this.#isHead,
    });
  }
}

/** Of the head that is being written: one object for all of them. */
const framing: Framing = {
  minor: 1,
  keepAlive: true,
  chunked: false,
  trailers: false,
  contentLength: -1,
  cors: "",
  cookie: "",
  via: undefined,
};

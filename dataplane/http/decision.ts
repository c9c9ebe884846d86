/**
 * Decision: what becomes of a request, from its head alone. Either it is forwarded, and `forwarding`
 * says how, or it is answered here.
 *
 * One object a worker, filled for each request; it holds until the next one's.
 */
import { NO_METHOD } from "../../artifact/match.ts";
import { NOT_OWN, OWN_ADMIN, OWN_PROBE, ownPathOf } from "../../artifact/own-path.ts";
import { parameterValues } from "../../artifact/parameter-values.ts";
import { normalizePath, PATH_BAD, PATH_UNCHANGED } from "../../artifact/path.ts";
import type { Generation, Route } from "../generation.ts";
import type { AdminRoute } from "../admin/admin-route.ts";
import type { RequestHead } from "./request-head.ts";
import { type Forwarding, NO_MARKS } from "./request-writer.ts";
import { METHODS_KNOWN, type OwnStatus } from "./status.ts";

/** Whom a request comes from. */
export interface RequestPeer {
  peer: string;
  isTls: boolean;
}

/** What a decision rests on besides the request. */
export interface DecisionContext {
  readonly generation: Generation;
  /** Room for a path at the limit of a request target. */
  readonly path: Buffer;
  /** Where what operators ask is answered; left out, it is asked of nobody. */
  readonly admin?: AdminRoute | undefined;
}

export class Decision {
  /** The answer's status; 0 where the request is forwarded. */
  status: OwnStatus | 0 = 0;
  /** The answer's own field lines, each with its CRLF. */
  fields = "";
  /** A JSON body; "" leaves the status's own. */
  json = "";
  /** CORS lines of any answer to this request. */
  cors = "";
  /** Of the request's key, where its pool's algorithm hashes; else 0. */
  hash = 0;
  /** The backend that the request's cookie names: its index, -1 where there is none, and its tag. */
  sticky = -1;
  stickyTag = "";
  /** What the request has come to, whether it goes on from there or not. */
  route: Route | undefined;
  /** It is a probe or an operator's question, and no traffic. */
  isInternal = false;
  readonly forwarding: Forwarding = {
    marks: NO_MARKS,
    via: undefined,
    passesTrailers: false,
  } as Forwarding;
  readonly #context: DecisionContext;

  constructor(context: DecisionContext) {
    this.#context = context;
  }

  /** Decides. `bytes` is what `head` was parsed from. */
  decide(head: RequestHead, bytes: Buffer, from: RequestPeer): void {
    this.fields = this.json = this.cors = "";
    this.route = undefined;
    this.isInternal = false;
    this.status = this.#decide(head, bytes, from);
  }

  #decide(head: RequestHead, bytes: Buffer, from: RequestPeer): OwnStatus | 0 {
    const { generation } = this.#context;
    if (head.isAsterisk) return this.#noContent(`Allow: ${METHODS_KNOWN}\r\n`);

    const { forwarding } = this;
    forwarding.path = bytes;
    forwarding.pathStart = head.pathStart;
    forwarding.pathEnd = head.pathEnd;
    const scratch = this.#context.path;
    const length = normalizePath(
      bytes,
      head.pathStart,
      head.pathEnd,
      scratch,
      generation.pathRules,
    );
    if (length === PATH_BAD) return 400;
    if (length !== PATH_UNCHANGED) {
      forwarding.path = scratch;
      forwarding.pathStart = 0;
      forwarding.pathEnd = length;
    }
    const own = ownPathOf(forwarding.path, forwarding.pathStart, forwarding.pathEnd);
    if (own !== NOT_OWN) {
      const status = this.#own(own, head, bytes, from);
      if (status !== undefined) return status;
    }
    if (head.maxForwards === 0) return this.#noContent(`Allow: ${METHODS_KNOWN}\r\n`);
    if (generation.cors !== undefined) {
      this.cors = generation.cors.answerLines(bytes, head);
      const preflight = generation.cors.preflightLines(bytes, head);
      if (preflight !== undefined) return this.#noContent(preflight);
    }
    if (generation.via?.isLoop(bytes, head) === true) return 508;
    return this.#route(head, bytes, from);
  }

  /** What Balto answers itself, here or in the main thread; undefined where it is traffic all the same. */
  #own(
    own: number,
    head: RequestHead,
    bytes: Buffer,
    from: RequestPeer,
  ): OwnStatus | 0 | undefined {
    const { admin } = this.#context;
    if (own === OWN_PROBE) {
      this.isInternal = true;
      this.json = '{"status":"ok"}';
      return 200;
    }
    if (admin === undefined || (own === OWN_ADMIN && !admin.isOnTraffic)) return undefined;
    this.isInternal = true;
    admin.forward(this.forwarding, head, bytes, from);
    this.forwarding.via = undefined;
    this.forwarding.passesTrailers = false;
    this.hash = 0;
    this.sticky = -1;
    this.stickyTag = "";
    return 0;
  }

  /** Host, method, path and what predicates ask for to a route, and what its pool picks by. */
  #route(head: RequestHead, bytes: Buffer, { peer, isTls }: RequestPeer): OwnStatus | 0 {
    const { generation } = this.#context;
    const { matcher } = generation;
    const { forwarding } = this;
    const { path, pathStart, pathEnd } = forwarding;
    const host = matcher.host(bytes, head.hostStart, head.hostEnd);
    const method = matcher.methodBit(bytes, head.methodStart, head.methodEnd);
    const row = matcher.match(host, method, path, pathStart, pathEnd, bytes, head);
    if (row === NO_METHOD) {
      this.fields = `Allow: ${generation.methodNames(matcher.allowedBits).join(", ")}\r\n`;
      return 405;
    }
    if (row < 0) return 404;
    const parameters = parameterValues(matcher, path);
    if (parameters === undefined) return 400;

    const route = (this.route = generation.route(row));
    if (head.contentLength > route.bodyBytesMax) return 413;
    forwarding.route = route;
    forwarding.rest = matcher.rest;
    forwarding.parameters = parameters;
    forwarding.peer = peer;
    forwarding.isTrusted = generation.trusts(peer);
    forwarding.isTls = isTls;
    forwarding.via = generation.via;
    forwarding.passesTrailers = generation.settings.forwardTrailers;
    const { key, sticky, pool } = route;
    this.hash = key === undefined ? 0 : key.of(bytes, head, forwarding, generation);
    this.stickyTag = sticky === undefined ? "" : sticky.tagOf(bytes, head);
    this.sticky = this.stickyTag === "" ? -1 : pool.backendOfTag(this.stickyTag);
    return 0;
  }

  #noContent(fields: string): OwnStatus {
    this.fields = fields;
    return 204;
  }
}

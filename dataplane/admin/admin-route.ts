/**
 * Admin route: how a worker hands what operators ask to the main thread, as an ordinary exchange with a
 * backend of its own. Who asks is told in fields that no client can send, as with a route's parameters.
 */
import type { PoolPolicy, RetryPolicy } from "../../artifact/model.ts";
import type { Route } from "../generation.ts";
import { latin1 } from "../http/bytes.ts";
import type { RequestPeer } from "../http/decision.ts";
import { FIELD } from "../http/fields.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { Forwarding } from "../http/request-writer.ts";
import { Pool, type PoolContext } from "../pool/pool.ts";
import { CHANNEL_FIELDS } from "./channel.ts";

/** Where the main thread takes them. */
export interface AdminChannel {
  /** On the loopback address. */
  port: number;
  /** Known to this process alone: others can connect there, too. */
  secret: string;
  /** What operators ask is answered on the address of the traffic, too. */
  isOnTraffic: boolean;
}

/** A change of the configuration is compiled before its answer comes. */
const RESPONSE_MS = 60_000;
/** The stream of events says something more often. */
const READ_MS = 60_000;
/** Beyond any that is accepted; who is refused shall read why. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

const NO_RETRY: RetryPolicy = {
  attempts: 0,
  on: { connectFailure: false, reset: false, timeout: false, statuses: [] },
  unsafe: false,
  backoff: { initialMs: 0, maxMs: 0, multiplierPercent: 100, jitterPercent: 0 },
  budgetPercent: 0,
  perTryTimeoutMs: 0,
  bufferBytes: 0,
};
const PLAIN_POLICY: PoolPolicy = {
  algorithm: "round-robin",
  hash: { by: "source-ip", name: "" },
  boundedLoadPercent: 0,
  sticky: undefined,
  slowStartMs: 0,
  panicPercent: 0,
  health: undefined,
  passive: undefined,
  breaker: undefined,
  queue: { waitersMax: 0, timeoutMs: 0 },
  dns: { refreshMs: 60_000, family: "auto" },
};

export class AdminRoute {
  readonly isOnTraffic: boolean;
  readonly #secret: string;
  readonly #route: Route;

  constructor({ port, secret, isOnTraffic }: AdminChannel, context: PoolContext) {
    this.isOnTraffic = isOnTraffic;
    this.#secret = secret;
    const address = { scheme: "http", host: "127.0.0.1", port, path: "" } as const;
    this.#route = {
      service: "",
      pattern: "",
      strip: false,
      isExact: true,
      // The host that was asked for says whether a browser was led here.
      preserveHost: true,
      timeouts: {
        connectMs: 5_000,
        responseMs: RESPONSE_MS,
        readMs: READ_MS,
        writeMs: 10_000,
        requestMs: 0,
        tunnelMs: READ_MS,
      },
      bodyBytesMax: BODY_BYTES_MAX,
      parameterFields: CHANNEL_FIELDS.map((name) => Buffer.from(`${name}: `)),
      retry: NO_RETRY,
      hedgeAfterMs: 0,
      pool: new Pool(
        {
          // No pool of a configuration has this key.
          key: "",
          label: "balto",
          policy: PLAIN_POLICY,
          table: [],
          backends: [{ address, weight: 1, priority: 0, connectionsMax: 0 }],
        },
        context,
      ),
      key: undefined,
      sticky: undefined,
      meter: undefined,
    };
  }

  /** Fills in where the request goes and who asks. */
  forward(forwarding: Forwarding, head: RequestHead, bytes: Buffer, from: RequestPeer): void {
    forwarding.route = this.#route;
    forwarding.rest = 0;
    forwarding.peer = from.peer;
    forwarding.isTls = from.isTls;
    // So nothing that the client says of itself goes on.
    forwarding.isTrusted = false;
    forwarding.parameters = [
      this.#secret,
      from.peer === "" ? "-" : from.peer,
      from.isTls ? "tls" : "plain",
      // Without a Host field the writer puts its own there.
      head.hostEnd > head.hostStart ? latin1(bytes, head.hostStart, head.hostEnd) : "-",
      isRelayed(head, bytes) ? "relayed" : "direct",
    ];
  }
}

/** A proxy stands between: what looks like a client on this machine may be anybody. */
function isRelayed({ fields }: RequestHead, bytes: Buffer): boolean {
  for (let i = 0; i < fields.count; i++) {
    switch (fields.kind[i]!) {
      case FIELD.FORWARDED:
      case FIELD.FORWARDED_FOR:
      case FIELD.FORWARDED_HOST:
      case FIELD.FORWARDED_PROTO:
      case FIELD.VIA:
        return true;
      case FIELD.OTHER:
        if (/^x-real-ip$/i.test(latin1(bytes, fields.nameStart[i]!, fields.nameEnd[i]!)))
          return true;
        break;
      default:
    }
  }
  return false;
}

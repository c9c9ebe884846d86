/**
 * Decode the streams of an artifact as plain objects: they are few, so whoever serves them may build
 * all of them when it loads.
 */
import { listRows } from "./decode-policy.ts";
import { NONE } from "./layout.ts";
import {
  PROXY_SENDS,
  type SniRoute,
  type Stream,
  type StreamPolicy,
  STREAM_PROTOCOLS,
} from "./model.ts";
import { RowReader, type View } from "./view.ts";

/** The streams of an artifact, in its order, with the rows of their pools. */
export function streamsOf(view: View): Stream<number>[] {
  const streams = new RowReader(view, "streams");
  const positions = new RowReader(view, "positions");
  return Array.from({ length: streams.count }, (_, row) => {
    const pool = streams.number(row, "pool");
    const position = streams.number(row, "position");
    return {
      name: streams.text(row, "name"),
      listen: streams.text(row, "listen"),
      protocol: STREAM_PROTOCOLS[streams.number(row, "protocol")]!,
      pool: pool === NONE ? undefined : pool,
      sni: sniOf(view, streams.number(row, "sni")),
      policy: streamPolicyOf(view, streams.number(row, "policy")),
      origin: {
        file: streams.text(row, "file"),
        line: positions.number(position, "line"),
        column: positions.number(position, "column"),
      },
    };
  });
}

function sniOf(view: View, first: number): SniRoute<number>[] {
  const routes = new RowReader(view, "streamRoutes");
  return listRows(routes, first).map((row) => ({
    names: routes.words(row, "names"),
    pool: routes.number(row, "pool"),
  }));
}

function streamPolicyOf(view: View, row: number): StreamPolicy {
  const policy = new RowReader(view, "streamPolicies");
  return {
    connectMs: policy.number(row, "connectMs"),
    idleMs: policy.number(row, "idleMs"),
    clientHelloMs: policy.number(row, "clientHelloMs"),
    connectionsMax: policy.number(row, "connectionsMax"),
    clientConnectionsMax: policy.number(row, "clientConnectionsMax"),
    sessionsMax: policy.number(row, "sessionsMax"),
    proxyProtocol: {
      accept: policy.number(row, "proxyAccept") === 1,
      trusted: policy.words(row, "proxyTrusted"),
      timeoutMs: policy.number(row, "proxyTimeoutMs"),
      send: PROXY_SENDS[policy.number(row, "proxySend")]!,
    },
    allow: policy.words(row, "allow"),
    deny: policy.words(row, "deny"),
  };
}

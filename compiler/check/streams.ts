/**
 * Streams: what is written and has no effect.
 */
import type { ProxyAcceptance } from "../../artifact/model.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { StreamDraft, StreamKey } from "../resolve/stream.ts";
import type { Span } from "../source-text.ts";

/** Warns of settings that a stream has no use for. */
export function checkStream(stream: StreamDraft, log: DiagnosticLog): void {
  const { protocol, policy, keys, sni, target, closesOthers } = stream;
  const unused = (key: StreamKey, reason: string, help: string): void => {
    const at = keys[key];
    if (at !== undefined) log.report("BAL5008", at, { key, reason, help });
  };
  if (protocol === "udp") {
    const help = "set max_sessions, or leave it out";
    unused("max_connections", "datagrams make sessions, not connections", help);
  } else {
    unused("max_sessions", "the protocol is tcp", "set max_connections, or leave it out");
    checkAcceptance(policy.proxyProtocol, keys["proxy_protocol.accept"], log);
  }
  if (sni.length === 0) {
    unused("timeouts.client_hello", "without tls.sni no ClientHello is read", "leave it out");
  }
  if (closesOthers && target !== undefined) {
    const at = keys["tls.default"]!;
    const key = "what stands beside tls";
    const reason = "with default: close no connection goes to these backends";
    const help = "leave them out, or set default to backends";
    log.report("BAL5008", at, { key, reason, help });
  }
}

/** Warns where a PROXY header is expected of nobody. */
export function checkAcceptance(
  { accept, trusted }: ProxyAcceptance,
  at: Span | undefined,
  log: DiagnosticLog,
): void {
  if (!accept || trusted.length > 0 || at === undefined) return;
  const reason = "nobody is trusted, so no header is read";
  const help = "list the networks of the proxies in front under trusted";
  log.report("BAL5008", at, { key: "proxy_protocol.accept", reason, help });
}

/**
 * Keys of a Balance file that Balto has no counterpart for, and what to do instead. The first that fits
 * is the one that is told.
 */
export interface Dropped {
  key: string;
  reason: string;
  /** Left out, it holds in both modes. */
  mode?: "tcp" | "http";
}

const POOL = "Balto keeps up to 256 idle connections a worker by itself";
const CLIENTS = "Balto does not ask clients for certificates";
const VERSIONS = "Balto speaks TLS 1.2 and 1.3";
const PASSED = "streams pass TLS through as it is: end it in the backends";
const HTTP_ONLY = "it is of HTTP, and the mode is tcp";

export const BALANCE_DROPPED: readonly Dropped[] = [
  { key: "http", mode: "tcp", reason: HTTP_ONLY },
  { key: "tls", mode: "tcp", reason: PASSED },
  { key: "transform", mode: "tcp", reason: HTTP_ONLY },
  { key: "tracing", mode: "tcp", reason: HTTP_ONLY },
  {
    key: "timeouts.read",
    mode: "tcp",
    reason: "streams are limited by their silence (timeouts.idle) alone",
  },
  {
    key: "timeouts.write",
    mode: "tcp",
    reason: "streams are limited by their silence (timeouts.idle) alone",
  },
  {
    key: "resilience.retry",
    mode: "tcp",
    reason:
      "a connection that cannot be made goes to the next backend at once; nothing else is repeated",
  },
  { key: "security.connection_protection.read_timeout", mode: "tcp", reason: HTTP_ONLY },
  { key: "security.connection_protection.max_request_size", mode: "tcp", reason: HTTP_ONLY },
  { key: "security.connection_protection.max_header_size", mode: "tcp", reason: HTTP_ONLY },
  { key: "security.rate_limit", mode: "tcp", reason: HTTP_ONLY },
  { key: "http.max_idle_conns_per_host", reason: POOL },
  {
    key: "http.idle_conn_timeout",
    reason: "Balto closes idle connections before their backend does",
  },
  { key: "connection_pool", reason: POOL },
  {
    key: "tls.certificates",
    reason:
      "Balto serves one certificate, the default one or the first: make it one for all domains",
  },
  { key: "tls.cert_file", reason: "`certificates` goes before it" },
  { key: "tls.key_file", reason: "`certificates` goes before it" },
  { key: "tls.cipher_suites", reason: "Balto uses the safe suites of TLS 1.2 and 1.3" },
  {
    key: "tls.prefer_server_cipher_suites",
    reason: "Balto uses the safe suites of TLS 1.2 and 1.3",
  },
  { key: "tls.session_tickets_disabled", reason: "Balto resumes sessions as Node does by default" },
  { key: "tls.min_version", reason: VERSIONS },
  { key: "tls.max_version", reason: VERSIONS },
  { key: "tls.alpn_protocols", reason: "Balto offers http/1.1" },
  { key: "tls.client_auth", reason: CLIENTS },
  { key: "tls.client_ca_file", reason: CLIENTS },
  {
    key: "tls.backend",
    reason:
      "the backends get https:// URLs; their certificates are checked against the system's roots",
  },
  {
    key: "tls.sni",
    reason: "with TLS ended here, requests go by their Host: give services a domain and backends",
  },
  {
    key: "security.rate_limit",
    reason: "Balto does not limit rates; limit them in front of it or in the backend",
  },
  {
    key: "security.connection_protection.max_connection_rate",
    reason: "Balto limits connections, not their rate",
  },
  {
    key: "security.ip_blocklist",
    reason: "Balto denies addresses to streams only; use a firewall for HTTP",
  },
  {
    key: "transform",
    reason: "Balto does not change fields or paths but by path_prefix and strip_prefix",
  },
  { key: "load_balancer.hash_key", reason: "only the algorithms that hash have a use for it" },
  ...["path", "http_path", "http_method", "http_expected_status"].map((key) => ({
    key: `health_check.${key}`,
    reason: "probes of type tcp have no use for it, and `path` goes before `http_path`",
  })),
  {
    key: "metrics.listen",
    reason: "metrics are at /balto/metrics, on admin.listen where that is set",
  },
  { key: "metrics.path", reason: "metrics are at /balto/metrics" },
  {
    key: "admin",
    reason: "health and metrics are below /balto/, on admin.listen where that is set",
  },
  { key: "logging.format", reason: "events are JSON; the access log is JSON or combined" },
  { key: "logging.add_caller", reason: "events name their module" },
];

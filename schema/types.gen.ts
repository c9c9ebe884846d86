/**
 * Types of a config tree as it is written. Generated from the schemas by schema/generate.ts:
 * change those, then run `npm run gen`.
 */

/**
 * A file under services/: either one service, or a list of them under `services`.
 */
export type ServiceFile = Service | ServiceList;

/**
 * Each kind of file by the name of its schema.
 */
export interface Documents {
  config: Config;
  service: ServiceFile;
}
/**
 * balto.config.yaml: settings of the whole gateway, and services for those who want them in one file.
 */
export interface Config {
  global?: Global;
  server?: Server;
  /**
   * Services, beside those under services/.
   */
  services?: Service[];
}
/**
 * Settings that hold for every service.
 */
export interface Global {
  load_balancing?: LoadBalancing;
  tls?: Tls;
  logging?: Logging;
  metrics?: Metrics;
  cors?: Cors;
  timeouts?: ClientTimeouts;
}
/**
 * How a backend is picked.
 */
export interface LoadBalancing {
  /**
   * The algorithm of every service: one after the other, the backend with the fewest requests in flight, or one after the other by weight.
   */
  algorithm?: "round-robin" | "least-connections" | "weighted-rr";
}
/**
 * TLS towards clients.
 */
export interface Tls {
  /**
   * true serves TLS on `server.port`. It needs `cert_file` and `key_file`.
   */
  enabled?: boolean;
  /**
   * Path of the certificate chain, PEM. The data plane reads it; the artifact holds the path only. References such as `${env:NAME}` are allowed.
   */
  cert_file?: string;
  /**
   * Path of the private key, PEM. References such as `${env:NAME}` are allowed.
   */
  key_file?: string;
}
/**
 * The log of events.
 */
export interface Logging {
  /**
   * A list is the exact set of levels that are written: `[info]` leaves out warn and error. A single word is that level and all more severe ones.
   */
  level?: ("debug" | "info" | "warn" | "error") | ("debug" | "info" | "warn" | "error")[];
  /**
   * File to write to; empty is standard output. SIGUSR1 opens it anew. References such as `${env:NAME}` are allowed.
   */
  path?: string;
}
/**
 * Metrics for Prometheus.
 */
export interface Metrics {
  /**
   * false makes `/balto/metrics` answer 503.
   */
  enabled?: boolean;
}
/**
 * Cross-origin requests from browsers.
 */
export interface Cors {
  /**
   * true answers preflight requests and marks answers for the allowed origins.
   */
  enabled?: boolean;
  /**
   * Origins that are allowed, scheme and port included; `*` is any.
   *
   * Items: An origin such as `https://app.example.com`, or `*`.
   */
  allowed_origins?: string[];
}
/**
 * Limits on the client's side of an exchange. `read` and `write` limit inactivity, not the whole exchange.
 */
export interface ClientTimeouts {
  /**
   * No byte from the client for so long while a request body is expected.
   */
  read?: string;
  /**
   * No byte accepted by the client for so long while an answer is being sent.
   */
  write?: string;
  /**
   * A kept-alive connection without a request for so long is closed.
   */
  idle?: string;
}
/**
 * Where Balto listens, and how it stops.
 */
export interface Server {
  /**
   * The listening address: a port, `:port` (every interface) or `host:port`. References such as `${env:NAME}` are allowed.
   */
  port?: number | string;
  /**
   * Addresses and networks (CIDR) whose `X-Forwarded-*` fields are believed. From all others they are replaced.
   *
   * Items: An IPv4 or IPv6 address or network.
   */
  trusted_proxies?: string[];
  limits?: Limits;
  drain?: Drain;
}
/**
 * What a client may ask of Balto. A reload changes them for everything that begins after it.
 */
export interface Limits {
  /**
   * Bytes of a request's head, 1KiB to 64KiB; over it 431.
   */
  head?: string;
  /**
   * Header fields of a request; over it 431.
   */
  fields?: number;
  /**
   * Bytes of a request's target (path and query), 64B to 64KiB; over it 414. It lies in the head, so `head` limits it too.
   */
  target?: string;
  /**
   * From a head's first byte to its last; over it 408.
   */
  header_timeout?: string;
  /**
   * Client connections open at a time, in all workers together; one more is closed at once. 0 is as many as the process has file descriptors for, which holds in any case.
   */
  connections?: number;
  /**
   * Of these, from one client: an IPv4 address, or an IPv6 network of 64 bits. Addresses of `server.trusted_proxies` are not limited. 0 is no limit.
   */
  connections_per_client?: number;
  /**
   * Requests on one connection; the last one's answer says `Connection: close`. 0 is no limit.
   */
  requests_per_connection?: number;
}
/**
 * What happens between the signal to stop and the end of the process.
 */
export interface Drain {
  /**
   * How long to go on accepting connections after SIGTERM, so that a load balancer in front can notice.
   */
  delay?: string;
  /**
   * After the delay, how long exchanges may take to finish before they are cut.
   */
  timeout?: string;
}
/**
 * One routed service: which requests it takes, and the backends that answer them.
 */
export interface Service {
  /**
   * Identity of the service in logs, metrics and across reloads, unique in the tree. Left out, it is the first domain followed by the path pattern.
   */
  name?: string;
  /**
   * false takes the service out of traffic. It is still checked.
   */
  enabled?: boolean;
  /**
   * The host whose requests this service takes. Exactly one of `domain` and `domains` is required.
   */
  domain?: string;
  /**
   * Several hosts in place of `domain`.
   *
   * @minItems 1
   *
   * Items: A host: exact (`api.example.com`), every host below a name (`*.example.com`), or any host (`*`). Case, the port of a request and a trailing dot do not matter.
   */
  domains?: string[];
  /**
   * The path pattern of this service. `*` as the last segment takes everything below; without it the pattern is exact. Per segment a literal wins over a parameter, and a parameter over `*`.
   */
  path_prefix: string;
  /**
   * The methods this service takes. Left out, it takes every method.
   *
   * @minItems 1
   *
   * Items: A request method. Methods are case-sensitive: `GET`, not `get`.
   */
  methods?: string[];
  /**
   * Short form of `backends`: a port (`8080` is `http://$BALTO_UPSTREAM_HOST:8080`, by default on localhost), `host:port`, or a URL. Exactly one of `ports` and `backends` is required. References such as `${env:NAME}` are allowed.
   *
   * @minItems 1
   *
   * Items: A port, `host:port` or a URL.
   */
  ports?: (number | string)[];
  /**
   * The servers that answer, in full form.
   *
   * @minItems 1
   */
  backends?: Backend[];
  /**
   * Whether the literal part of the pattern is taken off the path that the backend sees. A pattern with a parameter is never stripped.
   */
  strip_prefix?: boolean;
  /**
   * true sends the Host of the request to the backend; false sends the backend's own host and port.
   */
  preserve_host?: boolean;
  /**
   * The largest request body this service takes, its framing not counted; a larger one is answered 413. Left out, there is no limit.
   */
  max_body?: string;
  timeouts?: BackendTimeouts;
}
/**
 * One server behind a service.
 */
export interface Backend {
  /**
   * `http://` or `https://`, host, port and an optional path that is put before the forwarded path. No user name, password, query or fragment. References such as `${env:NAME}` are allowed.
   */
  url: string;
  /**
   * Share of the traffic under the `weighted-rr` algorithm, relative to the other backends.
   */
  weight?: number;
  /**
   * What logs call this backend. Left out, they give its URL.
   */
  name?: string;
}
/**
 * Limits on the backend's side of an exchange.
 */
export interface BackendTimeouts {
  /**
   * Until the connection to the backend stands.
   */
  connect?: string;
  /**
   * From the request being sent to the first byte of the answer.
   */
  response?: string;
  /**
   * No byte from the backend for so long in the middle of an answer.
   */
  read?: string;
  /**
   * No byte accepted by the backend for so long in the middle of a request.
   */
  write?: string;
}
/**
 * Several services in one file.
 */
export interface ServiceList {
  /**
   * The services of this file.
   */
  services: Service[];
}

/**
 * Types of a config tree as it is written. Generated from the schemas by schema/generate.ts:
 * change those, then run `npm run gen`.
 */

/**
 * A file under services/: either one service, or a list of them under `services`.
 */
export type ServiceFile = Service | ServiceList;
/**
 * A file under pools/: either one pool, or a list of them under `pools`.
 */
export type PoolFile = Pool | PoolList;
/**
 * A file under streams/: either one stream, or a list of them under `streams`.
 */
export type StreamFile = Stream | StreamList;

/**
 * Each kind of file by the name of its schema.
 */
export interface Documents {
  config: Config;
  service: ServiceFile;
  pool: PoolFile;
  stream: StreamFile;
  tests: TestsFile;
}
/**
 * balto.config.yaml: settings of the whole gateway, and pools, services and streams for those who want them in one file.
 */
export interface Config {
  global?: Global;
  server?: Server;
  /**
   * Who may claim what: a folder of the tree, or a single file, and the hosts and paths that belong to its services. They may claim nothing else, and nobody else may claim that. Of several folders the longest decides.
   */
  owners?: {
    [k: string]: Owner;
  };
  api?: Api;
  admin?: Admin;
  /**
   * Named pools, beside those under pools/.
   */
  pools?: Pool[];
  /**
   * Services, beside those under services/.
   */
  services?: Service[];
  /**
   * Streams, beside those under streams/.
   */
  streams?: Stream[];
}
/**
 * Settings that hold for every service, stream and pool.
 */
export interface Global {
  load_balancing?: LoadBalancing;
  health_check?: HealthCheck;
  circuit_breaker?: CircuitBreaker;
  queue?: Queue;
  dns?: Dns;
  retry?: Retry;
  tls?: Tls;
  logging?: Logging;
  metrics?: Metrics;
  access_log?: AccessLog;
  tracing?: Tracing;
  request_id?: RequestId;
  cors?: Cors;
  timeouts?: GlobalTimeouts;
}
/**
 * How a backend is picked. Each key that is left out is as `global.load_balancing` has it.
 */
export interface LoadBalancing {
  /**
   * `round-robin`: one after the other. `weighted-rr` (or `weighted-round-robin`): the same, in proportion to weights. `least-connections`: the fewest requests under way; `weighted-least-connections`: in proportion to weights. `random`. `p2c` (or `power-of-two`): of two drawn at random the one with fewer requests for its weight. `ewma` (or `peak-ewma`): of two the one that is likely to answer sooner, by a moving average that remembers peaks. `consistent-hash`: what has the same `hash` goes to the same backend; `bounded-consistent-hash` and `bounded-load` are it with a `bounded_load` of 1.25. `ip-hash`: the same for the client's address.
   */
  algorithm?:
    | "round-robin"
    | "weighted-rr"
    | "weighted-round-robin"
    | "least-connections"
    | "weighted-least-connections"
    | "random"
    | "p2c"
    | "power-of-two"
    | "ewma"
    | "peak-ewma"
    | "consistent-hash"
    | "bounded-consistent-hash"
    | "bounded-load"
    | "ip-hash";
  hash?: Hash;
  /**
   * Short form of `hash`: `source-ip`, `path`, `header:NAME`, `cookie:NAME` or `query:NAME`.
   */
  hash_key?: string;
  /**
   * Under `consistent-hash`, how many times its share of the requests under way a backend may have before others take its keys; from 1.01. 0 is no bound.
   */
  bounded_load?: number;
  sticky?: Sticky;
  /**
   * For how long the share of a backend that is new, or has returned, grows. 0s is not at all.
   */
  slow_start?: string;
  /**
   * Percent of the backends: where fewer are usable, health is ignored and all are used. 0 is never.
   */
  panic_threshold?: number;
}
/**
 * What `consistent-hash` goes by. Given in a service or pool, it takes the place of the global one as a whole.
 */
export interface Hash {
  /**
   * The client's address, a header, a cookie, the path or a parameter of the query; streams know the address only. Where a request does not have it, the client's address.
   */
  by?: "source-ip" | "header" | "cookie" | "path" | "query";
  /**
   * The name of the header, cookie or parameter; required with these.
   */
  name?: string;
}
/**
 * Sticky sessions: clients are brought back to their backend by a signed cookie, while it is usable.
 */
export interface Sticky {
  /**
   * false turns it off where `global` has it on.
   */
  enabled?: boolean;
  /**
   * Name of the cookie.
   */
  cookie?: string;
  /**
   * What the cookie is signed with, at least 16 characters; required. Only as a reference without a default, `${env:NAME}` or `${file:/path}`: the secret itself may not stand in the configuration.
   */
  secret?: string;
  /**
   * How long a browser keeps the cookie. 0s is until it closes.
   */
  ttl?: string;
  /**
   * Path of the cookie.
   */
  path?: string;
  /**
   * Whether browsers send it over TLS only; `auto` is where it was set over TLS.
   */
  secure?: "auto" | true | false;
  /**
   * Whether browsers send it with requests from other sites.
   */
  same_site?: "lax" | "strict" | "none";
}
/**
 * Active probes, and passive checks of the traffic. Without this block, here and in `global`, there are neither. Each key that is left out is as `global.health_check` has it.
 */
export interface HealthCheck {
  /**
   * false turns probes and passive checks off where `global` has them on.
   */
  enabled?: boolean;
  /**
   * `http`: a request, over TLS where the backend's URL is `https`; `https`: over TLS in any case; `tcp`: a connection only; `none`: no probes, for passive checks alone.
   */
  type?: "http" | "https" | "tcp" | "none";
  /**
   * Path and query of the request.
   */
  path?: string;
  /**
   * Method of the request.
   */
  method?: string;
  /**
   * Fields of the request, by name. Values may hold references such as `${env:NAME}`.
   */
  headers?: {
    /**
     * The value of the field.
     */
    [k: string]: string;
  };
  /**
   * Host of the request. Empty is the backend's. References such as `${env:NAME}` are allowed.
   */
  host?: string;
  /**
   * Port that is probed. 0 is the backend's.
   */
  port?: number;
  /**
   * Statuses of a healthy answer. Redirects are not followed.
   *
   * @minItems 1
   *
   * Items: A status such as 503, or a range of them such as `500-599`.
   */
  expected_status?: (number | string)[];
  /**
   * A text that must stand in the first 64 KiB of the answer. Empty is any.
   */
  expected_body?: string;
  /**
   * From one probe to the next.
   */
  interval?: string;
  /**
   * Up to so much is added to each interval, at random.
   */
  jitter?: string;
  /**
   * How long a probe may take.
   */
  timeout?: string;
  /**
   * Failed probes in a row until a backend is down.
   */
  unhealthy_threshold?: number;
  /**
   * Good probes in a row until it is up again.
   */
  healthy_threshold?: number;
  /**
   * What a backend is before its first probes.
   */
  initial?: "up" | "down";
  passive?: Passive;
}
/**
 * Passive checks: backends whose answers to traffic fail are taken out for a while. Failures are connections that cannot be made, resets, timeouts and the `statuses`; requests that clients give up count as nothing.
 */
export interface Passive {
  /**
   * false turns them off.
   */
  enabled?: boolean;
  /**
   * Failures in a row that take a backend out. 0 is not by these.
   */
  consecutive_failures?: number;
  /**
   * Part of the requests within `window` that fail, 0 to 1, that takes a backend out. 0 is not by these.
   */
  failure_rate?: number;
  /**
   * Requests within `window` below which the rate says nothing.
   */
  minimum_requests?: number;
  /**
   * What `failure_rate` looks at.
   */
  window?: string;
  /**
   * How long a backend is out the first time; each further time in a row is longer by it.
   */
  ejection_time?: string;
  /**
   * The longest it grows to.
   */
  ejection_time_max?: string;
  /**
   * Percent of the backends that may be out so at a time.
   */
  max_ejected_percent?: number;
  /**
   * Answers that are failures.
   *
   * @minItems 1
   *
   * Items: A status such as 503, or a range of them such as `500-599`.
   */
  statuses?: (number | string)[];
}
/**
 * The circuit breaker of each backend, on by default: after failures in a row it opens and the backend gets no requests; after `timeout` it lets a few through, and their success closes it. Each key that is left out is as `global.circuit_breaker` has it.
 */
export interface CircuitBreaker {
  /**
   * false turns it off.
   */
  enabled?: boolean;
  /**
   * Failures in a row that open it.
   */
  failure_threshold?: number;
  /**
   * Successes that close it again.
   */
  success_threshold?: number;
  /**
   * How long it stays open.
   */
  timeout?: string;
  /**
   * Requests at a time that it lets through before it closes, of all workers together.
   */
  max_half_open_requests?: number;
  /**
   * Answers that are failures.
   *
   * @minItems 1
   *
   * Items: A status such as 503, or a range of them such as `500-599`.
   */
  statuses?: (number | string)[];
}
/**
 * Requests that wait where every usable backend is at its `max_connections`. Each key that is left out is as `global.queue` has it.
 */
export interface Queue {
  /**
   * How many may wait, in each worker; further requests are answered 503 at once. 0 is no waiting.
   */
  max?: number;
  /**
   * How long each may wait; then it is answered 503.
   */
  timeout?: string;
}
/**
 * Host names of backends. The last good answer is used on where a later one fails. Each key that is left out is as `global.dns` has it.
 */
export interface Dns {
  /**
   * How often names are asked for anew. They also are where a connection fails.
   */
  refresh?: string;
  /**
   * Addresses that are used.
   */
  family?: "auto" | "ipv4" | "ipv6";
}
/**
 * When a failed attempt is made again, at another backend where there is one. Without it that is done where it is always safe: where no connection could be made, and where a kept connection turns out to be closed. Each key that is left out is as `global.retry` has it.
 */
export interface Retry {
  /**
   * Further attempts after the first, for what `on` lists. 0 is only what is always safe.
   */
  attempts?: number;
  /**
   * What is tried again: `connect-failure`, `reset` (the connection breaks before the answer), `timeout`, and statuses or ranges of them.
   *
   * @minItems 1
   *
   * Items: A failure by name, a status, or a range of statuses.
   */
  on?: (number | string)[];
  /**
   * true repeats requests with any method. false: only those whose methods may be repeated (RFC 9110 section 9.2.2), such as GET and PUT.
   */
  unsafe?: boolean;
  backoff?: Backoff;
  /**
   * Retries as a part of the pool's requests of the last 10 seconds; 3 a second are allowed in any case.
   */
  budget?: number;
  /**
   * For one attempt until the head of its answer. 0s is no limit of its own.
   */
  per_try_timeout?: string;
  /**
   * Request bodies up to this are kept to be sent again; requests with larger ones are not repeated.
   */
  buffer?: string;
}
/**
 * The wait before a further attempt.
 */
export interface Backoff {
  /**
   * Before the second attempt.
   */
  initial?: string;
  /**
   * The longest.
   */
  max?: string;
  /**
   * How it grows from one to the next.
   */
  multiplier?: number;
  /**
   * Part of each wait that is left to chance, 0 to 1.
   */
  jitter?: number;
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
 * A line for each request. It never holds credentials, and never waits: where lines cannot be written as fast as they come, some are dropped and counted.
 */
export interface AccessLog {
  /**
   * true writes it.
   */
  enabled?: boolean;
  /**
   * `json` is one object a line, with timings by phase; `combined` is the Combined Log Format of web servers.
   */
  format?: "json" | "combined";
  /**
   * File to write to; empty is standard output, beside the log of events. SIGUSR1 opens it anew. References such as `${env:NAME}` are allowed.
   */
  path?: string;
  /**
   * Which share of the requests gets a line: 1 is every one, 0.01 one in a hundred.
   */
  sample_rate?: number;
  /**
   * true writes the query of a request's target too; tokens are often found there.
   */
  query?: boolean;
}
/**
 * Distributed traces. `traceparent` is passed on, or begun, whatever stands here; with an endpoint spans are sent too.
 */
export interface Tracing {
  /**
   * URL of an OpenTelemetry collector that takes OTLP over HTTP; without a path `/v1/traces` is meant. Empty sends nothing. References such as `${env:NAME}` are allowed.
   */
  endpoint?: string;
  /**
   * What this gateway is called in traces.
   */
  service_name?: string;
  /**
   * Which share of the traces that begin here is sent. A peer of `server.trusted_proxies` that has decided already is followed.
   */
  sample_rate?: number;
}
/**
 * `X-Request-Id`: taken from a peer of `server.trusted_proxies`, else made; sent to the backend and to the client.
 */
export interface RequestId {
  /**
   * false passes the field on as it comes, both ways.
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
 * `read`, `write` and `idle` limit inactivity on the client's side of an exchange; the others hold for every service that does not say otherwise.
 */
export interface GlobalTimeouts {
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
  /**
   * Until the connection to a backend stands.
   */
  connect?: string;
  /**
   * From the request being sent to the first byte of the answer.
   */
  response?: string;
  /**
   * From the request to the head of its answer, all attempts and waits together. 0s is no limit.
   */
  request?: string;
  /**
   * No byte in either direction for so long in an upgraded connection, such as a WebSocket.
   */
  tunnel?: string;
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
  proxy_protocol?: ProxyProtocol;
  limits?: Limits;
  /**
   * What becomes of field names that would be one of framing, routing or forwarding if `_` were `-`, such as `Content_Length`: programs behind Balto may take one for the other. `reject` answers 400 (502 where a backend sends one), `drop` removes them, `allow` passes them on as fields that mean nothing. Names in `X_Param_` are always removed.
   */
  underscores?: "reject" | "drop" | "allow";
  /**
   * `%5C` in a path: `reject` answers 400, `allow` passes it on as it stands. It never separates. A backslash itself is 400 in any case.
   */
  encoded_backslash?: "reject" | "allow";
  /**
   * Answers 400 to paths that backends may read otherwise than Balto: dot segments with a parameter (`/..;x/`) and characters that are encoded twice (`%252e`). Else both are passed on as they stand.
   */
  strict_paths?: boolean;
  /**
   * Passes fields behind a chunked body on, to backends always and to clients that say `TE: trailers`. Those of framing, routing, forwarding, authentication and the like are dropped.
   */
  forward_trailers?: boolean;
  /**
   * What Balto calls itself in `Via`, which it then adds to requests and answers; a request that names it more than `limits.via_hops` times is answered 508. Empty adds and counts nothing.
   */
  via?: string;
  drain?: Drain;
}
/**
 * The PROXY protocol, by which a proxy in front says where a connection came from.
 */
export interface ProxyProtocol {
  /**
   * true reads a header of version 1 or 2 at the beginning of connections from `trusted`, and closes those that do not have one.
   */
  accept?: boolean;
  /**
   * Addresses and networks (CIDR) that send such a header. From all others none is read.
   *
   * Items: An IPv4 or IPv6 address or network.
   */
  trusted?: string[];
  /**
   * Until the header must be complete.
   */
  timeout?: string;
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
  /**
   * How often a request's `Via` may name this gateway (`server.via`); over it 508.
   */
  via_hops?: number;
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
 * What belongs to the services of a folder: requests that are for one of its hosts and have one of its prefixes.
 */
export interface Owner {
  /**
   * Hosts. `*.example.com` is every host below the name, those that are claimed by name too. Left out, it is every host.
   *
   * @minItems 1
   *
   * Items: A host: exact (`api.example.com`), every host below a name (`*.example.com`), or any host (`*`). Case, the port of a request and a trailing dot do not matter.
   */
  hosts?: string[];
  /**
   * Paths of literal segments, with all that is below them. Left out, it is every path.
   *
   * @minItems 1
   *
   * Items: A path pattern: literal segments, `:name` for a parameter, and `*` as the last segment for zero or more segments.
   */
  path_prefixes?: string[];
}
/**
 * The REST API that writes this tree. Its process reads these keys anew for every request; the artifact does not hold them.
 */
export interface Api {
  /**
   * true answers a write without `If-Match` with 428, so that no client overwrites what it has not read. Creating needs `If-Match` with the list's ETag, or `If-None-Match: *`.
   */
  require_if_match?: boolean;
  /**
   * true lets the API register backends at link-local addresses and at the metadata services of clouds.
   */
  allow_link_local?: boolean;
  /**
   * Origins whose pages may write, `*` is any; a write with another `Origin` is refused.
   *
   * Items: An origin such as `https://console.example.com`, or `*`.
   */
  allowed_origins?: string[];
  git?: ApiGit;
}
/**
 * Whether a change made by the API becomes a commit.
 */
export interface ApiGit {
  /**
   * true commits each change, and only the file it touched. The tree must be in a git repository; a file that differs from HEAD, a conflict, a merge or a rebase under way refuse the change.
   */
  enabled?: boolean;
  /**
   * Author of a commit whose request names none in `Balto-Author`, and the committer of all.
   */
  author?: string;
}
/**
 * Where operators look inside: `/balto/*`. What is not a reading by a client on this machine needs `Authorization: Bearer` with the token of `BALTO_ADMIN_TOKEN`, of the file `BALTO_ADMIN_TOKEN_FILE`, or of the file that is made at the first start.
 */
export interface Admin {
  /**
   * An address of its own for `/balto/*`: `host:port`, or `unix:` and the absolute path of a socket. Empty is `server.port`. `/health`, `/livez` and `/readyz` are answered on both. References such as `${env:NAME}` are allowed. A change needs a restart.
   */
  listen?: string;
  /**
   * Addresses and networks (CIDR) that may read without a token, as this machine may: where Prometheus is, for example.
   *
   * Items: An IPv4 or IPv6 address or network.
   */
  readers?: string[];
  /**
   * Origins whose pages may read what is answered here. Writes are the business of `api.allowed_origins`.
   *
   * Items: An origin such as `https://console.example.com`, or `*`.
   */
  allowed_origins?: string[];
  /**
   * URL of the Balto that writes the tree, where it is another one: writes are relayed to it, with the token they came with. References such as `${env:NAME}` are allowed.
   */
  writer_url?: string;
}
/**
 * A named pool: backends and how they are balanced, checked and protected, for any number of services, or of streams of one protocol.
 */
export interface Pool {
  /**
   * Identity of the pool in services, streams, logs, metrics and across reloads, unique in the tree.
   */
  name: string;
  /**
   * Short form of `backends`, as of a service. Exactly one of `ports` and `backends` is required. References such as `${env:NAME}` are allowed.
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
  load_balancing?: LoadBalancing;
  health_check?: HealthCheck;
  circuit_breaker?: CircuitBreaker;
  queue?: Queue;
  dns?: Dns;
}
/**
 * One server behind a service or a stream, or in a pool.
 */
export interface Backend {
  /**
   * `http://` or `https://`, host, port and an optional path that is put before the forwarded path; for streams `tcp://` or `udp://`, host and port. A host of several addresses is several backends; `_http._tcp.users.internal` asks DNS for services (SRV), which have ports of their own. No user name, password, query or fragment. References such as `${env:NAME}` are allowed.
   */
  url: string;
  /**
   * Share of the traffic, relative to the other backends. `round-robin` and `least-connections` do not look at it.
   */
  weight?: number;
  /**
   * What logs call this backend. Left out, they give its URL.
   */
  name?: string;
  /**
   * false takes the backend out of traffic. What is written of it is still read.
   */
  enabled?: boolean;
  /**
   * Backends with the lowest number are used first; those with the next only where none of these is usable.
   */
  priority?: number;
  /**
   * Requests under way at this backend, of all workers together; further ones go to others, or wait (`queue`). 0 is no limit.
   */
  max_connections?: number;
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
  match?: Match;
  /**
   * Of two routes of one host that both take a request, the one with the higher number wins, whatever their patterns are. See docs/routing.md.
   */
  priority?: number;
  /**
   * Short form of `backends`: a port (`8080` is `http://$BALTO_UPSTREAM_HOST:8080`, by default on localhost), `host:port`, or a URL. Exactly one of `ports`, `backends` and `pool` is required. References such as `${env:NAME}` are allowed.
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
   * The name of a pool, in place of backends of its own.
   */
  pool?: string;
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
  load_balancing?: LoadBalancing;
  health_check?: HealthCheck;
  circuit_breaker?: CircuitBreaker;
  queue?: Queue;
  dns?: Dns;
  timeouts?: BackendTimeouts;
  retry?: Retry;
  hedge?: Hedge;
}
/**
 * What a request must have beside host, path and method. All of it must hold.
 */
export interface Match {
  /**
   * Conditions on header fields. A field's name is compared in any case; lines of one name are one value, joined by `, `.
   *
   * @minItems 1
   */
  headers?: Predicate[];
  /**
   * Conditions on parameters of the query, percent-decoded. Of a parameter that occurs several times the first counts.
   *
   * @minItems 1
   */
  query?: Predicate[];
}
/**
 * One condition: a name, and exactly one of `exact`, `prefix`, `regex` and `present`.
 */
export interface Predicate {
  /**
   * The name of the header field or of the parameter.
   */
  name: string;
  /**
   * The whole value, in this case of letters.
   */
  exact?: string;
  /**
   * What the value begins with.
   */
  prefix?: string;
  /**
   * An expression for the whole value: literals, `.`, classes, groups, `|`, `*`, `+`, `?`, `{m,n}`, and `(?i)` at its beginning. It is compiled to a table and takes one step a byte; what would need backtracking is an error.
   */
  regex?: string;
  /**
   * true: it is there, whatever its value. false: it is not there.
   */
  present?: boolean;
}
/**
 * Limits on the backend's side of an exchange. `connect`, `response`, `request` and `tunnel` are as `global.timeouts` has them where they are left out.
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
  /**
   * From the request to the head of its answer, all attempts and waits together. 0s is no limit.
   */
  request?: string;
  /**
   * No byte in either direction for so long in an upgraded connection, such as a WebSocket.
   */
  tunnel?: string;
}
/**
 * A second attempt beside the first where that takes long. Only for requests without a body whose methods are safe, such as GET; the first answer is used.
 */
export interface Hedge {
  /**
   * How long the first may take. 0s is no second one.
   */
  after?: string;
}
/**
 * One address where TCP connections or UDP datagrams are taken and forwarded as they are.
 */
export interface Stream {
  /**
   * Identity of the stream in logs, metrics and across reloads, unique in the tree.
   */
  name: string;
  /**
   * false takes the stream out of traffic. It is still checked.
   */
  enabled?: boolean;
  /**
   * The listening address: a port, `:port` (every interface) or `host:port`. References such as `${env:NAME}` are allowed.
   */
  listen: number | string;
  /**
   * What is taken there.
   */
  protocol?: "tcp" | "udp";
  /**
   * Short form of `backends`: a port (`6379` is on $BALTO_UPSTREAM_HOST, by default localhost), `host:port`, or a `tcp://` or `udp://` URL. One of `ports`, `backends` and `pool` is required, unless `tls.sni` says where connections go. References such as `${env:NAME}` are allowed.
   *
   * @minItems 1
   *
   * Items: A port, `host:port` or a URL.
   */
  ports?: (number | string)[];
  /**
   * The servers behind the stream, in full form. A `url` is `tcp://host:port` or `udp://host:port`; without a scheme it has that of the stream.
   *
   * @minItems 1
   */
  backends?: Backend[];
  /**
   * The name of a pool, in place of backends of its own. The pool's backends have `tcp://` or `udp://` URLs, and services do not use it.
   */
  pool?: string;
  timeouts?: StreamTimeouts;
  /**
   * Connections open at a time, in all workers together; one more is closed at once. 0 is no limit. Of UDP see `max_sessions`.
   */
  max_connections?: number;
  /**
   * Connections, or sessions of UDP, from one client: an IPv4 address, or an IPv6 network of 64 bits. 0 is no limit.
   */
  connections_per_client?: number;
  /**
   * Of UDP: addresses of clients that are remembered at a time, in all workers together; with one more, the one that was idle for longest is forgotten.
   */
  max_sessions?: number;
  proxy_protocol?: StreamProxyProtocol;
  /**
   * Addresses and networks (CIDR) of the only clients that are taken. Left out, all are.
   *
   * @minItems 1
   *
   * Items: An IPv4 or IPv6 address or network.
   */
  allow?: string[];
  /**
   * Addresses and networks (CIDR) of clients that are not taken, whatever `allow` says.
   *
   * Items: An IPv4 or IPv6 address or network.
   */
  deny?: string[];
  tls?: StreamTls;
  load_balancing?: LoadBalancing;
  health_check?: HealthCheck;
  circuit_breaker?: CircuitBreaker;
  queue?: Queue;
  dns?: Dns;
}
/**
 * Limits on inactivity. No limit is put on how long a connection lives.
 */
export interface StreamTimeouts {
  /**
   * Until the connection to a backend stands; then the next one is tried.
   */
  connect?: string;
  /**
   * No byte in either direction for so long ends the connection. Of UDP, no datagram for so long ends the session, and the default is 30s.
   */
  idle?: string;
  /**
   * With `tls.sni`, until the client has said which server it wants.
   */
  client_hello?: string;
}
/**
 * The PROXY protocol, which tells the other side of a proxy where a connection came from. TCP only.
 */
export interface StreamProxyProtocol {
  /**
   * true reads a header of version 1 or 2 at the beginning of connections from `trusted`, and closes those that do not have one.
   */
  accept?: boolean;
  /**
   * Addresses and networks (CIDR) that send such a header. From all others none is read.
   *
   * Items: An IPv4 or IPv6 address or network.
   */
  trusted?: string[];
  /**
   * Until the header must be complete.
   */
  timeout?: string;
  /**
   * The version that backends are sent; `off` is none.
   */
  send?: "off" | "v1" | "v2";
}
/**
 * TLS that is passed through, not ended: connections go by the server name that their client asks for. TCP only.
 */
export interface StreamTls {
  /**
   * Where connections go by their server name. An exact name wins over a wildcard, a longer wildcard over a shorter one.
   *
   * @minItems 1
   */
  sni: SniRoute[];
  /**
   * What happens to a connection with another name or none: `backends` gives it to the stream's own `ports`, `backends` or `pool`, which is what holds where there are any; `close` closes it.
   */
  default?: "close" | "backends";
}
/**
 * Server names, and the backends that have their certificates. Backends of its own follow the blocks of the stream.
 */
export interface SniRoute {
  /**
   * Server names: exact, or every name below one (`*.example.com`).
   *
   * @minItems 1
   *
   * Items: A server name such as `a.example.com` or `*.example.com`.
   */
  names: string[];
  /**
   * Short form of `backends`, as of the stream.
   *
   * @minItems 1
   *
   * Items: A port, `host:port` or a URL.
   */
  ports?: (number | string)[];
  /**
   * The servers that connections with these names go to.
   *
   * @minItems 1
   */
  backends?: Backend[];
  /**
   * The name of a pool, in place of backends of its own.
   */
  pool?: string;
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
/**
 * Several pools in one file.
 */
export interface PoolList {
  /**
   * The pools of this file.
   */
  pools: Pool[];
}
/**
 * Several streams in one file.
 */
export interface StreamList {
  /**
   * The streams of this file.
   */
  streams: Stream[];
}
/**
 * A file under tests/: requests, and what is to become of them. `balto test` asks the compiled tree; nothing of it is in the artifact.
 */
export interface TestsFile {
  /**
   * The tests of this file.
   */
  tests: RouteTest[];
}
/**
 * One request, and what is to become of it.
 */
export interface RouteTest {
  /**
   * What the test is about. Left out, it is the request.
   */
  name?: string;
  request: TestRequest;
  expect: Expectation;
}
/**
 * The request as a client sends it.
 */
export interface TestRequest {
  /**
   * Its method, case-sensitive.
   */
  method?: string;
  /**
   * Its host, with a port where it has one.
   */
  host: string;
  /**
   * Its path, with the query where it has one, as they are sent.
   */
  path: string;
  /**
   * Its other header fields: a mapping from names to values; a list of values is one line each.
   */
  headers?: {
    [k: string]: string | number | boolean | unknown[];
  };
  /**
   * Whether it comes over TLS.
   */
  https?: boolean;
  /**
   * The client's address: whether its `X-Forwarded-*` fields are believed depends on it.
   */
  from?: string;
}
/**
 * What is to become of the request. What is left out is not looked at.
 */
export interface Expectation {
  /**
   * The name of the service that takes it; null where none does.
   */
  route?: string | null;
  /**
   * The name of the pool it goes to.
   */
  pool?: string;
  /**
   * Path and query as the backend sees them.
   */
  path?: string;
  /**
   * Header fields as the backend sees them: `Host`, `X-Forwarded-*`, `X-Param-*` and those that the client sends; null where it must not see one.
   */
  headers?: {
    [k: string]: string | number | boolean | null;
  };
  /**
   * The status of an answer of the gateway's own.
   */
  status?: number;
  /**
   * The methods of the Allow field of a 405, in any order.
   *
   * Items: A request method. Methods are case-sensitive: `GET`, not `get`.
   */
  allow?: string[];
}

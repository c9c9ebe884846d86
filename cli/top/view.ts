/** What `balto top` shows: two looks at the metrics, some time apart, as tables. */
import { table } from "../table.ts";
import type { Sample } from "./exposition.ts";

/** One look. */
export interface Look {
  /** Milliseconds of a clock that only goes forward. */
  at: number;
  samples: readonly Sample[];
  backends: readonly BackendState[];
}

/** As `GET /balto/backends` gives it; what is not known is left out. */
export interface BackendState {
  id: string;
  url: string;
  services?: readonly { service: string; route: string }[];
  in_flight: number;
  healthy?: boolean;
  ejected?: boolean;
  breaker?: string;
  draining?: boolean;
}

/** The lines of both tables. Rates and times are those between the looks; a dash is "no requests". */
export function topLines(before: Look, after: Look): string[] {
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  const flows = flowsBetween(before.samples, after.samples);
  const services = grouped(flows, ({ labels }) =>
    serviceKey(labels["service"] ?? "", labels["route"] ?? ""),
  );
  // Those that nobody has asked anything of are there, too.
  for (const { service, route } of after.backends.flatMap((backend) => backend.services ?? [])) {
    const key = serviceKey(service, route);
    if (!services.has(key)) services.set(key, new Flow());
  }
  const byBackend = grouped(flows, ({ labels }) => labels["backend_id"] ?? "");
  const serviceRows = [...services]
    .map(([key, flow]) => ({ key, flow }))
    .toSorted((a, b) => b.flow.requests - a.flow.requests || (a.key < b.key ? -1 : 1))
    .map(({ key, flow }) => {
      const [service = "", route = ""] = key.split("\0");
      return [service === "" ? route : service, route, ...numbers(flow, seconds)];
    });
  const backendRows = after.backends.map((backend) => [
    backend.id,
    ...numbers(byBackend.get(backend.id) ?? new Flow(), seconds),
    String(backend.in_flight),
    healthOf(backend),
    backend.breaker ?? "-",
  ]);
  return [
    ...table([...titles("SERVICE", "ROUTE"), ...NUMBERS], serviceRows),
    "",
    ...table(
      [
        ...titles("BACKEND"),
        ...NUMBERS,
        { title: "OPEN", align: "right" },
        ...titles("HEALTH", "BREAKER"),
      ],
      backendRows,
    ),
  ];
}

function serviceKey(service: string, route: string): string {
  return `${service}\0${route}`;
}

const NUMBERS = ["REQ/S", "5XX/S", "P50 MS", "P99 MS"].map((title) => ({
  title,
  align: "right" as const,
}));

function titles(...names: readonly string[]): { title: string }[] {
  return names.map((title) => ({ title }));
}

function numbers(flow: Flow, seconds: number): string[] {
  return [
    (flow.requests / seconds).toFixed(1),
    (flow.failures / seconds).toFixed(1),
    milliseconds(flow.quantile(0.5)),
    milliseconds(flow.quantile(0.99)),
  ];
}

function milliseconds(seconds: number | undefined): string {
  if (seconds === undefined) return "-";
  const ms = seconds * 1000;
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

function healthOf({ healthy, ejected, draining }: BackendState): string {
  if (draining === true) return "draining";
  if (ejected === true) return "ejected";
  return healthy === undefined ? "-" : healthy ? "up" : "down";
}

/** Requests between two looks. */
class Flow {
  requests = 0;
  failures = 0;
  /** Requests by the upper limit of their bucket, in seconds; each bucket holds those below it too. */
  readonly buckets = new Map<number, number>();

  /** As Prometheus does it: within a bucket requests are spread evenly. */
  quantile(share: number): number | undefined {
    const limits = [...this.buckets].toSorted(([a], [b]) => a - b);
    const total = limits.at(-1)?.[1] ?? 0;
    if (total <= 0) return undefined;
    let [below, from] = [0, 0];
    for (const [limit, count] of limits) {
      if (count >= share * total) {
        if (limit === Infinity) return from;
        return from + (limit - from) * ((share * total - below) / Math.max(1, count - below));
      }
      [below, from] = [count, limit];
    }
    return from;
  }
}

const COUNTED = ["balto_requests_total", "balto_request_duration_seconds_bucket"];

/** What each series grew by; one that went back began anew. */
function flowsBetween(before: readonly Sample[], after: readonly Sample[]): Sample[] {
  const old = new Map(
    before
      .filter(({ name }) => COUNTED.includes(name))
      .map((sample) => [keyOf(sample), sample.value]),
  );
  return after
    .filter(({ name }) => COUNTED.includes(name))
    .map((sample) => {
      const was = old.get(keyOf(sample)) ?? 0;
      return { ...sample, value: sample.value >= was ? sample.value - was : sample.value };
    });
}

function keyOf({ name, labels }: Sample): string {
  return `${name}${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}

function grouped(
  samples: readonly Sample[],
  groupOf: (sample: Sample) => string,
): Map<string, Flow> {
  const flows = new Map<string, Flow>();
  for (const sample of samples) {
    const key = groupOf(sample);
    let flow = flows.get(key);
    if (flow === undefined) flows.set(key, (flow = new Flow()));
    const { name, labels, value } = sample;
    if (name === "balto_requests_total") {
      flow.requests += value;
      if (labels["status_code"]?.startsWith("5") === true) flow.failures += value;
    } else {
      const limit = labels["le"] === "+Inf" ? Infinity : Number(labels["le"]);
      flow.buckets.set(limit, (flow.buckets.get(limit) ?? 0) + value);
    }
  }
  return flows;
}

// What `balto top` makes of two looks at the metrics.

import { expect, it } from "vitest";

import { readExposition } from "../../cli/top/exposition.ts";
import { type BackendState, topLines } from "../../cli/top/view.ts";

it("reads the text format of Prometheus", () => {
  const text = `# HELP a_total Things.
# TYPE a_total counter
a_total{route="/a\\"b\\\\c\\nd",x=""} 3 1700000000
b 1.5e-3
c_bucket{le="+Inf"} 7
not a sample at all {
`;
  expect(readExposition(text)).toEqual([
    { name: "a_total", labels: { route: '/a"b\\c\nd', x: "" }, value: 3 },
    { name: "b", labels: {}, value: 0.0015 },
    { name: "c_bucket", labels: { le: "+Inf" }, value: 7 },
  ]);
});

const BACKENDS: BackendState[] = [
  {
    id: "a.x-http://a:1",
    url: "http://a:1",
    services: [{ service: "api", route: "/*" }],
    in_flight: 4,
    healthy: true,
    breaker: "half-open",
  },
  {
    id: "b.x-http://b:1",
    url: "http://b:1",
    services: [{ service: "idle", route: "/b" }],
    in_flight: 0,
    healthy: false,
  },
  { id: "c.x-http://c:1", url: "http://c:1", in_flight: 1, draining: true, healthy: true },
];

function metrics(good: number, bad: number, slow: number): string {
  const labels = 'method="GET",route="/*",backend_id="a.x-http://a:1",service="api"';
  const bucket = (le: string, count: number): string =>
    `balto_request_duration_seconds_bucket{${labels},status_code="200",le="${le}"} ${count}\n`;
  return [
    `balto_requests_total{${labels},status_code="200"} ${good}\n`,
    `balto_requests_total{${labels},status_code="503"} ${bad}\n`,
    bucket("0.1", good - slow),
    bucket("0.5", good),
    bucket("+Inf", good + bad),
  ].join("");
}

const look = (at: number, text: string) => ({
  at,
  samples: readExposition(text),
  backends: BACKENDS,
});

it("shows rates and times between the looks, not since the start", () => {
  const lines = topLines(look(0, metrics(1000, 100, 500)), look(2000, metrics(1200, 104, 510)));
  expect(lines).toEqual([
    "SERVICE  ROUTE  REQ/S  5XX/S  P50 MS  P99 MS",
    "api      /*     102.0    2.0      54     500",
    "idle     /b       0.0    0.0       -       -",
    "",
    "BACKEND         REQ/S  5XX/S  P50 MS  P99 MS  OPEN  HEALTH    BREAKER",
    "a.x-http://a:1  102.0    2.0      54     500     4  up        half-open",
    "b.x-http://b:1    0.0    0.0       -       -     0  down      -",
    "c.x-http://c:1    0.0    0.0       -       -     1  draining  -",
  ]);
});

it("takes a counter that went back for one that began anew", () => {
  const lines = topLines(look(0, metrics(1000, 0, 0)), look(1000, metrics(10, 0, 0)));
  expect(lines[1]).toContain(" 10.0 ");
});

import { expect, it } from "vitest";
import { openArtifact } from "../../artifact/view.ts";
import { compile } from "../../compiler/compile.ts";
import { Explainer } from "../../compiler/explain/explanation.ts";
import {
  durationText,
  poolSettings,
  serviceSettings,
} from "../../compiler/explain/model-settings.ts";
import type { Pool, Service } from "../../artifact/model.ts";
import { isTrusted } from "../../compiler/explain/trust.ts";
import { clean, tree } from "./compiler-tree.ts";

it("names settings as the configuration does, whatever the model gets", () => {
  // Parts that a model may have some day: nothing here knows them.
  const service = {
    name: "a",
    stripPrefix: true,
    timeouts: { perTryTimeoutMs: 90_000 },
    bodyBytesMax: 10 * 1024 * 1024,
    retry: {
      statuses: [
        { first: 500, last: 599 },
        { first: 429, last: 429 },
      ],
      on: ["reset"],
    },
    hedge: undefined,
  } as unknown as Service;
  expect(serviceSettings(service).map(({ key, text }) => `${key} ${text}`)).toEqual([
    "strip_prefix true",
    "timeouts.per_try_timeout 1m30s",
    "max_body 10MiB",
    "retry.statuses 500-599, 429",
    "retry.on reset",
    "hedge off",
  ]);
  const pool = {
    key: "a",
    backends: [],
    policy: { algorithm: "p2c", panicPercent: 50, breaker: { halfOpenRequestsMax: 5 } },
  } as unknown as Pool;
  expect(poolSettings(pool).map(({ key, text }) => `${key} ${text}`)).toEqual([
    "algorithm p2c",
    "panic_threshold 50%",
    "circuit_breaker.max_half_open_requests 5",
  ]);
  expect([0, 1, 1_500, 3_600_000].map(durationText)).toEqual(["0s", "1ms", "1s500ms", "1h"]);
});

const files = {
  "balto.config.yaml": `global:
  load_balancing: { algorithm: least-connections }
services:
  - { name: inline, domain: b.test, path_prefix: /, ports: [1] }
`,
  "services/a.yaml": `services:
  - name: first
    domain: a.test
    path_prefix: /1
    ports: [1]
  - name: second
    domain: a.test
    path_prefix: /2
    strip_prefix: true
    timeouts: { read: 60s }
    ports: [1]
  - { name: third, domain: a.test, path_prefix: /, ports: [1] }
`,
};

it("knows from a tree who gave a value: the service, the global block, or nobody", () => {
  const { artifact } = clean(compile(tree(files)));
  const explainer = new Explainer(openArtifact(artifact), tree(files));
  const settingsOf = (authority: string, target: string) => {
    const request = {
      method: "GET",
      scheme: "http" as const,
      authority,
      target,
      fields: [],
      peer: "",
    };
    const { route, pool } = explainer.explain(request).settings!;
    return Object.fromEntries(
      [...route, ...pool].map(({ key, from, place }) => [key, [from, place]]),
    );
  };
  expect(settingsOf("a.test", "/1")).toMatchObject({
    strip_prefix: ["default", undefined],
    "timeouts.read": ["default", undefined],
    algorithm: ["global", "balto.config.yaml:2:32"],
  });
  // Said explicitly, even where it is the default.
  expect(settingsOf("a.test", "/2")).toMatchObject({
    strip_prefix: ["service", "services/a.yaml:9:19"],
    "timeouts.read": ["service", "services/a.yaml:10:23"],
    "timeouts.write": ["default", undefined],
  });
  expect(settingsOf("b.test", "/")).toMatchObject({
    algorithm: ["global", "balto.config.yaml:2:32"],
  });
});

it("trusts addresses of the networks, of either family", () => {
  const networks = ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/33", "::1/128"];
  for (const address of ["10.255.0.1", "192.0.2.1", "2001:db8:7fff::1", "::1"]) {
    expect([address, isTrusted(address, networks)]).toEqual([address, true]);
  }
  for (const address of ["11.0.0.1", "192.0.2.2", "2001:db8:8000::1", "::2", "nobody", ""]) {
    expect([address, isTrusted(address, networks)]).toEqual([address, false]);
  }
  expect(isTrusted("1.2.3.4", ["0.0.0.0/0"])).toBe(true);
});

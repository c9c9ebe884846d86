// What `balto run` says of a change: routes are counted by what they mean for traffic.

import { expect, it } from "vitest";

import type { Model } from "../../artifact/model.ts";
import { changesText, contents, routeChanges } from "../../cli/model-summary.ts";
import { compile } from "../../compiler/compile.ts";

const base = "name: a\ndomain: a.example.com\npath_prefix: /*\nports: [1, 2]\n";

it("sees nothing in comments, order of keys, and moves to another file", () => {
  expect(change(base, `# moved\n${base}`)).toBe("0 routes added, 0 removed, 0 changed");
  const [before, after] = [
    model({ "services/a.yaml": base }),
    model({ "services/x/b.yaml": base }),
  ];
  expect(changesText(routeChanges(before, after))).toBe("0 routes added, 0 removed, 0 changed");
});

it("counts a host, a pattern and a method as a route", () => {
  expect(change(base, base.replace("domain: a", "domain: b"))).toBe(
    "1 route added, 1 removed, 0 changed",
  );
  const two = base.replace("domain: a.example.com", "domains: [a.example.com, b.example.com]");
  expect(change(base, two)).toBe("1 route added, 0 removed, 0 changed");
  const methods = `${base}methods: [GET, POST]\n`;
  expect(change(base, methods)).toBe("2 routes added, 1 removed, 0 changed");
  expect(change(methods, methods.replace(", POST", ""))).toBe(
    "0 routes added, 1 removed, 0 changed",
  );
});

it("calls a route changed when requests for it are treated differently", () => {
  for (const other of [
    base.replace("[1, 2]", "[1, 3]"),
    base.replace("[1, 2]", "[1]"),
    `${base}strip_prefix: false\n`,
    `${base}preserve_host: true\n`,
    `${base}timeouts: { response: 1s }\n`,
  ]) {
    expect(change(base, other)).toBe("0 routes added, 0 removed, 1 changed");
  }
});

it("mentions other settings", () => {
  const before = model({ "services/a.yaml": base });
  const after = model({ "services/a.yaml": base, "balto.config.yaml": "server: { port: 1 }\n" });
  expect(changesText(routeChanges(before, after))).toBe(
    "0 routes added, 0 removed, 0 changed, other settings",
  );
});

it("says what is in a model", () => {
  expect(contents(model({ "services/a.yaml": base }))).toBe("1 service, 2 backends");
});

function change(before: string, after: string): string {
  const [was, is] = [before, after].map((text) => model({ "services/a.yaml": text }));
  if (was === undefined || is === undefined) throw new Error("no model");
  return changesText(routeChanges(was, is));
}

function model(files: Record<string, string>): Model {
  const tree = Object.entries(files).map(([path, text]) => ({
    path,
    content: new TextEncoder().encode(text),
  }));
  const { model: made, diagnostics } = compile({ files: tree });
  if (made === undefined) throw new Error(JSON.stringify(diagnostics));
  return made;
}

// The `api` block: what the tree says to its writer, beside the artifact and never in it.

import { expect, it } from "vitest";

import { compile } from "../../compiler/compile.ts";
import { parseAuthor } from "../../compiler/resolve/api.ts";
import { tree } from "./compiler-tree.ts";

const SERVICE = "domain: a.example.com\npath_prefix: /\nports: [1]\n";
const compiled = (config: string) =>
  compile(tree({ "balto.config.yaml": config, "services/a.yaml": SERVICE }));

it("has defaults, also without a file", () => {
  const defaults = {
    requireIfMatch: false,
    allowLinkLocal: false,
    allowedOrigins: [],
    git: { enabled: false, author: { name: "Balto API", email: "balto@localhost" } },
  };
  expect(compile(tree({ "services/a.yaml": SERVICE })).api).toEqual(defaults);
  expect(compiled("api: {}\n").api).toEqual(defaults);
});

it("is read, and changes nothing of the artifact", () => {
  const plain = compiled("server: {}\n");
  const { api, artifact, diagnostics } = compiled(`server: {}
api:
  require_if_match: true
  allow_link_local: true
  allowed_origins: [https://Console.example.com, "*"]
  git: { enabled: true, author: "Zoë Ω <zoe@example.com>" }
`);
  expect(diagnostics).toEqual([]);
  expect(api).toEqual({
    requireIfMatch: true,
    allowLinkLocal: true,
    allowedOrigins: ["*", "https://console.example.com"],
    git: { enabled: true, author: { name: "Zoë Ω", email: "zoe@example.com" } },
  });
  expect(artifact).toEqual(plain.artifact);
});

it("is there as far as it could be read, whatever else is wrong", () => {
  const { api, model } = compiled("api:\n  require_if_match: true\n  gti: {}\n");
  expect([api.requireIfMatch, model]).toEqual([true, undefined]);
});

it.each([
  ["Ann", "address"],
  ["<ann@example.com>", "name"],
  ["Ann <>", "address"],
  ["Ann <a@b> x", "address"],
  ["Ann\nBob <a@b>", "control"],
  [`${"x".repeat(300)} <a@b>`, "longer"],
])("%j is no author: %s", (text, reason) => {
  expect(parseAuthor(text)).toContain(reason);
});

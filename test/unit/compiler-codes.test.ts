import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { listCodes } from "../../compiler/codes.ts";

const registry = listCodes().map(({ code, name, severity }) => ({
  code,
  name,
  severity: String(severity),
}));
const byCode = (a: { code: string }, b: { code: string }): number => (a.code < b.code ? -1 : 1);

it("documents every code, and no other", () => {
  const page = readFileSync(new URL("../../docs/diagnostics.md", import.meta.url), "utf8");
  const entries = page
    .split(/^### /m)
    .slice(1)
    .map((entry) => {
      const [, code = "", name = "", severity = ""] = /^(\S+) (\S+)\n\n(\w+)\. /.exec(entry) ?? [];
      expect(entry, `${code} has an example`).toContain("```");
      return { code, name, severity: severity.toLowerCase() };
    });
  expect(entries).toEqual(registry);
});

it("shows every code in a golden case, and no other", () => {
  const folder = new URL("../golden/", import.meta.url);
  const shown = new Map<string, { code: string; name: string; severity: string }>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".golden"))) {
    const text = readFileSync(new URL(file, folder), "utf8");
    const said = text.slice(text.indexOf("-- diagnostics --"));
    for (const [, severity = "", code = "", name = ""] of said.matchAll(
      /^\S+:\d+:\d+-\d+:\d+ (\w+) (BAL\d{4}) ([a-z0-9-]+): /gm,
    )) {
      shown.set(code, { code, name, severity });
    }
  }
  expect([...shown.values()].toSorted(byCode)).toEqual(registry);
});

it("numbers codes in order, names each once", () => {
  expect(registry.toSorted(byCode)).toEqual(registry);
  expect(new Set(registry.map(({ name }) => name)).size).toBe(registry.length);
});

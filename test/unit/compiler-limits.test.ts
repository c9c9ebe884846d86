// Trees that are made to hurt. That each is stopped early is what keeps them below a second and 200 MB;
// the tests look at the code, not at the clock.

import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { codesOf, compileService, tree } from "./compiler-tree.ts";

const rows = (count: number, row: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => row(n)).join("");

const hostile: Record<string, [text: string | Uint8Array, code: string]> = {
  "flow lists 20,000 deep": ["[".repeat(20_000), "BAL1027"],
  "closed flow lists 20,000 deep": ["[".repeat(20_000) + "]".repeat(20_000), "BAL1027"],
  "flow mappings 20,000 deep": ["{a: ".repeat(20_000), "BAL1027"],
  "block lists 20,000 deep": [`${"- ".repeat(20_000)}a\n`, "BAL1027"],
  "explicit keys 20,000 deep": [`${"? ".repeat(20_000)}a\n`, "BAL1027"],
  "block mappings 1,000 deep": [rows(1_000, (n) => `${" ".repeat(n)}k:\n`), "BAL1027"],
  "20,000 anchors": [rows(20_000, (n) => `- &a${n} x\n`), "BAL1026"],
  "aliases of aliases of aliases": [
    `a0: &a0 [x, x]\n${rows(60, (n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]\n`)}`,
    "BAL1025",
  ],
  "an alias of itself": ["a: &a [*a]\n", "BAL1028"],
  "8 MiB of brackets": [`[${"a,".repeat(4_000_000)}]`, "BAL1032"],
  "8 MiB of comments": ["#\n".repeat(4_000_000), "BAL1032"],
  "50 MB": [Buffer.alloc(50_000_000, "a: b\n"), "BAL1003"],
  "100,000 tags": [rows(100_000, () => "- !x a\n"), "BAL1033"],
};

for (const [name, [text, code]] of Object.entries(hostile)) {
  it(`stops at ${name}`, () => {
    const result = compile(tree({ "services/api.yaml": text }));
    expect(codesOf(result)).toContain(code);
    expect(result.artifact).toBeUndefined();
  });
}

it("lists at most a thousand errors of a file, and those of other files beside them", () => {
  const text = rows(5_000, (n) => `wrong${n}: x\n`);
  const { diagnostics } = compile(
    tree({ "services/a.yaml": text, "services/b.yaml": "wrong: x\n" }),
  );
  expect(diagnostics.filter(({ location }) => location.file === "services/a.yaml")).toHaveLength(
    1_001,
  );
  expect(diagnostics.some(({ location }) => location.file === "services/b.yaml")).toBe(true);
});

it("says where the first byte stands that is not UTF-8", () => {
  const bytes = Buffer.concat([
    Buffer.from("domain: é😀\nname: "),
    Buffer.from([0xe2, 0x82, 0x28]),
  ]);
  const { diagnostics } = compile(tree({ "services/api.yaml": bytes }));
  expect(diagnostics).toMatchObject([
    { code: "BAL1010", location: { start: { line: 2, column: 7 } } },
  ]);
});

it("agrees with the platform on what is UTF-8", () => {
  for (const hex of ["c0af", "eda080", "f4908080", "f0808080", "c3", "80", "f09f9880", "efbfbd"]) {
    const bytes = Buffer.concat([Buffer.from("# "), Buffer.from(hex, "hex"), Buffer.from("\n")]);
    let valid = true;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      valid = false;
    }
    const codes = codesOf(compile(tree({ "services/api.yaml": bytes })));
    expect([hex, codes.includes("BAL1010")]).toEqual([hex, !valid]);
  }
});

it("counts columns in UTF-16 units, as editors do", () => {
  const { diagnostics } = compileService('domain: "a.b"\npath_prefix: /\nports: ["😀", 0]\n');
  expect(diagnostics.map(({ location }) => location.start.column)).toEqual([9, 15]);
});

// The command line as such: help, mistakes in it, exit statuses.

import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { commands } from "../../cli/commands/index.ts";
import { FORMAT_VERSION } from "../../artifact/layout.ts";
import { balto, folderWith, root } from "./cli-process.ts";

it("shows its commands on request, and as a mistake when none is given", async () => {
  for (const args of [["--help"], ["-h"], ["help"]]) {
    const { status, out, err } = await balto(args);
    expect([status, err]).toEqual([0, ""]);
    for (const { name, summary } of commands) {
      expect(out).toContain(`\n  ${name} `);
      expect(out).toContain(summary);
    }
  }
  const bare = await balto([]);
  expect([bare.status, bare.out]).toEqual([64, ""]);
  expect(bare.err).toContain("Usage: balto COMMAND");
});

it("shows each command's help", async () => {
  await Promise.all(
    commands.map(async ({ name, flags, examples }) => {
      const { status, out, err } = await balto([name, "--help"]);
      expect([status, err]).toEqual([0, ""]);
      for (const flag of Object.keys(flags)) expect(out).toContain(`--${flag}`);
      for (const example of examples) expect(out).toContain(example);
      expect((await balto(["help", name])).out).toBe(out);
    }),
  );
});

const mistakes: [args: string[], said: RegExp][] = [
  [["chekc"], /there is no command "chekc"\n {2}did you mean balto check\?/],
  [["comp"], /did you mean balto compile\?/],
  [["frobnicate"], /there is no command "frobnicate"\n {2}see `balto --help`/],
  [
    ["--format", "json", "check"],
    /the command comes first.*\n {2}for example: balto check configs/,
  ],
  [["check", "--fromat", "json"], /there is no flag --fromat\n {2}did you mean --format\?/],
  [["check", "-x"], /there is no flag -x/],
  [
    ["check", "--format", "sariff"],
    /--format is text, json, sarif or github, not "sariff"\n.*sarif\?/,
  ],
  [["check", "--format"], /--format FORMAT: the FORMAT is missing\n {2}for example: balto check/],
  [["check", "--quiet=yes"], /--quiet takes no value/],
  [["check", "a", "b"], /"b" is too much: check takes one DIR/],
  [["version", "a"], /"a" is too much: version takes no argument/],
  [
    ["compile", "configs"],
    /-o FILE is missing: where should.*\n {2}for example: balto compile configs -o/,
  ],
  [["compile", "-o", "--watch"], /-o FILE: the FILE is missing/],
  [["compile", "configs", "-o", "-", "--watch"], /--watch needs a file/],
  [["compile", "configs", "-o", "x", "--revision", "r".repeat(257)], /at most 256 bytes/],
  [["inspect"], /FILE is missing: which artifact.*\n {2}for example: balto inspect/],
  [
    ["schema", "servic"],
    /KIND is config, service, pool, stream or tests, not "servic"\n {2}did you mean service\?/,
  ],
  [["serve"], /--artifact FILE is missing: which artifact.*\n {2}for example: balto serve/],
  [["serve", "--artifact", "x", "--workers", "0"], /--workers is a number from 1 to 256, not "0"/],
  [["run", "--workers", "1.5"], /--workers is a number/],
  [
    ["run", "--listen", "nowhere"],
    /--listen: "nowhere" is not host:port.*\n {2}for example: --listen/,
  ],
];

for (const [args, said] of mistakes) {
  it(`answers \`balto ${args.join(" ").slice(0, 60)}\` with what would complete it`, async () => {
    const { status, out, err } = await balto(args);
    expect(err).toMatch(said);
    expect(err).toMatch(/see `balto( [a-z]+)? --help`\n$/);
    expect([status, out]).toEqual([64, ""]);
  });
}

it("prints its version", async () => {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
  for (const args of [["version"], ["--version"], ["-V"]]) {
    expect((await balto(args)).out).toBe(`balto ${manifest.version}\n`);
  }
  const { out } = await balto(["version", "--format", "json"]);
  expect(JSON.parse(out)).toMatchObject({
    version: manifest.version,
    artifact_format: FORMAT_VERSION,
  });
});

it("prints the schemas as whole documents", async () => {
  const [config, bare, service, pool] = await Promise.all([
    balto(["schema", "config"]),
    balto(["schema"]),
    balto(["schema", "service"]),
    balto(["schema", "pool"]),
  ]);
  expect(bare.out).toBe(config.out);
  for (const { out, status } of [config, service, pool]) {
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ $schema: "http://json-schema.org/draft-07/schema#" });
    expect(out).not.toMatch(/"\$ref": "(?!#)/);
  }
});

it("calls what it did not expect a bug, with status 70 and the stack only on request", async () => {
  // A version that is no number breaks a promise that nothing checks.
  const hook = `data:text/javascript,${encodeURIComponent(
    'process.hrtime.bigint; globalThis.performance.now = () => { throw new Error("broken"); };',
  )}`;
  const folder = folderWith({ "balto.config.yaml": "" });
  const env = { NODE_OPTIONS: `--import ${hook}` };
  const short = await balto(["check", folder], { env });
  expect([short.status, short.out]).toEqual([70, ""]);
  expect(short.err).toBe(
    "balto: this is a bug in balto: Error: broken (BALTO_DEBUG=1 shows where)\n",
  );
  const long = await balto(["check", folder], { env: { ...env, BALTO_DEBUG: "1" } });
  expect(long.status).toBe(70);
  expect(long.err).toMatch(/this is a bug in balto: Error: broken\n {4}at /);
});

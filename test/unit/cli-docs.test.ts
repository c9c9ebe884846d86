// docs/cli.md and the commands' own descriptions say the same.

import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { COMMON_FLAGS } from "../../cli/arguments.ts";
import { commands } from "../../cli/commands/index.ts";
import * as exitCodes from "../../cli/exit-code.ts";
import { usageLine } from "../../cli/help.ts";
import { REPORT_FORMATS } from "../../compiler/report/index.ts";

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
const sections = new Map(
  page.split(/^## /m).map((text) => [text.slice(0, text.indexOf("\n")), text]),
);

it("documents every command, in the order of the help, and no other", () => {
  const documented = [...sections.keys()].filter((title) => title.startsWith("`balto "));
  expect(documented).toEqual(commands.map(({ name }) => `\`balto ${name}\``));
  const listed = [...page.matchAll(/^\| \[`balto (\w+)`\]\(#balto-\1\) +\| (.*?) +\|$/gm)];
  expect(listed.map(([, name, summary]) => [name, summary])).toEqual(
    commands.map(({ name, summary }) => [name, summary]),
  );
});

for (const command of commands) {
  const section = sections.get(`\`balto ${command.name}\``) ?? "";

  it(`documents how balto ${command.name} is written`, () => {
    expect(section).toContain(`\n${usageLine(command)}\n`);
    for (const alias of command.aliases ?? []) expect(section).toContain(`\`balto ${alias}\``);
  });

  it(`documents every flag of balto ${command.name}, and no other`, () => {
    const rows = [...section.matchAll(/^\| (`-[^|]*`) +\|/gm)].map(([, flags]) => flags);
    const expected = Object.entries(command.flags).map(([name, { short, type, value }]) => {
      const operand = type === "boolean" ? "" : ` ${value}`;
      const long = `\`--${name}${operand}\``;
      return short === undefined ? long : `\`-${short}${operand}\`, ${long}`;
    });
    expect(new Set(rows)).toEqual(new Set(expected));
    expect(rows).toHaveLength(expected.length);
    for (const [name, { choices = [] }] of Object.entries(command.flags)) {
      const row = section.split("\n").find((line) => line.includes(`--${name}`)) ?? "";
      for (const choice of choices) expect(section, row).toContain(`\`${choice}\``);
    }
  });
}

it("documents the exit statuses, the formats and the flags all commands have", () => {
  for (const status of Object.values(exitCodes)) expect(page).toMatch(`| ${status} `);
  for (const format of REPORT_FORMATS) expect(page).toContain(`| \`${format}\``);
  for (const [name, { short }] of Object.entries(COMMON_FLAGS)) {
    expect(page).toContain(`--${name}\` (\`-${short}\`)`);
  }
});

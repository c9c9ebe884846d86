// What pipelines are given: the action, the hooks, the example's workflow, docs/ci.md. Every balto command in
// them is one, with flags that there are.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { expect, it } from "vitest";
import { parse } from "yaml";

import { readArguments } from "../../cli/arguments.ts";
import { commands } from "../../cli/commands/index.ts";
import { type Action, readYaml, type Step, type Workflow } from "../harness/workflow.ts";

const path = (name: string): string => new URL(`../../${name}`, import.meta.url).pathname;
const text = (name: string): string => readFileSync(path(name), "utf8");

interface Hook {
  id: string;
  entry: string;
  files: string;
}

const action = readYaml<Action>(path("action.yml"));
const workflow = readYaml<Workflow>(path("examples/gitops/.github/workflows/balto.yml"));
const hooks = readYaml<Hook[]>(path(".pre-commit-hooks.yaml"));
const page = text("docs/ci.md");
const blocks = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, kind, body]) => ({
  kind: kind!,
  body: body!,
}));

const steps: Step[] = [
  ...action.runs.steps,
  ...Object.values(workflow.jobs).flatMap((job) => job.steps),
];
const scripts = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
const gitlab = parse(blocks.find(({ body }) => body.includes(".gitlab-ci.yml"))!.body) as {
  balto: { script: string[] };
};

/** The commands in shell lines, as words; what a redirection leads to is none of them. */
function commandsIn(lines: string): string[][] {
  return lines.split("\n").flatMap((line) => {
    const command = /(?:^\s*(?:\$BALTO|balto) |`balto )([^`]*)/.exec(line)?.[1];
    if (command === undefined) return [];
    const plain = command.replace(/\s*(?:[0-9]?>|\|).*$/, "");
    return [plain.match(/(?:"[^"]*"|[^\s"])+/g)!.map((word) => word.replaceAll('"', ""))];
  });
}

const all = [
  ...scripts.map(commandsIn),
  commandsIn(hooks.map(({ entry }) => entry).join("\n")),
  commandsIn(gitlab.balto.script.join("\n")),
  ...blocks.filter(({ kind }) => kind === "sh").map(({ body }) => commandsIn(body)),
  commandsIn(text("examples/gitops/README.md")),
  commandsIn(
    [...page.matchAll(/^\|.*\| (`balto [^|]*) \|/gm)].map(([, command]) => command).join("\n"),
  ),
].flat();

it.each(all.map((words) => [words.join(" "), words] as const))(
  "balto %s is a command",
  (_, words) => {
    const [name, ...rest] = words;
    const command = commands.find((one) => one.name === name);
    expect(command).toBeDefined();
    expect(readArguments(command!, rest)).toMatchObject({ help: false });
  },
);

it("there are as many as there seem to be", () => {
  expect(all.length).toBeGreaterThan(20);
  for (const name of ["check", "test", "diff", "fmt", "compile", "serve", "inspect", "keygen"]) {
    expect(all.map(([word]) => word)).toContain(name);
  }
});

it("scripts are bash, and hold no expression: what somebody wrote is no code", () => {
  for (const script of scripts) {
    execFileSync("bash", ["-n"], { input: script });
    expect(script).not.toContain("${{");
  }
  expect(scripts.length).toBeGreaterThan(5);
});

it("nothing is used but the checkout and Balto itself", () => {
  for (const { uses } of steps) {
    if (uses !== undefined) expect(uses).toMatch(/^(actions\/checkout@v4|OWNER\/balto@REF)$/);
  }
});

it("the action is one, and docs/ci.md says what it takes", () => {
  expect(action.runs.using).toBe("composite");
  for (const step of action.runs.steps) expect(step.shell, step.name).toBe("bash");
  const rows = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(action.inputs));
  const used = [...text("action.yml").matchAll(/inputs\.(\w+)/g)].map(([, name]) => name);
  expect(new Set(used)).toEqual(new Set(rows));
});

it("hooks know the files of a tree", () => {
  expect(hooks.map(({ id }) => id)).toEqual(["balto-check", "balto-test", "balto-fmt"]);
  const formatted = new RegExp(hooks[2]!.files);
  for (const file of [
    "balto.config.yaml",
    "a/balto.config.yaml",
    "a/services/b/c.yml",
    "tests/x.yaml",
  ]) {
    expect(formatted.test(file), file).toBe(true);
  }
  for (const file of ["a.yaml", "my-services/a.yaml", "services/a.json"]) {
    expect(formatted.test(file), file).toBe(false);
  }
  for (const { id } of hooks) expect(page).toContain(`- id: ${id}\n`);
});

it("every YAML block of docs/ci.md is YAML", () => {
  const yaml = blocks.filter(({ kind }) => kind === "yaml");
  expect(yaml.length).toBe(3);
  for (const { body } of yaml) expect(parse(body)).toBeTypeOf("object");
});

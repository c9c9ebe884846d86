// Workflow: runs a job of a GitHub workflow file and the steps of action.yml as a runner does: in bash, with
// the expressions of their `if`, `env` and `with` worked out. Only what these files use is understood;
// anything else throws.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

export interface Step {
  id?: string;
  name?: string;
  if?: string;
  uses?: string;
  shell?: string;
  env?: Record<string, string>;
  with?: Record<string, string>;
  run?: string;
}

export interface Job {
  if?: string;
  steps: Step[];
}

export interface Workflow {
  jobs: Record<string, Job>;
}

export interface Action {
  inputs: Record<string, { default: string }>;
  runs: { using: string; steps: Step[] };
}

export interface Runner {
  /** The checkout. */
  cwd: string;
  /** A folder for what steps leave to each other. */
  temp: string;
  /** Of every step; PATH among them. */
  env: Readonly<Record<string, string>>;
  /** `github`, `secrets`, `vars`. */
  contexts: Record<string, unknown>;
  /** What `uses: OWNER/balto@REF` leads to, and inputs that are given beside those of the workflow. */
  action: Action;
  inputs: Readonly<Record<string, string>>;
}

export interface JobResult {
  /** 0, or that of the step that failed. */
  status: number;
  output: string;
  /** Of the steps that ran. */
  steps: string[];
  summary: string;
}

export function readYaml<T>(path: string): T {
  return parse(readFileSync(path, "utf8")) as T;
}

/** Runs a job whose `if` holds; undefined where it does not. */
export async function runJob(
  { if: condition, steps }: Job,
  runner: Runner,
): Promise<JobResult | undefined> {
  if (condition !== undefined && !isTrue(evaluate(condition, runner.contexts))) return undefined;
  mkdirSync(runner.temp, { recursive: true });
  const result = { status: 0, output: "", steps: [], summary: "" };
  const files = mkdtempSync(join(runner.temp, "job-"));
  const state: State = { ...runner, result, summary: join(files, "summary"), files };
  writeFileSync(state.summary, "");
  await runSteps(steps, runner.contexts, state);
  result.summary = readFileSync(state.summary, "utf8");
  return result;
}

interface State extends Runner {
  result: JobResult;
  summary: string;
  files: string;
}

async function runSteps(
  steps: readonly Step[],
  given: Record<string, unknown>,
  state: State,
): Promise<void> {
  const outputs: Record<string, { outputs: Record<string, string> }> = {};
  const contexts = { ...given, steps: outputs };
  for (const step of steps) {
    if (state.result.status !== 0) return;
    if (step.if !== undefined && !isTrue(evaluate(step.if, contexts))) continue;
    if (step.uses?.startsWith("actions/checkout@") === true) continue;
    if (step.uses === "OWNER/balto@REF") {
      const inputs: Record<string, string> = {};
      for (const [name, input] of Object.entries(state.action.inputs)) {
        inputs[name] = filled(step.with?.[name] ?? input.default, contexts);
      }
      const unknown = Object.keys(step.with ?? {}).filter((name) => !(name in inputs));
      if (unknown.length > 0) throw new Error(`the action has no input ${unknown.join()}`);
      Object.assign(inputs, state.inputs);
      await runSteps(state.action.runs.steps, { ...given, inputs }, state);
    } else if (step.run !== undefined) {
      const written = await runStep(step, step.run, contexts, state);
      if (step.id !== undefined) outputs[step.id] = { outputs: written };
    } else throw new Error(`step ${step.name} does what is not understood`);
  }
}

/** Gives the outputs it wrote. */
async function runStep(
  { name = "", env = {} }: Step,
  script: string,
  contexts: Record<string, unknown>,
  { cwd, temp, env: common, result, summary, files }: State,
): Promise<Record<string, string>> {
  result.steps.push(name);
  const output = join(files, `output-${result.steps.length}`);
  writeFileSync(output, "");
  const own = Object.entries(env).map(([key, value]) => [key, filled(value, contexts)]);
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    cwd,
    env: {
      ...common,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_OUTPUT: output,
      GITHUB_WORKSPACE: cwd,
      RUNNER_TEMP: temp,
      ...(Object.fromEntries(own) as Record<string, string>),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (result.output += text));
  }
  result.status = await new Promise<number>((resolve) => {
    child.on("close", (code) => resolve(code ?? 1));
  });
  const lines = readFileSync(output, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
}

/** A text with its `${{ }}` worked out. */
function filled(text: string, contexts: Record<string, unknown>): string {
  return String(text).replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    String(evaluate(expression, contexts)),
  );
}

/** Contexts, texts in single quotes, `==`, `!=`, `&&` and `||`. */
function evaluate(expression: string, contexts: Record<string, unknown>): unknown {
  const alternatives = expression.split("||");
  if (alternatives.length > 1) {
    const values = alternatives.map((part) => evaluate(part, contexts));
    return values.find(isTrue) ?? values.at(-1);
  }
  const all = expression.split("&&");
  if (all.length > 1) {
    const values = all.map((part) => evaluate(part, contexts));
    return values.find((value) => !isTrue(value)) ?? values.at(-1);
  }
  const compared = /^(.*?)(==|!=)(.*)$/.exec(expression);
  if (compared !== null) {
    const [left, right] = [compared[1]!, compared[3]!].map((part) => evaluate(part, contexts));
    return (String(left) === String(right)) === (compared[2] === "==");
  }
  const word = expression.trim();
  const quoted = /^'([^']*)'$/.exec(word);
  if (quoted !== null) return quoted[1];
  if (!/^[a-z]+(\.\w+)+$/.test(word)) throw new Error(`not understood: ${word}`);
  const [first, ...rest] = word.split(".") as [string, ...string[]];
  if (!(first in contexts)) throw new Error(`there is no context ${first}`);
  let value = contexts[first];
  for (const key of rest) value = (value as Record<string, unknown> | undefined)?.[key];
  return value ?? "";
}

function isTrue(value: unknown): boolean {
  return value !== false && value !== "" && value !== undefined && value !== 0;
}

/** What every git of a test is told: nobody's own settings, and somebody to commit as. */
export const GIT_ENV: Readonly<Record<string, string>> = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@example.com",
};

/** Runs git and gives what it printed. */
export function git(cwd: string, ...words: string[]): string {
  const env = { ...GIT_ENV, PATH: process.env["PATH"] ?? "" };
  return execFileSync("git", words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
    .toString()
    .trim();
}

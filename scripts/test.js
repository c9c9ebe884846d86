// `npm test`: every check in order, a line for each, and last `N passed, N failed`.
// Passed are tests; failed are tests and whole steps. Nothing stops early, so one run shows all that is wrong.

import "./require-node.js";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const scripts = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;
const reports = join(root, ".vitest", "json");

const checks = ["format:check", "lint", "types", "gen:check", "knip"];
const suites = process.argv.includes("--without-e2e") ? ["unit"] : ["unit", "e2e"];

if (!process.exitCode) await runAll(); // else the guard above has spoken

async function runAll() {
  let passed = 0;
  let failed = 0;
  for (const name of checks) {
    const step = await run(name, { quiet: true });
    if (!step.ok) {
      failed += 1;
      process.stdout.write(step.output);
    }
    report(name, step);
  }
  for (const name of suites) {
    const file = join(reports, `${name}.json`);
    mkdirSync(reports, { recursive: true });
    rmSync(file, { force: true }); // an old report must not speak for a run that wrote none
    const step = await run(`test:${name}`, { args: `--outputFile.json=.vitest/json/${name}.json` });
    const counts = readCounts(file);
    passed += counts.passed;
    // A run can fail with no failed test: a file that does not load, an unhandled rejection.
    failed += step.ok ? counts.failed : Math.max(counts.failed, 1);
    report(name, step, `${counts.passed} passed, ${counts.failed} failed, `);
  }
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Runs a script of package.json without npm around it, on the Node that runs this file. */
function run(name, { quiet = false, args = "" }) {
  const started = performance.now();
  const path = [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
  const child = spawn(`${scripts[name]} ${args}`, {
    shell: true,
    cwd: root,
    env: { ...process.env, PATH: path },
    stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
  });
  const chunks = [];
  child.stdout?.on("data", (chunk) => chunks.push(chunk));
  child.stderr?.on("data", (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    const end = (ok, output) => resolve({ ok, output, ms: performance.now() - started });
    child.on("error", (error) => end(false, `${error.message}\n`));
    child.on("close", (code) => end(code === 0, Buffer.concat(chunks).toString()));
  });
}

function report(name, step, counts = "") {
  const seconds = (step.ms / 1000).toFixed(1);
  process.stdout.write(`${step.ok ? "ok    " : "FAILED"} ${name} (${counts}${seconds} s)\n`);
}

/** What vitest counted; a file that did not load counts as one failure. */
function readCounts(file) {
  try {
    const json = JSON.parse(readFileSync(file, "utf8"));
    const unloaded = json.testResults.filter(
      (result) =>
        result.status === "failed" &&
        !result.assertionResults.some((test) => test.status === "failed"),
    );
    return { passed: json.numPassedTests, failed: json.numFailedTests + unloaded.length };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

// examples/gitops, walked through: real git, the workflow and the action as they stand, a gateway that trusts
// the key. What answers in GitHub's place keeps comments and nothing else.

import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";

import {
  type Action,
  git,
  GIT_ENV,
  type JobResult,
  readYaml,
  runJob,
  type Workflow,
} from "../harness/workflow.ts";
import { balto, folderWith, put, root, startBalto, until } from "./cli-process.ts";
import { ask, askUntil, backend, serving } from "./cli-traffic.ts";

const MARK = "<!-- balto-diff -->";
const catalogue = { host: "shop.example.com", path: "/catalogue/boots" };
const action = readYaml<Action>(join(root, "action.yml"));

interface Place {
  /** Of the test: the clone that somebody works in, the origin, where artifacts go. */
  folder: string;
  work: string;
  artifact: string;
  env: Record<string, string>;
}

/** The example as a repository, its ports those of backends that are there. */
async function repository(): Promise<Place & { ports: Map<string, number> }> {
  const folder = folderWith({});
  const work = join(folder, "work");
  cpSync(join(root, "examples/gitops"), work, { recursive: true });
  const ports = new Map<string, number>();
  for (const file of ["shop/catalogue.yaml", "payments/checkout.yaml"]) {
    const path = join(work, "configs/services", file);
    let text = readFileSync(path, "utf8");
    for (const [port] of text.matchAll(/\b808\d\b/g)) ports.set(port, await backend());
    text = text.replaceAll(/\b808\d\b/g, (port) => String(ports.get(port)));
    writeFileSync(path, text);
  }
  ports.set("8082", await backend());
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${join(root, "bin/balto.js")}' "$@"\n`;
  put(folder, "bin/balto", shim);
  chmodSync(join(folder, "bin/balto"), 0o755);
  const env = { ...GIT_ENV, PATH: `${folder}/bin:${process.env["PATH"] ?? ""}`, HOME: folder };
  await balto(["keygen", "-o", "release"], { cwd: folder });
  cpSync(join(folder, "release.pub"), join(work, "release.pub"));
  git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git");
  git(work, "init", "--quiet", "--initial-branch=main");
  git(work, "remote", "add", "origin", `file://${folder}/origin.git`);
  commit(work, "the shop");
  git(work, "push", "--quiet", "origin", "main");
  return { folder, work, artifact: join(folder, "balto.artifact"), env, ports };
}

function commit(work: string, message: string): string {
  git(work, "add", "--all");
  git(work, "commit", "--quiet", "--message", message);
  return git(work, "rev-parse", "HEAD");
}

/** Runs the workflow for an event, in a checkout as actions/checkout makes it: one commit. */
async function onEvent(
  { folder, env }: Place,
  branch: string,
  github: { event_name: string; event: object; api_url?: string },
): Promise<Record<string, JobResult | undefined>> {
  const cwd = join(folder, `checkout-${Math.random().toString(36).slice(2)}`);
  git(
    folder,
    "clone",
    "--quiet",
    "--depth=1",
    `--branch=${branch}`,
    `file://${folder}/origin.git`,
    cwd,
  );
  const workflow = readYaml<Workflow>(join(cwd, ".github/workflows/balto.yml"));
  const secrets = { BALTO_SIGNING_KEY: readFileSync(join(folder, "release.key"), "utf8") };
  const vars = { BALTO_DESTINATION: join(folder, "balto.artifact") };
  const results: Record<string, JobResult | undefined> = {};
  for (const [name, job] of Object.entries(workflow.jobs)) {
    results[name] = await runJob(job, {
      cwd,
      temp: join(folder, "runner"),
      env: { ...env, GITHUB_SHA: git(cwd, "rev-parse", "HEAD") },
      contexts: {
        github: { repository: "example/gateway", token: "t0k3n", ...github },
        secrets,
        vars,
      },
      action,
      inputs: { balto: "balto" },
    });
  }
  return results;
}

interface Hub {
  url: string;
  comments: { id: number; body: string }[];
  /** Further comments may not be written. */
  isReadOnly: boolean;
}

/** Keeps the comments of one pull request, pages of 100. */
async function hub(): Promise<Hub> {
  const state: Hub = { url: "", comments: [], isReadOnly: false };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { pathname, searchParams } = new URL(request.url!, "http://hub");
      const answer = (status: number, value: unknown): void =>
        void response.writeHead(status).end(JSON.stringify(value));
      if (request.headers.authorization !== "Bearer t0k3n") return answer(401, {});
      const id = /^\/repos\/example\/gateway\/issues\/comments\/(\d+)$/.exec(pathname)?.[1];
      const ofRequest = pathname === "/repos/example/gateway/issues/7/comments";
      if (request.method === "GET" && ofRequest) {
        const from = (Number(searchParams.get("page")) - 1) * 100;
        return answer(200, state.comments.slice(from, from + 100));
      }
      if (state.isReadOnly) return answer(403, {});
      const { body } = JSON.parse(Buffer.concat(chunks).toString()) as { body: string };
      if (request.method === "POST" && ofRequest) {
        state.comments.push({ id: state.comments.length + 1, body });
        return answer(201, {});
      }
      const comment = state.comments.find((one) => String(one.id) === id);
      if (request.method !== "PATCH" || comment === undefined) return answer(404, {});
      comment.body = body;
      return answer(200, {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

const pullRequest = (base: string, api_url: string) => ({
  event_name: "pull_request",
  event: { pull_request: { number: 7, base: { sha: base } } },
  api_url,
});
const push = (before: string) => ({ event_name: "push", event: { before } });

it("walks a change from a pull request to traffic", async () => {
  const place = await repository();
  const { folder, work, artifact, env, ports } = place;
  const github = await hub();

  // What is on main is released, and served by a gateway that trusts the key.
  const first = git(work, "rev-parse", "HEAD");
  const begun = await onEvent(place, "main", push("0".repeat(40)));
  expect(begun["review"]).toBeUndefined();
  expect(begun["release"]).toMatchObject({
    status: 0,
    steps: ["Check", "Route tests", "Compile and sign", "Publish"],
  });
  const served = startBalto(
    ["serve", "--artifact", artifact, "--trust", "release.pub", "--listen", "127.0.0.1:0"],
    { cwd: folder },
  );
  const { port } = await serving(served);
  expect(served.out()).toContain(`"revision":"${first}"`);
  expect((await ask(port, catalogue)).echo?.port).toBe(ports.get("8081"));

  // The change, as somebody makes it.
  git(work, "switch", "--quiet", "--create", "faster-catalogue");
  const file = "configs/services/shop/catalogue.yaml";
  const text = readFileSync(join(work, file), "utf8");
  put(work, file, text.replace(String(ports.get("8081")), String(ports.get("8082"))));
  for (const words of [
    ["check", "configs"],
    ["test", "configs"],
    ["fmt", "--check", "configs"],
  ]) {
    expect((await balto(words, { cwd: work, env })).status, words.join(" ")).toBe(0);
  }
  const working = await balto(["diff", "main:", "configs"], { cwd: work, env });
  commit(work, "catalogue: the faster machine");
  const between = await balto(["diff", "main", "HEAD"], { cwd: work, env });
  for (const { status, out } of [working, between]) {
    expect(status).toBe(0);
    expect(out).toContain(": 1 class of requests changes");
    expect(out).toContain("GET http://shop.example.com/catalogue");
  }
  git(work, "push", "--quiet", "origin", "faster-catalogue");

  // The pull request: one comment among others, changed by the next push.
  github.comments = Array.from({ length: 120 }, (_, id) => ({ id: id + 1, body: `about ${MARK}` }));
  const opened = await onEvent(place, "faster-catalogue", pullRequest(first, github.url));
  expect(opened["release"]).toBeUndefined();
  expect(opened["review"]).toMatchObject({
    status: 0,
    steps: ["Check", "Route tests", "Diff", "Comment"],
  });
  expect(opened["review"]!.output).toContain("4 passed, 0 failed");
  expect(github.comments).toHaveLength(121);
  const { body } = github.comments.at(-1)!;
  expect(body).toBe(opened["review"]!.summary);
  expect(body).toMatch(/^<!-- balto-diff -->\n### Balto: 1 class of requests changes: /);
  expect(body).toContain(String(ports.get("8082")));
  put(work, file, text);
  commit(work, "on second thoughts");
  git(work, "push", "--quiet", "origin", "faster-catalogue");
  await onEvent(place, "faster-catalogue", pullRequest(first, github.url));
  expect(github.comments).toHaveLength(121);
  expect(github.comments.at(-1)!.body).toBe(`${MARK}\n### Balto: no request changes\n`);
  git(work, "revert", "--no-edit", "HEAD");

  // Merged, released, served: without a restart, and with the commit in the log.
  git(work, "switch", "--quiet", "main");
  git(work, "merge", "--quiet", "--no-ff", "--message", "merge", "faster-catalogue");
  git(work, "push", "--quiet", "origin", "main");
  const merged = git(work, "rev-parse", "HEAD");
  expect((await ask(port, catalogue)).echo?.port).toBe(ports.get("8081"));
  expect((await onEvent(place, "main", push(first)))["release"]!.status).toBe(0);
  await askUntil(port, catalogue, ({ echo }) => echo?.port === ports.get("8082"));
  await served.says(new RegExp(`"revision":"${merged}".*"message":"Artifact loaded"`));

  // What did not come this way is not served.
  const own = await balto(["compile", "configs", "-o", artifact], { cwd: work, env });
  expect(own.status).toBe(0);
  put(work, file, text);
  await balto(["compile", "configs", "-o", artifact], { cwd: work, env });
  await until(() => served.out().includes('"error":"it is not signed'));
  expect((await ask(port, catalogue)).echo?.port).toBe(ports.get("8082"));
}, 120_000);

it("stops a change that claims another team's host, or breaks a route test", async () => {
  const place = await repository();
  const { work } = place;
  const github = await hub();
  const base = git(work, "rev-parse", "HEAD");
  const review = async (branch: string): Promise<JobResult> => {
    commit(work, branch);
    git(work, "push", "--quiet", "origin", `HEAD:${branch}`);
    return (await onEvent(place, branch, pullRequest(base, github.url)))["review"]!;
  };
  const file = "configs/services/shop/grab.yaml";
  put(work, file, "name: grab\ndomain: pay.example.com\npath_prefix: /payments/*\nports: [1]\n");
  const grab = await review("grab");
  expect([grab.status, grab.steps]).toEqual([1, ["Check"]]);
  expect(grab.output).toMatch(
    /^::error file=configs\/services\/shop\/grab\.yaml,line=2,.*BAL4020/m,
  );
  put(work, file, "name: grab\ndomain: shop.example.com\npath_prefix: /about\nports: [1]\n");
  const broken = await review("broken");
  expect([broken.status, broken.steps]).toEqual([1, ["Check", "Route tests"]]);
  expect(broken.output).toContain("3 passed, 1 failed");
  expect(github.comments).toEqual([]);
}, 60_000);

it("reviews a request from a fork, whose token may not write comments", async () => {
  const place = await repository();
  const github = await hub();
  github.isReadOnly = true;
  const base = git(place.work, "rev-parse", "HEAD");
  const { review } = await onEvent(place, "main", pullRequest(base, github.url));
  expect(review).toMatchObject({ status: 0, summary: `${MARK}\n### Balto: no request changes\n` });
  expect(review!.output).toContain("::warning title=Balto::The comment could not be written.");
}, 60_000);

it("runs what docs/ci.md has for GitLab", async () => {
  const { work, env, ports } = await repository();
  const page = readFileSync(join(root, "docs/ci.md"), "utf8");
  const [, block] = /^```yaml\n(# \.gitlab-ci\.yml\n[^]*?)^```$/m.exec(page)!;
  const { balto: job } = parse(block!) as { balto: { script: string[] } };
  const base = git(work, "rev-parse", "HEAD");
  const file = "configs/services/shop/catalogue.yaml";
  const text = readFileSync(join(work, file), "utf8");
  put(work, file, text.replace(String(ports.get("8081")), String(ports.get("8082"))));
  const output = execFileSync("bash", ["-eo", "pipefail", "-c", job.script.join("\n")], {
    cwd: work,
    env: { ...env, CI_MERGE_REQUEST_DIFF_BASE_SHA: base },
    stdio: ["ignore", "pipe", "pipe"],
  }).toString();
  expect(output).toContain("1 class of requests changes");
  expect(readFileSync(join(work, "balto-diff.md"), "utf8")).toContain(MARK);
  expect(readFileSync(join(work, "route-tests.xml"), "utf8")).toContain('tests="4" failures="0"');
});

it("says that a tree is new where there was none", async () => {
  const place = await repository();
  const { work } = place;
  const github = await hub();
  git(work, "switch", "--quiet", "--orphan", "before");
  put(work, "README.md", "nothing yet\n");
  const base = commit(work, "nothing");
  git(work, "push", "--quiet", "origin", "before");
  const { review } = await onEvent(place, "main", pullRequest(base, github.url));
  expect(review).toMatchObject({ status: 0, summary: `${MARK}\n### Balto: configs is new\n` });
}, 60_000);

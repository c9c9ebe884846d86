// `balto serve`: the process becomes the data plane.

import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { balto, folderWith, startBalto } from "./cli-process.ts";
import { ask, askUntil, backend, serving } from "./cli-traffic.ts";
import { service, tree } from "./cli-trees.ts";

const host = "a.example.com";

it("serves an artifact in its own process and takes in a new one", async () => {
  const [one, two] = [await backend(), await backend()];
  const folder = folderWith(tree(service("/*", one)));
  const artifact = `${folder}/a.artifact`;
  await balto(["compile", folder, "-o", artifact]);
  const served = startBalto(["serve", "--artifact", artifact, "--workers", "2"]);
  const { port, pid } = await serving(served);
  expect(pid).toBe(served.child.pid);
  if (process.platform === "linux") {
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toMatch(/dataplane(-[0-9a-f]+)?\/main/);
  }
  expect((await ask(port, { host, path: "/" })).echo?.port).toBe(one);
  const changed = folderWith(tree(service("/*", two)));
  await balto(["compile", changed, "-o", artifact]);
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === two);
  served.child.kill("SIGTERM");
  const { status, signal } = await served.ended;
  expect([status, signal]).toEqual([0, null]);
});

it("fails with one line when the artifact is missing or bad", async () => {
  const folder = folderWith({
    bad: "no artifact at all, but long enough to have a header".repeat(9),
  });
  for (const name of ["missing", "bad"]) {
    const { status, out, err } = await balto(["serve", "--artifact", `${folder}/${name}`]);
    expect([status, out]).toEqual([1, ""]);
    expect(err).toMatch(/^[^\n]+\n$/);
  }
});

it("waits for a good artifact with --wait", async () => {
  const folder = folderWith(tree(service("/*", await backend())));
  const artifact = `${folder}/a.artifact`;
  const served = startBalto(["serve", "--artifact", artifact, "--wait", "--workers", "1"]);
  await served.says(/Waiting for an artifact/);
  await balto(["compile", folder, "-o", artifact]);
  const { port } = await serving(served);
  expect((await ask(port, { host, path: "/" })).status).toBe(200);
});

it("listens where --listen says", async () => {
  const folder = folderWith(tree(service()));
  const artifact = `${folder}/a.artifact`;
  await balto(["compile", folder, "-o", artifact]);
  const args = ["serve", "--artifact", artifact, "--listen", "127.0.0.1:0", "--workers", "1"];
  const { port } = await serving(startBalto(args));
  expect((await ask(port, { host: "x", path: "/health" })).text).toBe('{"status":"ok"}');
});

// Trust, from the key to the traffic: what is not signed by a trusted key is never served.

import { chmodSync, copyFileSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { reseal } from "../../artifact/container.ts";
import { writeArtifact } from "../../compiler/write-artifact.ts";
import { pairOf } from "../fixtures/signing-keys.ts";
import { balto, folderWith, put, startBalto, until, type Started } from "./cli-process.ts";
import { ask, askUntil, backend, serving } from "./cli-traffic.ts";
import { service, tree } from "./cli-trees.ts";

const host = "a.example.com";
const [old, next, other] = [pairOf(1), pairOf(2), pairOf(3)];

/** A tree, and the pairs of keys beside it. */
function workplace(port: number): string {
  const folder = folderWith({});
  for (const [path, text] of Object.entries(tree(service("/*", port)))) {
    put(folder, `configs/${path}`, text);
  }
  const config = 'global:\n  logging:\n    level: info\nserver:\n  port: "127.0.0.1:0"\n';
  put(folder, "configs/balto.config.yaml", config);
  for (const [name, { keyPem, publicPem }] of Object.entries({ old, next, other })) {
    put(folder, `${name}.key`, keyPem);
    chmodSync(join(folder, `${name}.key`), 0o600);
    put(folder, `${name}.pub`, publicPem);
  }
  return folder;
}

/** Compiles the tree for a backend and signs it. */
async function release(cwd: string, port: number, ...keys: string[]): Promise<void> {
  put(cwd, "configs/services/a.yaml", service("/*", port));
  const signs = keys.flatMap((name) => ["--sign", `${name}.key`]);
  const { status, err } = await balto(["compile", "-o", "a.artifact", ...signs], { cwd });
  expect([status, err]).toEqual([0, expect.not.stringContaining("warning")]);
}

function serve(cwd: string, ...trust: string[]): Started {
  const words = ["serve", "--artifact", "a.artifact", "--workers", "2"];
  return startBalto([...words, ...trust.flatMap((name) => ["--trust", `${name}.pub`])], { cwd });
}

const portOf = async (port: number): Promise<number | undefined> =>
  (await ask(port, { host, path: "/" })).echo?.port;

interface Refusal {
  error: string;
}

/** The reasons of the refusals that were logged. */
function refusals(served: Started): string[] {
  return served
    .out()
    .split("\n")
    .filter((line) => line.includes('"message":"Artifact refused'))
    .map((line) => (JSON.parse(line) as Refusal).error);
}

it("refuses at start what is unsigned, signed by another, or changed since", async () => {
  const port = await backend();
  const cwd = workplace(port);
  const refused = async (reason: string): Promise<void> => {
    const { status, out, err } = await serve(cwd, "old").ended;
    expect([status, out]).toEqual([1, ""]);
    expect(err).toBe(`balto: a.artifact: ${reason}; trusted: ${old.trusted.id}\n`);
  };
  await release(cwd, port);
  await refused("it is not signed");
  await release(cwd, port, "other");
  await refused(`it is signed by ${other.trusted.id}, which is not trusted`);
  await release(cwd, port, "old");
  const bytes = Uint8Array.from(readFileSync(join(cwd, "a.artifact")));
  const at = Buffer.from(bytes).indexOf(host);
  bytes[at] = "b".charCodeAt(0);
  writeArtifact(join(cwd, "a.artifact"), reseal(bytes));
  await refused(
    `its signature by ${old.trusted.id} does not hold: it was changed after it was signed`,
  );
});

it("refuses on reload, keeps the last good one, and takes the next that is signed", async () => {
  const [one, two] = [await backend(), await backend()];
  const cwd = workplace(one);
  await release(cwd, one, "old");
  const served = serve(cwd, "old");
  const { port } = await serving(served);
  expect(served.out()).toContain(`"signed_by":["${old.trusted.id}"]`);
  await release(cwd, two);
  await until(() => refusals(served).length === 1);
  await release(cwd, two, "other");
  await until(() => refusals(served).length === 2);
  expect(refusals(served)).toEqual([
    `it is not signed; trusted: ${old.trusted.id}`,
    `it is signed by ${other.trusted.id}, which is not trusted; trusted: ${old.trusted.id}`,
  ]);
  expect(await portOf(port)).toBe(one);
  await release(cwd, two, "old", "other");
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === two);
});

it("changes its key without a moment in which nothing or anything is served", async () => {
  const [one, two, three] = [await backend(), await backend(), await backend()];
  const cwd = workplace(one);
  await release(cwd, one, "old");
  // First the new key is trusted beside the old one, then it signs, then the old one goes.
  const both = serve(cwd, "old", "next");
  const { port } = await serving(both);
  expect(await portOf(port)).toBe(one);
  await release(cwd, two, "next");
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === two);
  await release(cwd, three, "other");
  await until(() => refusals(both).length === 1);
  expect(refusals(both)[0]).toBe(
    `it is signed by ${other.trusted.id}, which is not trusted; trusted: ${old.trusted.id}, ${next.trusted.id}`,
  );
  expect(await portOf(port)).toBe(two);
  await release(cwd, three, "next");
  const only = await serving(serve(cwd, "next"));
  expect(await portOf(only.port)).toBe(three);
  await release(cwd, one, "old");
  expect((await serve(cwd, "next").ended).err).toContain("which is not trusted");
});

it("waits for an artifact that is signed with --wait", async () => {
  const port = await backend();
  const cwd = workplace(port);
  await release(cwd, port);
  const served = startBalto(
    ["serve", "--artifact", "a.artifact", "--wait", "--workers", "1", "--trust", "old.pub"],
    { cwd },
  );
  await served.says(/Waiting for an artifact.*|"error":"it is not signed/);
  await release(cwd, port, "old");
  expect(await portOf((await serving(served)).port)).toBe(port);
});

it("trusts the keys that BALTO_TRUST names, and everything only where it is not set", async () => {
  const port = await backend();
  const cwd = workplace(port);
  await release(cwd, port, "other");
  const words = ["serve", "--artifact", "a.artifact", "--workers", "1"];
  const env = { BALTO_TRUST: "old.pub:next.pub" };
  const refused = await balto(words, { cwd, env });
  expect([refused.status, refused.err]).toEqual([
    1,
    `balto: a.artifact: it is signed by ${other.trusted.id}, which is not trusted; trusted: ${old.trusted.id}, ${next.trusted.id}\n`,
  ]);
  for (const value of ["", "old.pub:", ":"]) {
    const empty = await balto(words, { cwd, env: { BALTO_TRUST: value } });
    expect([empty.status, empty.err]).toEqual([
      1,
      expect.stringMatching(/BALTO_TRUST is set, but/),
    ]);
  }
  const flag = startBalto([...words, "--trust", "other.pub"], { cwd, env });
  expect(await portOf((await serving(flag)).port)).toBe(port);
  // What `run` serves it has compiled itself.
  const run = startBalto(["run", "--workers", "1"], { cwd, env });
  expect(await portOf((await serving(run)).port)).toBe(port);
});

it("says what is wrong with a key", async () => {
  const cwd = workplace(8081);
  put(cwd, "no.key", "no key");
  const sign = async (source: string, env = {}): Promise<string> => {
    const ended = await balto(["compile", "-o", "a.artifact", "--sign", source], { cwd, env });
    expect([ended.status, ended.out]).toEqual([1, ""]);
    return ended.err;
  };
  expect(await sign("missing.key")).toBe(
    "balto compile: missing.key cannot be read: no such file or directory\n",
  );
  expect(await sign("no.key")).toMatch(
    /^balto compile: --sign: no.key holds no private key in PEM/,
  );
  expect(await sign("old.pub")).toMatch(
    /--sign: old.pub is a public key\n {2}sign with the private/,
  );
  expect(await sign("env:NOWHERE")).toBe("balto compile: --sign: NOWHERE is not set\n");
  const said = await sign("env:KEY", { KEY: "secret text that is no key" });
  expect(said).toMatch(/--sign: env:KEY holds no private key/);
  expect(said).not.toContain("secret text");
  await release(cwd, 8081);
  for (const [name, reason] of [
    ["old.key", /--trust: old.key is a private key.*: give its public half: openssl pkey/],
    ["missing.pub", /--trust: missing.pub cannot be read: there is no such file/],
  ] as const) {
    const served = await balto(["serve", "--artifact", "a.artifact", "--wait", "--trust", name], {
      cwd,
    });
    expect([served.status, served.err]).toEqual([1, expect.stringMatching(reason)]);
  }
});

it("signs with a variable of the environment, and warns of a key that others can read", async () => {
  const cwd = workplace(8081);
  const words = (source: string): string[] => ["compile", "-o", "-", "-q", "--sign", source];
  const file = await balto(words("old.key"), { cwd });
  const env = await balto(words("env:KEY"), { cwd, env: { KEY: old.keyPem } });
  expect([file.err, env.err]).toEqual(["", ""]);
  expect(Buffer.compare(file.stdout, env.stdout)).toBe(0);
  chmodSync(join(cwd, "old.key"), 0o644);
  const open = await balto(words("old.key"), { cwd });
  expect([open.status, open.err]).toEqual([
    0,
    "warning: old.key can be read by others (mode 644): chmod 600 old.key\n",
  ]);
});

it("makes a pair of keys, which sign and are trusted, and never overwrites one", async () => {
  const port = await backend();
  const cwd = workplace(port);
  const made = await balto(["keygen", "-o", "release"], { cwd });
  const [, id] = /^release\.key, release\.pub: key ([0-9a-f]{16})\n$/.exec(made.err)!;
  expect(statSync(join(cwd, "release.key")).mode & 0o777).toBe(0o600);
  await release(cwd, port, "release");
  const shown = await balto(["inspect", "a.artifact", "--trust", "release.pub"], { cwd });
  expect([shown.status, shown.out]).toEqual([0, expect.stringContaining(`by ${id}, holds\n`)]);
  const wrong = await balto(["inspect", "a.artifact", "--trust", "old.pub"], { cwd });
  expect([wrong.status, wrong.out]).toEqual([1, expect.stringContaining(`by ${id}, not checked`)]);
  expect(await portOf((await serving(serve(cwd, "release"))).port)).toBe(port);
  const again = await balto(["keygen", "-o", "release"], { cwd });
  expect([again.status, again.err]).toEqual([
    1,
    "balto keygen: release.key exists already\n  choose another name\n",
  ]);
});

it("signs each change of a tree that it watches", async () => {
  const cwd = workplace(8081);
  const watching = startBalto(["compile", "-o", "a.artifact", "--watch", "--sign", "old.key"], {
    cwd,
  });
  await watching.says(/digest/);
  copyFileSync(join(cwd, "a.artifact"), join(cwd, "first.artifact"));
  put(cwd, "configs/services/a.yaml", service("/*", 8082));
  await watching.says(/1 changed/);
  for (const name of ["first.artifact", "a.artifact"]) {
    const { status } = await balto(["inspect", name, "--trust", "old.pub"], { cwd });
    expect(status, name).toBe(0);
  }
});

it("changes by the API and by hand are signed, too", async () => {
  const [one, two, three] = [await backend(), await backend(), await backend()];
  const cwd = workplace(one);
  const env = { HOME: cwd };
  // Unsigned, and of the same tree: it has to be published again.
  await release(cwd, one);
  const control = async (key: string, ...more: string[]): Promise<Started> => {
    const words = ["control", "configs", "--listen", "unix:control.sock", "--sign", `${key}.key`];
    const started = startBalto([...words, "--artifact", "a.artifact", ...more], { cwd, env });
    await started.says(/"message":"Listening"/);
    return started;
  };
  const first = await control("old");
  const words = ["serve", "--artifact", "a.artifact", "--workers", "1", "--trust", "old.pub"];
  const served = startBalto(words, { cwd, env });
  const { port } = await serving(served);
  first.child.kill("SIGTERM");
  await first.ended;
  await control("old", "--data-plane", `http://127.0.0.1:${port}`);
  const socket = `unix:${join(cwd, "control.sock")}`;
  const set = ["services", "set", `${host}/*`, "--ports", String(two)];
  const { status, err } = await balto(set, { cwd, env: { ...env, BALTO_URL: socket } });
  expect([status, err]).toEqual([0, ""]);
  expect(await portOf(port)).toBe(two);
  put(cwd, "configs/services/a.yaml", service("/*", three));
  await askUntil(port, { host, path: "/" }, ({ echo }) => echo?.port === three);
  expect(refusals(served)).toEqual([]);
});

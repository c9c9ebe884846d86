// `balto compile` and `balto inspect`: bytes to files and pipes.

import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

import { expect, it } from "vitest";

import { openContainer } from "../../artifact/container.ts";
import { makeCertificate } from "../harness/certificate.ts";
import { balto, folderWith, put, startBalto, until } from "./cli-process.ts";
import { service, tree } from "./cli-trees.ts";

it("writes an artifact, and the same bytes to a pipe", async () => {
  const folder = folderWith(tree(service()));
  const file = await balto(["compile", ".", "-o", "a.artifact"], { cwd: folder });
  expect([file.status, file.out]).toEqual([0, ""]);
  expect(file.err).toMatch(/^\.: 1 service, 1 backend · digest [0-9a-f]{12} · \d+ ms\n$/);
  const bytes = readFileSync(`${folder}/a.artifact`);
  const pipe = await balto(["compile", folder, "-o", "-", "--quiet"]);
  expect([pipe.status, pipe.err]).toEqual([0, ""]);
  expect(pipe.stdout.equals(bytes)).toBe(true);
});

it("gives the same bytes in another folder, at another time, in another zone", async () => {
  const [one, two] = [folderWith(tree(service())), folderWith({ "deep/x": "" })];
  for (const [path, text] of Object.entries(tree(service())).toReversed()) {
    put(two, `deep/${path}`, text);
  }
  const first = await balto(["compile", one, "-o", "-"]);
  const second = await balto(["compile", "deep", "-o", "-"], {
    cwd: two,
    env: { TZ: "Asia/Tokyo", LANG: "tr_TR.UTF-8", BALTO_UPSTREAM_HOST: "elsewhere", HOME: "/" },
  });
  expect(second.stdout.equals(first.stdout)).toBe(true);
});

it("stamps a revision outside the digest", async () => {
  const folder = folderWith(tree(service()));
  const plain = await balto(["compile", folder, "-o", "-"]);
  const stamped = await balto(["compile", folder, "-o", "-", "--revision", "v1.2"]);
  const [a, b] = [plain, stamped].map(({ stdout }) => openContainer(new Uint8Array(stdout)));
  expect([a?.revision, b?.revision]).toEqual(["", "v1.2"]);
  expect(b?.digest).toBe(a?.digest);
});

it("writes nothing for a tree with errors", async () => {
  const folder = folderWith(tree("name: a\n"));
  writeFileSync(`${folder}/a.artifact`, "old");
  const { status, out, err } = await balto(["compile", folder, "-o", `${folder}/a.artifact`]);
  expect([status, out]).toEqual([1, ""]);
  expect(err).toContain("BAL2003");
  expect(readFileSync(`${folder}/a.artifact`, "utf8")).toBe("old");
});

it("keeps the artifact and the report apart", async () => {
  const folder = folderWith(tree(service()));
  const piped = await balto(["compile", folder, "-o", "-", "--format", "json", "-q"]);
  expect(openContainer(new Uint8Array(piped.stdout)).digest).toHaveLength(64);
  expect(JSON.parse(piped.err)).toMatchObject({ summary: { errors: 0 } });
  const filed = await balto(["compile", folder, "-o", `${folder}/a`, "--format", "json", "-q"]);
  expect(JSON.parse(filed.out)).toMatchObject({ summary: { errors: 0 } });
});

it("says in one line why it cannot write", async () => {
  const folder = folderWith(tree(service()));
  const { status, err } = await balto(["compile", folder, "-o", `${folder}/no/such/place`]);
  expect(status).toBe(1);
  expect(err).toMatch(
    /^balto compile: cannot write .*no\/such\/place: the folder does not exist\n$/,
  );
});

it("watches: compiles changes, keeps the last good one, ends on SIGTERM", async () => {
  const folder = folderWith(tree(service()));
  const artifact = `${folder}/out.artifact`;
  const watching = startBalto(["compile", folder, "-o", artifact, "--watch"]);
  await watching.says(/1 service, 1 backend/);
  const first = readFileSync(artifact);

  put(folder, "services/b.yaml", "name: b\ndomain: b.example.com\npath_prefix: /\nports: [1]\n");
  await watching.says(/1 route added, 0 removed, 0 changed · digest [0-9a-f]{12} · \d+ ms/);
  const second = readFileSync(artifact);
  expect(second.equals(first)).toBe(false);

  put(folder, "services/a.yaml", service("/*", 8082));
  await watching.says(/0 routes added, 0 removed, 1 changed/);

  put(folder, "services/a.yaml", "name: [");
  await watching.says(/error BAL1020[^]*the last good one \([0-9a-f]{12}\) stays/);
  expect(readFileSync(artifact).equals(second)).toBe(false);

  put(folder, "services/a.yaml", service("/*", 8082));
  await watching.says(/nothing changed/);
  rmSync(`${folder}/services/b.yaml`);
  await watching.says(/0 routes added, 1 removed, 0 changed/);
  put(folder, "balto.config.yaml", 'server:\n  port: ":1"\n');
  await watching.says(/0 routes added, 0 removed, 0 changed, other settings/);

  const users = (port: number) => `name: users\nports: [${port}]\n`;
  put(folder, "pools/users.yaml", users(1));
  await watching.says(/warning BAL5007 unused-pool/);
  put(folder, "services/c.yaml", "name: c\ndomain: c.example.com\npath_prefix: /\npool: users\n");
  await watching.says(/1 route added, 0 removed, 0 changed/);
  put(folder, "pools/users.yaml", users(2));
  await watching.says(/0 routes added, 0 removed, 1 changed/);

  watching.child.kill("SIGTERM");
  expect((await watching.ended).status).toBe(0);
});

it("watches a tree that has errors at start", async () => {
  const folder = folderWith(tree("name: ["));
  const artifact = `${folder}/out.artifact`;
  const watching = startBalto(["compile", folder, "-o", artifact, "--watch"]);
  await watching.says(/error BAL1020/);
  put(folder, "services/a.yaml", "name: [[");
  await watching.says(/waiting for a good tree/);
  put(folder, "services/a.yaml", service());
  await until(() => existsSync(artifact));
  watching.child.kill("SIGINT");
  expect((await watching.ended).status).toBe(0);
});

it("inspects an artifact from a file and from a pipe", async () => {
  const folder = folderWith(tree(service()));
  const { stdout } = await balto(["compile", folder, "-o", "-"]);
  writeFileSync(`${folder}/a.artifact`, stdout);
  const text = await balto(["inspect", `${folder}/a.artifact`]);
  expect([text.status, text.err]).toEqual([0, ""]);
  expect(text.out).toContain("a.example.com");
  const json = await balto(["inspect", "-", "--format", "json"], { input: stdout });
  expect(json.status).toBe(0);
  expect(JSON.stringify(JSON.parse(json.out))).toContain("a.example.com");
});

it("refuses to inspect what is no sound artifact, in one line", async () => {
  const folder = folderWith(tree(service()));
  const { stdout } = await balto(["compile", folder, "-o", "-"]);
  const broken = Buffer.from(stdout);
  broken[broken.length >> 1] = (broken[broken.length >> 1] ?? 0) ^ 1;
  writeFileSync(`${folder}/broken`, broken);
  writeFileSync(`${folder}/short`, stdout.subarray(0, 100));
  writeFileSync(`${folder}/empty`, "");
  for (const name of ["broken", "short", "empty", "balto.config.yaml", "missing", "."]) {
    const { status, out, err } = await balto(["inspect", name], { cwd: folder });
    expect([status, out]).toEqual([1, ""]);
    expect(err).toMatch(/^balto inspect: .*\n$/);
  }
});

it("leaves an artifact readable as it was", async () => {
  const folder = folderWith(tree(service()));
  const artifact = `${folder}/a.artifact`;
  writeFileSync(artifact, "");
  chmodSync(artifact, 0o640);
  await balto(["compile", folder, "-o", artifact]);
  expect(statSync(artifact).mode & 0o777).toBe(0o640);
});

it("warns of hosts that the certificate is not for, where it can be read", async () => {
  const { certFile } = makeCertificate("localhost");
  const files = { ...tree(service("/*")) };
  const config = (cert: string): string =>
    `global: { tls: { enabled: true, cert_file: "${cert}", key_file: /run/balto/key.pem } }\n`;
  const folder = folderWith({ ...files, "balto.config.yaml": config(certFile) });
  const seen = await balto(["check", folder]);
  expect([seen.status, seen.err + seen.out]).toEqual([
    0,
    expect.stringMatching(/BAL5016.*cert\.pem is not for a\.example\.com/),
  ]);
  for (const unread of ["/nowhere/cert.pem", "/dev/zero", folder]) {
    put(folder, "balto.config.yaml", config(unread));
    const { status, err, out } = await balto(["check", folder]);
    expect([status, err + out]).toEqual([0, expect.not.stringContaining("BAL5016")]);
  }
});

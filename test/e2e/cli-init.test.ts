// `balto init`: a tree that checks, whose files name schemas that are there, and nothing overwritten.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { parse } from "yaml";

import { balto, folderWith } from "./cli-process.ts";

it("makes a tree that passes the check", async () => {
  const folder = folderWith({});
  const made = await balto(["init", "tree"], { cwd: folder });
  expect([made.status, made.out]).toEqual([0, ""]);
  expect(made.err).toContain("now try: balto check tree");
  const { status, err } = await balto(["check", "tree"], { cwd: folder });
  expect(err).toBe("tree: 1 service, 2 backends, no errors\n");
  expect(status).toBe(0);
});

it("gives each YAML file an editor line that leads to a schema the file fits", async () => {
  const folder = folderWith({});
  await balto(["init"], { cwd: folder });
  for (const file of ["balto.config.yaml", "services/example.yaml"]) {
    const text = readFileSync(join(folder, file), "utf8");
    const line = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text);
    const schema = join(folder, dirname(file), line?.[1] ?? "no editor line");
    expect(existsSync(schema)).toBe(true);
    const validate = new Ajv({ strict: false }).compile(
      JSON.parse(readFileSync(schema, "utf8")) as object,
    );
    validate(parse(text));
    expect(validate.errors).toBeNull();
  }
});

it("overwrites nothing, and gives a tree with services no example", async () => {
  const mine = {
    "balto.config.yaml": "server:\n  port: 1\n",
    "services/mine.yaml": "name: m\ndomain: m\npath_prefix: /\nports: [1]\n",
    "schema/config.schema.json": "{}",
  };
  const folder = folderWith(mine);
  const { status, err } = await balto(["init", folder]);
  expect(status).toBe(0);
  for (const [path, text] of Object.entries(mine)) {
    expect(readFileSync(join(folder, path), "utf8")).toBe(text);
  }
  expect(existsSync(join(folder, "services/example.yaml"))).toBe(false);
  expect(err).toContain(`kept  ${join(folder, "balto.config.yaml")}`);
  expect(err).toContain(`wrote ${join(folder, "schema/service.schema.json")}`);
});

it("does nothing the second time", async () => {
  const folder = folderWith({});
  await balto(["init"], { cwd: folder });
  const again = await balto(["init"], { cwd: folder });
  expect(again.status).toBe(0);
  expect(again.err).not.toContain("wrote");
  expect(again.err).toContain("nothing to do");
});

it("says in one line why it cannot write", async () => {
  const folder = folderWith({ file: "" });
  const { status, err } = await balto(["init", "file"], { cwd: folder });
  expect(status).toBe(1);
  expect(err).toMatch(/^balto init: file\/balto\.config\.yaml cannot be written: .*\n$/);
});

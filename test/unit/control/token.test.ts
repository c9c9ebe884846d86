// The token: where it is looked for, and how it is made.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { ensureToken, findToken } from "../../../control/token.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "balto-token-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it("is what the environment gives, else what is in the file that it names", () => {
  const file = join(folder(), "token");
  writeFileSync(file, "from-file\n");
  const env = { BALTO_ADMIN_TOKEN_FILE: file, HOME: "/nowhere" };
  expect(findToken({ ...env, BALTO_ADMIN_TOKEN: "given" })).toEqual({
    token: "given",
    file: undefined,
  });
  expect(findToken(env)).toEqual({ token: "from-file", file });
  writeFileSync(file, "two words\n");
  expect(findToken(env)).toEqual({ token: undefined, file });
});

it("is made once, in a file that only this user can read", () => {
  const home = folder();
  const file = join(home, ".local/state/balto/admin.token");
  expect(findToken({ HOME: home })).toEqual({ token: undefined, file });
  const { token } = ensureToken({ HOME: home });
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(ensureToken({ HOME: home })).toEqual({ token, file });
  expect(readFileSync(file, "utf8")).toBe(`${token}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(file, "..")).mode & 0o777).toBe(0o700);
});

it("lies where state belongs", () => {
  const state = folder();
  expect(findToken({ XDG_STATE_HOME: state, HOME: "/h" }).file).toBe(
    join(state, "balto/admin.token"),
  );
  expect(findToken({}).file).toBe("/var/lib/balto/admin.token");
});

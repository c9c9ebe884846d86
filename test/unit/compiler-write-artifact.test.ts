import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WriteError, writeArtifact } from "../../compiler/write-artifact.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "balto-write-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("puts a new file in the place of the old one, and leaves nothing else", () => {
  const path = join(folder, "balto.artifact");
  writeArtifact(path, Buffer.from("one"));
  const before = statSync(path).ino;
  writeArtifact(path, Buffer.from("two"));
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(statSync(path).ino).not.toBe(before);
  expect(readdirSync(folder)).toEqual(["balto.artifact"]);
});

it("keeps who may read the file", () => {
  const path = join(folder, "balto.artifact");
  writeFileSync(path, "old");
  chmodSync(path, 0o640);
  writeArtifact(path, Buffer.from("new"));
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

it("leaves no temporary file after an error", () => {
  const path = join(folder, "taken");
  mkdirSync(path);
  expect(() => writeArtifact(path, Buffer.from("x"))).toThrow(WriteError);
  expect(readdirSync(folder)).toEqual(["taken"]);
});

it("says in a line why it cannot write", () => {
  const missing = join(folder, "missing/balto.artifact");
  expect(() => writeArtifact(missing, Buffer.from("x"))).toThrow(
    `cannot write ${missing}: the folder does not exist`,
  );
  expect(() => writeArtifact("/proc/balto.artifact", Buffer.from("x"))).toThrow(
    /^cannot write \/proc/,
  );
  // No byte can be written to this device.
  expect(() => writeArtifact("/dev/full/x", Buffer.from("x"))).toThrow(
    "a part of the path is not a folder",
  );
});

import { expect, test } from "vitest";

import { ArtifactError, openContainer, reseal, seal } from "../../artifact/container.ts";
import { ARTIFACT_BYTES_MAX, DIGEST_OFFSET, FORMAT_VERSION } from "../../artifact/layout.ts";

const sections = [
  { bytes: Buffer.from("hello"), rowBytes: 1 },
  { bytes: new Uint8Array(24), rowBytes: 12 },
  { bytes: new Uint8Array(0), rowBytes: 4 },
];

/** A sealed file with one of its parts changed. */
function changed(change: (file: Buffer) => void, revision = ""): Uint8Array {
  const file = Buffer.from(seal(sections, revision));
  change(file);
  return file;
}

/** As `changed`, with both digests written anew. */
const resealed = (change: (file: Buffer) => void, revision = ""): Uint8Array =>
  reseal(changed(change, revision));

test("what was sealed is opened again, section by section", () => {
  const { digest, revision, sections: opened } = openContainer(seal(sections));
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(revision).toBe("");
  expect(opened.map(({ bytes, rowBytes }) => ({ bytes: [...bytes], rowBytes }))).toEqual(
    sections.map(({ bytes, rowBytes }) => ({ bytes: [...bytes], rowBytes })),
  );
  expect(opened.map(({ bytes }) => bytes.byteOffset % 8)).toEqual([0, 0, 0]);
});

test("a file is made in the memory of another, whatever this held and however long it was", () => {
  const due = seal(sections, "main");
  const nothing = new Uint8Array(0);
  const first = seal([{ bytes: Buffer.alloc(300, 0xff), rowBytes: 1 }], "a longer one", nothing);
  const second = seal(sections, "main", first);
  expect(second.buffer).toBe(first.buffer);
  expect(second).toEqual(due);
  const third = seal([{ bytes: Buffer.alloc(9000, 1), rowBytes: 1 }], "", second);
  expect(third.buffer).not.toBe(second.buffer);
  expect(openContainer(third).sections[0]?.bytes).toHaveLength(9000);
});

test("a revision is stamped outside the digest", () => {
  const plain = openContainer(seal(sections));
  const stamped = openContainer(seal(sections, "v1.2-3-gdeadbeef ✓"));
  expect(stamped.revision).toBe("v1.2-3-gdeadbeef ✓");
  expect(stamped.digest).toBe(plain.digest);
});

test("the bytes may lie in shared memory", () => {
  const file = seal(sections, "main");
  const shared = new Uint8Array(new SharedArrayBuffer(file.byteLength));
  shared.set(file);
  expect(openContainer(shared).digest).toBe(openContainer(file).digest);
});

test("a trailer may hold entries of a kind that is not known yet", () => {
  const file = resealed((bytes) => bytes.writeUInt32LE(7, bytes.readUInt32LE(16) + 16), "main");
  expect(openContainer(file).revision).toBe("");
});

test.each([
  ["an empty file", () => new Uint8Array(0), "shorter than a header: torn or empty"],
  ["a file shorter than a header", () => new Uint8Array(63), "it is 63 bytes long"],
  ["another kind of file", () => new Uint8Array(4096).fill(0x7f), "wrong file"],
  [
    "another version",
    () => changed((file) => file.writeUInt32LE(FORMAT_VERSION + 1, 8)),
    `its format version is ${FORMAT_VERSION + 1}, this Balto reads ${FORMAT_VERSION}`,
  ],
  ["a file cut off in its trailer", () => seal(sections).subarray(0, -40), "truncated"],
  ["a file cut off in its digest", () => seal(sections).subarray(0, -1), "truncated"],
  [
    "a file with more behind it",
    () => Buffer.concat([seal(sections), Buffer.alloc(8)]),
    "appended",
  ],
  ["a buffer that is not aligned", () => Buffer.alloc(1000).subarray(1), "not 8-byte aligned"],
  [
    "a content end inside the header",
    () => changed((file) => file.writeUInt32LE(8, 16)),
    "its digest does not match",
  ],
  [
    "a content end that is not aligned",
    () => changed((file) => file.writeUInt32LE(file.readUInt32LE(16) - 4, 16)),
    "its digest does not match",
  ],
  ["a changed digest", () => changed((file) => file.fill(1, DIGEST_OFFSET, 64)), "corrupted"],
  ["a changed section", () => changed((file) => file.fill(1, 112, 113)), "corrupted"],
  [
    "a changed trailer digest",
    () => changed((file) => file.fill(0, file.length - 8)),
    "its trailer does not match",
  ],
  [
    "a trailer of another file",
    () =>
      changed((file) => file.set(seal([...sections, ...sections]).subarray(-32), file.length - 32)),
    "its trailer does not match",
  ],
])("%s is refused", (_, file, message) => {
  expect(() => openContainer(file())).toThrow(ArtifactError);
  expect(() => openContainer(file())).toThrow(message);
});

test.each([
  ["too many sections", (file: Buffer) => file.writeUInt32LE(1025, 12), "section count 1025"],
  ["more sections than fit", (file: Buffer) => file.writeUInt32LE(100, 12), "section count 100"],
  ["fewer sections than there are", (file: Buffer) => file.writeUInt32LE(2, 12), "out of range"],
  ["reserved bytes in the header", (file: Buffer) => file.writeUInt8(1, 31), "are not zero"],
  ["reserved bytes in the table", (file: Buffer) => file.writeUInt8(1, 76), "section 0"],
  ["a section elsewhere", (file: Buffer) => file.writeUInt32LE(120, 64), "section 0"],
  ["a section beyond the end", (file: Buffer) => file.writeUInt32LE(0xfffffff0, 84), "section 1"],
  ["rows of no bytes", (file: Buffer) => file.writeUInt32LE(0, 72), "section 0"],
  ["half a row", (file: Buffer) => file.writeUInt32LE(9, 88), "section 1"],
  ["a gap before the end", (file: Buffer) => file.writeUInt32LE(12, 84), "section 2"],
])("a table with %s is refused, its digest notwithstanding", (_, change, message) => {
  expect(() => openContainer(resealed(change))).toThrow(ArtifactError);
  expect(() => openContainer(resealed(change))).toThrow(message);
});

const trailerOf = (file: Buffer): Buffer => file.subarray(file.readUInt32LE(16));

test.each([
  ["no magic", (file: Buffer) => trailerOf(file).fill(0, 0, 4), "is not where the file ends"],
  ["another length", (file: Buffer) => trailerOf(file).writeUInt32LE(16, 4), "truncated"],
  ["more entries", (file: Buffer) => trailerOf(file).writeUInt32LE(2, 8), "out of range"],
  [
    "4 billion entries",
    (file: Buffer) => trailerOf(file).writeUInt32LE(-1 >>> 0, 8),
    "out of range",
  ],
  ["fewer entries", (file: Buffer) => trailerOf(file).writeUInt32LE(0, 8), "do not fill it"],
  ["reserved bytes", (file: Buffer) => trailerOf(file).writeUInt32LE(1, 12), "do not fill it"],
  ["a long entry", (file: Buffer) => trailerOf(file).writeUInt32LE(64, 20), "out of range"],
  ["a control character", (file: Buffer) => trailerOf(file).writeUInt8(0x1b, 24), "control"],
])("a trailer with %s is refused, its digest notwithstanding", (_, change, message) => {
  expect(() => openContainer(resealed(change, "main"))).toThrow(ArtifactError);
  expect(() => openContainer(resealed(change, "main"))).toThrow(message);
});

test("a revision that is too long or holds a control character is not sealed", () => {
  expect(() => seal(sections, "x".repeat(257))).toThrow(RangeError);
  expect(() => seal(sections, "main\n")).toThrow(RangeError);
});

test("a file of more than 1 GiB is neither sealed nor opened", () => {
  // Never touched, so it takes no memory.
  const bytes = new Uint8Array(ARTIFACT_BYTES_MAX + 8);
  expect(() => seal([{ bytes, rowBytes: 1 }])).toThrow(RangeError);
  expect(() => openContainer(bytes)).toThrow("more than 1073741824");
});

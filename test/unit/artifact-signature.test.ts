// Signatures: what they leave as it is, what they cover, and that nothing else passes.

import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";

import { ArtifactError, openContainer, reseal, restamp, seal } from "../../artifact/container.ts";
import { encode } from "../../artifact/encode.ts";
import { inspect } from "../../artifact/inspect.ts";
import { KeyError, readSigningKey, readTrustedKey, sign } from "../../artifact/signature.ts";
import { openArtifact } from "../../artifact/view.ts";
import { modelOf, route, sampleModel } from "../fixtures/artifact-model.ts";
import { pairOf } from "../fixtures/signing-keys.ts";
import { placesOf, tamper } from "../fixtures/tampering.ts";

const [one, two, three] = [pairOf(1), pairOf(2), pairOf(3)];
const plain = encode(sampleModel, "v1.2.3");
const signed = sign(plain, [one.key]);
const trusted = [one.trusted];

/** What opening it says; "" where it opens. */
function refusal(file: Uint8Array, keys = trusted): string {
  try {
    openArtifact(Uint8Array.from(file), keys);
    return "";
  } catch (error) {
    if (error instanceof ArtifactError) return error.message;
    throw error;
  }
}

test("a signature changes neither the content nor its digest, and is the same each time", () => {
  const [before, after] = [openContainer(plain), openContainer(signed)];
  expect(after.digest).toBe(before.digest);
  expect(after.revision).toBe("v1.2.3");
  expect(after.sections).toEqual(before.sections);
  expect(Buffer.compare(sign(encode(sampleModel, "v1.2.3"), [one.key]), signed)).toBe(0);
  expect(Buffer.compare(sign(signed, [one.key]), signed), "signed again").toBe(0);
  expect(after.signatures.map(({ keyId }) => keyId)).toEqual([one.trusted.id]);
});

test("the id of a key is the start of its digest", () => {
  // RFC 8032 §7.1, test 1: the public key d75a9801…511a.
  const pem =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
  expect(readTrustedKey(pem).id).toBe("21fe31dfa154a261");
});

test("who trusts nobody in particular reads signed and unsigned files", () => {
  expect([refusal(plain, []), refusal(signed, [])]).toEqual(["", ""]);
});

test("who trusts a key reads what it has signed, alone or beside others", () => {
  const both = sign(sign(plain, [two.key]), [one.key]);
  expect(Buffer.compare(both, sign(plain, [one.key, two.key])), "in any order").toBe(0);
  expect(refusal(signed)).toBe("");
  expect(refusal(both)).toBe("");
  expect(refusal(both, [two.trusted])).toBe("");
  expect(refusal(signed, [two.trusted, one.trusted])).toBe("");
});

test("what is unsigned, signed by another, or changed is refused, and the reason names the keys", () => {
  const [a, b, c] = [one.trusted.id, two.trusted.id, three.trusted.id];
  expect(refusal(plain)).toBe(`it is not signed; trusted: ${a}`);
  expect(refusal(signed, [two.trusted, three.trusted])).toBe(
    `it is signed by ${a}, which is not trusted; trusted: ${b}, ${c}`,
  );
  const other = openContainer(sign(encode(sampleModel, "v1.2.4"), [one.key]));
  expect(refusal(restamp(plain, { ...other, revision: "v1.2.3" }))).toBe(
    `its signature by ${a} does not hold: it was changed after it was signed; trusted: ${a}`,
  );
});

test("a signature does not pass for another content, another revision, or none", () => {
  const { signatures } = openContainer(signed);
  const elsewhere = encode(modelOf([route("GET *.a /x/:y")]), "v1.2.3");
  for (const [file, revision] of [
    [elsewhere, "v1.2.3"],
    [plain, "v1.2.4"],
    [plain, ""],
  ] as const) {
    expect(refusal(restamp(file, { revision, signatures }))).toMatch(/does not hold/);
  }
});

test("one key's signature does not pass for another's", () => {
  const [signature] = openContainer(signed).signatures;
  const forged = { keyId: two.trusted.id, bytes: signature!.bytes };
  const file = restamp(plain, { revision: "v1.2.3", signatures: [forged] });
  expect(refusal(file, [two.trusted])).toMatch(/does not hold/);
});

test("a second signature, good or bad, is neither a help nor a hindrance to the first", () => {
  const { signatures } = openContainer(signed);
  const bad = { keyId: one.trusted.id, bytes: new Uint8Array(64) };
  const stamp = (list: typeof signatures) =>
    restamp(plain, { revision: "v1.2.3", signatures: list });
  expect(refusal(stamp([bad, ...signatures]))).toBe("");
  expect(refusal(stamp([bad, bad]))).toMatch(/does not hold/);
});

test("no byte of a signed file can be changed, whatever is done to its digests", () => {
  const file = sign(encode(modelOf([route("GET *.a /x/:y")]), "v1"), [one.key]);
  expect(refusal(file)).toBe("");
  // The digests themselves are written anew: a change of theirs is undone.
  const skipped = (at: number): boolean => (at >= 32 && at < 64) || at >= file.length - 32;
  for (let at = 0; at < file.length; at++) {
    if (skipped(at)) continue;
    for (const flip of [0x01, 0x80, 0xff]) {
      const copy = Uint8Array.from(file);
      copy[at]! ^= flip;
      // An end of the content beyond the file leaves nothing that could be sealed.
      if (at < 16 || at >= 20) reseal(copy);
      expect(refusal(copy), `byte ${at} ^ ${flip}`).not.toBe("");
    }
  }
});

test("no number of a signed artifact can be changed, though its digests are in order", () => {
  for (const { offset } of placesOf(signed).filter((_, index) => index % 7 === 0)) {
    const value = new DataView(signed.buffer, signed.byteOffset).getUint32(offset, true);
    const file = tamper(signed, [{ offset, value: value ^ 1 }]);
    expect(refusal(file), `offset ${offset}`).toMatch(/^its signature by .* does not hold/);
  }
});

test("the signature is looked at before the sections are", () => {
  const nonsense = seal([{ bytes: Buffer.from("no artifact"), rowBytes: 1 }]);
  expect(refusal(nonsense)).toMatch(/is not signed/);
  expect(refusal(sign(nonsense, [one.key]))).toMatch(/sections, \d+ are due/);
});

test.each([
  ["a signature that is too short", 71, "has a signature of 71 bytes"],
  ["a signature that is too long", 73, "has a signature of 73 bytes"],
  ["an empty signature", 0, "has a signature of 0 bytes"],
])("a trailer with %s is refused", (_, length, message) => {
  const file = Buffer.from(sign(seal([]), [one.key]));
  // The entry is followed by nothing, and padded to the same multiple of 8 or cut.
  const at = file.readUInt32LE(16) + 16;
  const rest = Math.ceil(length / 8) * 8;
  const entry = Buffer.concat([file.subarray(at, at + 8), Buffer.alloc(rest, 0)]);
  entry.writeUInt32LE(length, 4);
  const cut = Buffer.concat([file.subarray(0, at), entry, Buffer.alloc(32)]);
  cut.writeUInt32LE(16 + 8 + rest, at - 16 + 4);
  expect(() => openContainer(Uint8Array.from(reseal(cut)))).toThrow(message);
});

test("more than 16 signatures are neither written nor read", () => {
  const keys = Array.from({ length: 17 }, (_, number) => pairOf(number).key);
  expect(sign(plain, keys.slice(1)).length).toBeGreaterThan(plain.length);
  expect(() => sign(plain, keys)).toThrow(RangeError);
});

test("an inspection says who signed, and whether it holds", () => {
  const both = sign(plain, [one.key, two.key]);
  const ids = [one.trusted.id, two.trusted.id].toSorted();
  expect(inspect(plain).json.signatures).toEqual([]);
  expect(inspect(plain).lines).toContain("signed    no");
  expect(inspect(both).json.signatures).toEqual(ids.map((key_id) => ({ key_id, holds: null })));
  expect(inspect(both, trusted).lines).toContain(`signed    by ${one.trusted.id}, holds`);
  expect(inspect(both, trusted).lines).toContain(`signed    by ${two.trusted.id}, not checked`);
  const other = restamp(both, { ...openContainer(both), revision: "other" });
  expect(inspect(other, trusted).lines).toContain(`signed    by ${one.trusted.id}, does NOT hold`);
});

const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
const rsaKey = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const rsaPublic = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const locked = one.key
  .export({ type: "pkcs8", format: "pem", cipher: "aes-128-cbc", passphrase: "x" })
  .toString();

test.each([
  ["a public key", () => readSigningKey(one.publicPem), "is a public key"],
  ["an encrypted key", () => readSigningKey(locked), "is encrypted"],
  ["an RSA key", () => readSigningKey(rsaKey), "is of the kind rsa, not ed25519"],
  ["nothing", () => readSigningKey(""), "holds no private key in PEM"],
  ["half a key", () => readSigningKey(one.keyPem.slice(0, 60)), "holds no private key in PEM"],
])("%s is not signed with", (_, read, message) => {
  expect(read).toThrow(KeyError);
  expect(read).toThrow(message);
});

test.each([
  ["a private key", () => readTrustedKey(one.keyPem), "is a private key"],
  ["an encrypted private key", () => readTrustedKey(locked), "is a private key"],
  ["an RSA key", () => readTrustedKey(rsaPublic), "is of the kind rsa, not ed25519"],
  ["two keys in one text", () => readTrustedKey(one.publicPem + two.publicPem), "more than one"],
  ["nothing", () => readTrustedKey(""), "holds no public key in PEM"],
])("%s is not trusted", (_, read, message) => {
  expect(read).toThrow(KeyError);
  expect(read).toThrow(message);
});

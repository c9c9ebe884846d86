// Bytes that were changed on the way: each is refused, with an ArtifactError and nothing else.

import { expect, test } from "vitest";

import { ArtifactError } from "../../artifact/container.ts";
import { encode } from "../../artifact/encode.ts";
import { openArtifact } from "../../artifact/view.ts";
import { modelOf, route, sampleModel } from "../fixtures/artifact-model.ts";

const sample = encode(sampleModel, "v1.2.3");
const smallModel = modelOf([route("GET *.a /x/:y")]);

/** What opening a file throws; undefined where it opens. */
function refusal(file: Uint8Array): unknown {
  try {
    openArtifact(file);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Anything but an ArtifactError of one line fails. */
function expectRefused(file: Uint8Array, what: string): void {
  const error = refusal(file);
  if (!(error instanceof ArtifactError)) throw new Error(`${what}: ${String(error)}`);
  if (!/^[^\n]{10,120}$/.test(error.message)) throw new Error(`${what}: ${error.message}`);
}

test("the sample is sound", () => {
  expect(refusal(sample)).toBeUndefined();
  expect(sample.byteLength).toBeGreaterThan(2_000);
});

test("every byte, changed to any of its 255 other values, is noticed", () => {
  const file = encode(smallModel, "v1");
  for (let offset = 0; offset < file.length; offset++) {
    const byte = file[offset]!;
    for (let more = 1; more < 256; more++) {
      file[offset] = byte + more;
      expectRefused(file, `byte ${offset} = ${file[offset]}`);
    }
    file[offset] = byte;
  }
  expect(refusal(file)).toBeUndefined();
}, 60_000);

test("every bit of a larger file, turned over, is noticed", () => {
  const file = new Uint8Array(sample);
  for (let offset = 0; offset < file.length; offset++) {
    for (let bit = 0; bit < 8; bit++) {
      file[offset]! ^= 1 << bit;
      expectRefused(file, `bit ${bit} of byte ${offset}`);
      file[offset]! ^= 1 << bit;
    }
  }
}, 60_000);

test("every truncation is noticed", () => {
  for (let length = 0; length < sample.length; length++) {
    expectRefused(sample.subarray(0, length), `${length} bytes`);
  }
});

test("every truncation that was filled up with zeros, as a torn write leaves it, is noticed", () => {
  const torn = new Uint8Array(sample);
  for (let length = sample.length - 1; length >= 0; length--) {
    if (torn[length] === 0) continue;
    torn[length] = 0;
    expectRefused(torn, `${length} bytes, then zeros`);
  }
});

test("every number of bytes behind it is noticed", () => {
  for (let more = 1; more <= 300; more++) {
    for (const fill of [0x00, 0xff]) {
      const longer = new Uint8Array(sample.length + more).fill(fill);
      longer.set(sample);
      expectRefused(longer, `${more} more bytes of ${fill}`);
    }
  }
  expectRefused(Buffer.concat([sample, sample]), "twice");
});

test("any two neighbouring blocks that change places are noticed", () => {
  for (const size of [1, 4, 8, 32, 64, 512]) {
    for (let at = 0; at + 2 * size <= sample.length; at += size) {
      const file = new Uint8Array(sample);
      file.set(sample.subarray(at + size, at + 2 * size), at);
      file.set(sample.subarray(at, at + size), at + size);
      if (Buffer.compare(file, sample) === 0) continue;
      expectRefused(file, `${size} bytes at ${at} with the next`);
    }
  }
});

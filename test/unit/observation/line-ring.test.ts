import { expect, test } from "vitest";

import { createRing, LineReader, LineWriter } from "../../../dataplane/access-log/line-ring.ts";

const RING_BYTES = 512 * 1024;

function ends() {
  const memory = createRing();
  const calls = { count: 0 };
  const writer = new LineWriter(memory, () => calls.count++);
  return { writer, reader: new LineReader(memory), calls };
}

/** What waits, which has been written then. */
function taken(reader: LineReader): string | undefined {
  const text = reader.take()?.toString();
  reader.release();
  return text;
}

test("lines come out whole, in order, and once", () => {
  const { writer, reader } = ends();
  expect(taken(reader)).toBeUndefined();
  writer.write(Buffer.from("one\n"));
  writer.write(Buffer.from("and two\n").subarray(4));
  expect(taken(reader)).toBe("one\ntwo\n");
  expect(taken(reader)).toBeUndefined();
});

test("lines go over the end of the ring, again and again", () => {
  const { writer, reader } = ends();
  const said: string[] = [];
  let heard = "";
  for (let n = 0; n < 40_000; n++) {
    const line = `${n} ${"x".repeat(n % 97)}\n`;
    said.push(line);
    expect(writer.write(Buffer.from(`${line}more`), line.length)).toBe(true);
    if (n % 1_000 === 999) heard += taken(reader);
  }
  expect(heard).toBe(said.join(""));
  expect(heard.length).toBeGreaterThan(3 * RING_BYTES);
  expect(reader.dropped).toBe(0);
});

test("what finds no room is dropped whole, and counted; what comes later finds room", () => {
  const { writer, reader } = ends();
  const text = `${"x".repeat(999)}\n`;
  const line = Buffer.from(text);
  const fits = Math.floor(RING_BYTES / 1_000);
  for (let n = 0; n < fits; n++) expect(writer.write(line)).toBe(true);
  expect(writer.write(line)).toBe(false);
  expect(writer.write(line)).toBe(false);
  expect(reader.dropped).toBe(2);
  expect(taken(reader)).toBe(text.repeat(fits));
  expect(writer.write(line)).toBe(true);
  expect(taken(reader)).toBe(text);
});

test("lines that are being written keep their place until they have been", () => {
  const { writer, reader } = ends();
  const line = Buffer.from(`${"x".repeat(99_999)}\n`);
  for (let n = 0; n < 5; n++) expect(writer.write(line)).toBe(true);
  const lines = reader.take()!;
  const text = lines.toString();
  expect(writer.write(Buffer.from("later\n"))).toBe(true);
  expect(writer.write(line)).toBe(false);
  expect(lines.toString()).toBe(text);
  reader.release();
  expect(writer.write(line)).toBe(true);
  expect(taken(reader)).toBe(`later\n${line.toString()}`);
});

test("the reader is called once when much waits, and again when it has come", () => {
  const { writer, reader, calls } = ends();
  const line = Buffer.from(`${"x".repeat(9_999)}\n`);
  for (let n = 0; n < 40; n++) writer.write(line);
  expect(calls.count).toBe(1);
  taken(reader);
  writer.write(line);
  expect(calls.count).toBe(1);
  for (let n = 0; n < 40; n++) writer.write(line);
  expect(calls.count).toBe(2);
});

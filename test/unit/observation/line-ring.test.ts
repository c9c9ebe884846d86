import { expect, test } from "vitest";

import { createRing, LineReader, LineWriter } from "../../../dataplane/access-log/line-ring.ts";

const RING_BYTES = 512 * 1024;

function ends() {
  const memory = createRing();
  const calls = { count: 0 };
  const writer = new LineWriter(memory, () => calls.count++);
  return { writer, reader: new LineReader(memory), calls };
}

test("lines come out whole, in order, and once", () => {
  const { writer, reader } = ends();
  expect(reader.take()).toBeUndefined();
  writer.write("one\n");
  writer.write("two\n");
  expect(reader.take()!.toString()).toBe("one\ntwo\n");
  expect(reader.take()).toBeUndefined();
});

test("lines go over the end of the ring, again and again", () => {
  const { writer, reader } = ends();
  const said: string[] = [];
  let heard = "";
  for (let n = 0; n < 40_000; n++) {
    const line = `${n} ${"x".repeat(n % 97)}\n`;
    said.push(line);
    expect(writer.write(line)).toBe(true);
    if (n % 1_000 === 999) heard += reader.take()!.toString();
  }
  expect(heard).toBe(said.join(""));
  expect(heard.length).toBeGreaterThan(3 * RING_BYTES);
  expect(reader.dropped).toBe(0);
});

test("what finds no room is dropped whole, and counted; what comes later finds room", () => {
  const { writer, reader } = ends();
  const line = `${"x".repeat(999)}\n`;
  const fits = Math.floor(RING_BYTES / 1_000);
  for (let n = 0; n < fits; n++) expect(writer.write(line)).toBe(true);
  expect(writer.write(line)).toBe(false);
  expect(writer.write(line)).toBe(false);
  expect(reader.dropped).toBe(2);
  expect(reader.take()!.toString()).toBe(line.repeat(fits));
  expect(writer.write(line)).toBe(true);
  expect(reader.take()!.toString()).toBe(line);
});

test("the reader is called once when much waits, and again when it has come", () => {
  const { writer, reader, calls } = ends();
  const line = `${"x".repeat(9_999)}\n`;
  for (let n = 0; n < 40; n++) writer.write(line);
  expect(calls.count).toBe(1);
  reader.take();
  writer.write(line);
  expect(calls.count).toBe(1);
  for (let n = 0; n < 40; n++) writer.write(line);
  expect(calls.count).toBe(2);
});

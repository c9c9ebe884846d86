import { expect, it } from "vitest";

import { ReadBuffers } from "../../../dataplane/http/wire.ts";

it("a buffer that a write uses is given to another wire when the write is over, and no earlier", () => {
  const buffers = new ReadBuffers();
  const lent = buffers.take();
  buffers.giveWhenWritten(lent);
  expect(buffers.take()).not.toBe(lent);
  buffers.written(lent.subarray(100, 200));
  expect(buffers.take()).toBe(lent);
});

it("a buffer is given back once, and others than its own not at all", () => {
  const buffers = new ReadBuffers();
  const lent = buffers.take();
  buffers.giveWhenWritten(lent);
  buffers.written(lent);
  buffers.written(lent);
  buffers.written(Buffer.alloc(10));
  expect([buffers.take() === lent, buffers.take() === lent]).toEqual([true, false]);
});

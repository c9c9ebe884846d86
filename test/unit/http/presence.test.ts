// Presence: bytes of an answer that are sent ahead, and the answer without them.

import { expect, test } from "vitest";

import { Output } from "../../../dataplane/http/output.ts";
import { Presence } from "../../../dataplane/http/presence.ts";
import type { Wire } from "../../../dataplane/http/wire.ts";

function memoryWire() {
  const wire = {
    written: "",
    write(bytes: Buffer): boolean {
      wire.written += bytes.toString("latin1");
      return true;
    },
  };
  return wire;
}

const HEAD = "HTTP/1.1 200 OK\r\n\r\n";

test.each([0, 1, 5, 8, 20])("behind %i probes the client has got one head, and whole", (probes) => {
  const wire = memoryWire();
  const presence = new Presence();
  for (let n = 0; n < probes; n++) {
    expect(presence.probe(wire as unknown as Wire)).toBe(n < 8);
  }
  const output = new Output();
  output.text(HEAD);
  presence.shorten(output);
  output.flush(wire as unknown as Wire);
  expect(wire.written).toBe(HEAD);
});

test("behind a head that has been sent the next one is whole", () => {
  const wire = memoryWire();
  const presence = new Presence();
  const output = new Output();
  for (const head of ["HTTP/1.1 103 Early Hints\r\n\r\n", HEAD]) {
    wire.written = "";
    presence.probe(wire as unknown as Wire);
    presence.probe(wire as unknown as Wire);
    output.text(head);
    presence.shorten(output);
    output.flush(wire as unknown as Wire);
    presence.headSent();
    expect(wire.written).toBe(head);
  }
});

test("the first two probes come one behind the other, the others ever later", () => {
  const wire = memoryWire();
  const presence = new Presence();
  const pauses: number[] = [];
  while (presence.probe(wire as unknown as Wire)) pauses.push(presence.nextMs);
  expect(pauses).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]);
});

test("a client that is not read from is probed at every doubling of the looks, from the fourth on", () => {
  const presence = new Presence();
  const looks = (count: number): number[] =>
    Array.from({ length: count }, (_, n) => n + 1).filter(() => presence.look());
  expect(looks(40)).toEqual([4, 8, 16, 32]);
  presence.isRead();
  expect(looks(5)).toEqual([4]);
});

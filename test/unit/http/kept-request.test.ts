/** Kept request: what is sent again is what was sent, with another backend's name in it. */
import { expect, test } from "vitest";

import { KeptRequests } from "../../../dataplane/http/kept-request.ts";
import { LAST_CHUNK, Output } from "../../../dataplane/http/output.ts";
import type { Wire } from "../../../dataplane/http/wire.ts";

const target = (authority: string, prefix = "") => ({
  authority: Buffer.from(authority),
  pathPrefix: Buffer.from(prefix),
});

function keep({ host = "a:1", prefix = "", preserved = false, isChunked = false } = {}) {
  const kept = new KeptRequests().take();
  const output = new Output();
  const to = target(host, prefix);
  output.text("GET ");
  const prefixAt = output.length;
  output.text(`${prefix}/path HTTP/1.1\r\nHost: `);
  const hostAt = preserved ? -1 : output.length;
  output.text(preserved ? "client.test" : host);
  output.text("\r\nX: y\r\n\r\n");
  kept.keep(output, { target: to, prefixAt, hostAt }, isChunked);
  return kept;
}

function sent(
  kept: ReturnType<typeof keep>,
  to: ReturnType<typeof target>,
  isWhole = true,
): string {
  const pieces: Buffer[] = [];
  const wire = {
    write: (bytes: Buffer) => {
      pieces.push(Buffer.from(bytes));
      return true;
    },
  } as unknown as Wire;
  kept.send(new Output(), to, wire, isWhole ? LAST_CHUNK : undefined);
  return Buffer.concat(pieces).toString("latin1");
}

test("a head goes to another backend with that one's host and path", () => {
  const head = (path: string, host: string) =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX: y\r\n\r\n`;
  const kept = keep({ host: "a:1", prefix: "/v1" });
  expect(sent(kept, target("a:1", "/v1"))).toBe(head("/v1/path", "a:1"));
  expect(sent(kept, target("longer.test:8080", "/other/prefix"))).toBe(
    head("/other/prefix/path", "longer.test:8080"),
  );
  expect(sent(kept, target("b"))).toBe(head("/path", "b"));
  expect(sent(keep({ preserved: true, prefix: "/v1" }), target("b", "/v2"))).toBe(
    head("/v2/path", "client.test"),
  );
  expect(sent(keep({ host: "" }), target("b", "/v2"))).toBe(head("/v2/path", "b"));
});

test.each([0, 1, 5_000, 40_000, 300_000])(
  "a body of %i bytes comes again, in both framings",
  (size) => {
    const body = Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
    for (const isChunked of [false, true]) {
      const kept = keep({ isChunked });
      // Kept from a buffer that others write to meanwhile.
      const shared = Buffer.alloc(7_000);
      for (let at = 0; at < size; at += shared.length) {
        const length = body.copy(shared, 0, at);
        kept.keepBody(shared, 0, length, size);
        shared.fill(0);
      }
      expect(kept.bodyBytes).toBe(size);
      const content = body.toString("latin1");
      const chunk = size === 0 ? "" : `${size.toString(16)}\r\n${content}\r\n`;
      const text = sent(kept, target("a:1"));
      const expected = isChunked ? `${chunk}0\r\n\r\n` : content;
      expect(text.slice(text.indexOf("\r\n\r\n") + 4) === expected).toBe(true);
      const part = sent(kept, target("a:1"), false);
      expect(part.slice(part.indexOf("\r\n\r\n") + 4) === (isChunked ? chunk : content)).toBe(true);
    }
  },
);

test("what is used again holds nothing of the request before", () => {
  const spare = new KeptRequests();
  const first = spare.take();
  const output = new Output();
  output.text("GET / HTTP/1.1\r\nHost: a\r\nSecret: s\r\n\r\n");
  first.keep(output, { target: target("a"), prefixAt: 4, hostAt: 22 }, true);
  first.keepBody(Buffer.from("body"), 0, 4, 4);
  spare.give(first);
  const again = spare.take();
  expect(again).toBe(first);
  output.clear();
  output.text("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  again.keep(output, { target: target("a"), prefixAt: 4, hostAt: 22 }, false);
  expect(sent(again, target("a"))).toBe("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
});

// http-behaviour.md, "Path": every row of the table, on the wire, cut at every byte.

import { test } from "vitest";

import { expectRows, type WireRow } from "../harness/wire-rows.ts";

/** A path, and the path that its backend sees, or the status of the refusal. */
function row(path: string, leadsTo: string): WireRow {
  const bytes = `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
  return [path, bytes, leadsTo.startsWith("/") ? `GET ${leadsTo}` : leadsTo];
}

test("what is matched is what is sent", async () => {
  await expectRows(
    [
      row("/a/./b", "/b"),
      row("/a/x/../b", "/b"),
      row("/b/../a/b", "/b"),
      row("/a/%2e/b", "/b"),
      row("/a/%2E%2e/a/b", "/b"),
      row("/a/x/.%2e/b", "/b"),
      row("/a/x/%2e./b", "/b"),
      row("/a/..", "404"),
      row("/a/../b", "404"),
      row("/..", "400"),
      row("/../a/b", "400"),
      row("/%2e%2E/a", "400"),
      row("/a/../../a", "400"),
      row("/a/...", "/..."),
      row("/%61/b", "/b"),
      row("/a/%7e%2D%5F%41", "/~-_A"),
      row("/a/%2Fb", "/%2Fb"),
      row("/a%2fb", "404"),
      row("/a/..%2f", "/..%2f"),
      row("/a/..%2F..%2Fb", "/..%2F..%2Fb"),
      row("/a/..;/b", "/..;/b"),
      row("/a/%252e%252e/b", "/%252e%252e/b"),
      row("/a/%c0%ae/b", "/%c0%ae/b"),
      row("/a/%00", "400"),
      row("/a/%0d", "400"),
      row("/a/%0A", "400"),
      row("/a/%5C", "400"),
      row("/a/%5c..", "400"),
      row("/a/%zz", "400"),
      row("/a/%4", "400"),
      row("/a/%", "400"),
      row("/a/%%41", "400"),
      row("//a//b", "//b"),
      row("/a//", "//"),
      row("/a//../b", "/b"),
      row("/a/b;c=d", "/b;c=d"),
      row("/a;x/b", "404"),
      row("/a/b?", "/b?"),
      row("/a?", "/?"),
      row("/a/b?c?d=/../%2e%zz", "/b?c?d=/../%2e%zz"),
    ],
    { pattern: "/a/*" },
  );
});

test("a parameter is UTF-8 once it is decoded, and a field value that cannot end its line", async () => {
  await expectRows(
    [
      ["a plain one", "GET /u/7 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /u/7; X-Param-id: 7"],
      [
        "decoded",
        "GET /u/a%20b%2F HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /u/a%20b%2F; X-Param-id: a b/",
      ],
      [
        "two bytes",
        "GET /u/%C3%A9 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /u/%C3%A9; X-Param-id: \xc3\xa9",
      ],
      ["a control", "GET /u/%1b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /u/%1b; X-Param-id: %1b"],
      ["a line's end", "GET /u/a%0d%0aX:1 HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
      [
        "a spoofed one",
        "GET /u/7 HTTP/1.1\r\nHost: a\r\nx-param-id: 8\r\n\r\n",
        "GET /u/7; X-Param-id: 7",
      ],
      row("/u/%ff", "400"),
      row("/u/%c0%ae", "400"),
      row("/u/%ed%a0%80", "400"),
      row("/u/%f4%90%80%80", "400"),
      row("/u/%C3", "400"),
    ],
    { pattern: "/u/:id" },
  );
});

test("an encoded backslash is passed on as it stands where it is allowed", async () => {
  await expectRows(
    [
      row("/a/%5C", "/%5C"),
      row("/a/%5c..%5cb", "/%5c..%5cb"),
      row("/a/..%5c", "/..%5c"),
      row("/a%5cb", "404"),
      row("/a/\\b", "400 close"),
      row("/a/..;/b", "/..;/b"),
      row("/a/%252e%252e/b", "/%252e%252e/b"),
    ],
    { pattern: "/a/*" },
    { encodedBackslash: "allow" },
  );
});

test("strict paths leave a backend nothing to resolve once more", async () => {
  await expectRows(
    [
      row("/a/..;/b", "400"),
      row("/a/.;x", "400"),
      row("/a/%2e%2E;x=y/b", "400"),
      row("/a/..%3b/b", "400"),
      row("/a/%252e%252e/b", "400"),
      row("/a/%25%32%65", "400"),
      row("/a/%2541", "400"),
      row("/a/%5C", "400"),
      row("/a/x/../b", "/b"),
      row("/a/b;c=d", "/b;c=d"),
      row("/a/...;x", "/...;x"),
      row("/a/100%25", "/100%25"),
      row("/a/b?c=..;/%252e", "/b?c=..;/%252e"),
    ],
    { pattern: "/a/*" },
    { strictPaths: true },
  );
});

test("both at once", async () => {
  await expectRows(
    [
      row("/a/%5C", "/%5C"),
      row("/a/..%5c", "/..%5c"),
      row("/a/..;%5c", "400"),
      row("/a/%255c", "400"),
    ],
    { pattern: "/a/*" },
    { encodedBackslash: "allow", strictPaths: true },
  );
});

import { expect, test } from "vitest";

import { normalizePath, PATH_BAD, PATH_UNCHANGED, pathRules } from "../../artifact/path.ts";

/** The normal form of a path; "bad" where it is refused. Asked for in the middle of other bytes. */
function normalized(path: string, rules = 0): string {
  const bytes = Buffer.from(`x${path}/..%`, "latin1");
  const end = bytes.length - 4;
  const out = Buffer.alloc(path.length, 0xff);
  const length = normalizePath(bytes, 1, end, out, rules);
  if (length === PATH_BAD) return "bad";
  return length === PATH_UNCHANGED ? path : out.toString("latin1", 0, length);
}

test.each([
  ["/", "/"],
  ["/a", "/a"],
  ["/a/b/", "/a/b/"],
  // Dot segments, encoded or not, in any mixture.
  ["/a/./b", "/a/b"],
  ["/a/../b", "/b"],
  ["/./a", "/a"],
  ["/a/.", "/a/"],
  ["/a/..", "/"],
  ["/a/b/..", "/a/"],
  ["/a/b/../", "/a/"],
  ["/a/b/../..", "/"],
  ["/a/b/c/../../d", "/a/d"],
  ["/.", "/"],
  ["/./", "/"],
  ["/%2e", "/"],
  ["/a/%2e%2e/b", "/b"],
  ["/a/%2E%2e/b", "/b"],
  ["/a/.%2e/b", "/b"],
  ["/a/%2E./b", "/b"],
  ["/a/%2e/b", "/a/b"],
  ["/a/b/%2e%2E/%2e/../c", "/c"],
  // Only whole segments are dot segments.
  ["/.well-known/x", "/.well-known/x"],
  ["/a/...", "/a/..."],
  ["/a/..b/.c", "/a/..b/.c"],
  ["/a/b../c", "/a/b../c"],
  // Above the root.
  ["/..", "bad"],
  ["/../a", "bad"],
  ["/a/../..", "bad"],
  ["/a/../../b", "bad"],
  ["/%2e%2e/a", "bad"],
  ["/./..", "bad"],
  // Unreserved characters are decoded, everything else stays as it stands.
  ["/%61dmin", "/admin"],
  ["/%41%5A%30%39%2D%5F%7E%2e", "/AZ09-_~."],
  ["/a%2Fb", "/a%2Fb"],
  ["/a%2fb", "/a%2fb"],
  ["/a%2F..%2Fb", "/a%2F..%2Fb"],
  ["/a%2F%2e%2e", "/a%2F.."],
  ["/caf%C3%A9", "/caf%C3%A9"],
  ["/%20%22%3a%25", "/%20%22%3a%25"],
  ["/%FF%c0%af", "/%FF%c0%af"],
  // A backslash.
  ["/a\\b", "bad"],
  ["/a%5Cb", "bad"],
  ["/a%5cb", "bad"],
  // Literal: not decoded twice, not a dot segment.
  ["/a/..;/b", "/a/..;/b"],
  ["/a/..;x=1/b", "/a/..;x=1/b"],
  ["/a/%252e%252e/b", "/a/%252e%252e/b"],
  ["/a/%2e%2e;/b", "/a/..;/b"],
  // What no backend should have to read.
  ["/a%00", "bad"],
  ["/a%0a", "bad"],
  ["/a%0D", "bad"],
  ["/a%zz", "bad"],
  ["/a%4", "bad"],
  ["/a%", "bad"],
  ["/a%4/b", "bad"],
  ["/a%%41", "bad"],
  ["/a%g1", "bad"],
  ["/a%1g", "bad"],
  ["/a%+1", "bad"],
  // Empty segments stay; a dot segment takes one away as it takes any other.
  ["//", "//"],
  ["/a//b", "/a//b"],
  ["//a///b//", "//a///b//"],
  ["/a//./b", "/a//b"],
  ["/a//../b", "/a/b"],
  ["//..", "/"],
  ["/%2e//a", "//a"],
  // Parameters of segments are part of them.
  ["/a;v=1/b", "/a;v=1/b"],
])("%s becomes %s", (path, expected) => {
  expect(normalized(path)).toBe(expected);
});

test("the normal form is its own normal form, and never longer", () => {
  const pieces = ["/", "a", ".", "%2e", "%2F", "%61", "%", "\\", "%25", "2e"];
  for (let number = 0; number < pieces.length ** 5; number++) {
    let path = "/";
    for (let rest = number; rest > 0; rest = Math.floor(rest / pieces.length)) {
      path += pieces[rest % pieces.length]!;
    }
    const once = normalized(path);
    if (once === "bad") continue;
    if (once.length > path.length) throw new Error(`${path} grew to ${once}`);
    if (normalized(once) !== once) throw new Error(`${path} became ${once}, then another`);
    if (/\/\.\.?(\/|$)/.test(once)) throw new Error(`${path} became ${once} with a dot segment`);
  }
}, 60_000);

test("a path in normal form is not copied", () => {
  const path = Buffer.from("/api/v1/users/4711;v=2/");
  expect(normalizePath(path, 0, path.length, Buffer.alloc(0), 0)).toBe(PATH_UNCHANGED);
});

test.each([
  ["/a/%5C", "/a/%5C"],
  ["/a/%5c..%5Cb", "/a/%5c..%5Cb"],
  ["/a/..%5c", "/a/..%5c"],
  ["/a/%5c/../b", "/a/b"],
  ["/a\\b", "bad"],
  ["/a/%00", "bad"],
])("where %%5C is allowed %s is %s", (path, leadsTo) => {
  expect(normalized(path, pathRules({ encodedBackslash: "allow", strictPaths: false }))).toBe(
    leadsTo,
  );
});

const strict = pathRules({ encodedBackslash: "reject", strictPaths: true });

test.each([
  "/..;",
  "/a/..;/b",
  "/a/..;x=y/b",
  "/a/.;/b",
  "/a/%2e.;/b",
  "/a/.%2E;",
  "/a/..%3b/b",
  "/a/.%3Bx",
  "/a/%252e",
  "/a/%252E%252e/b",
  "/a%2541",
  "/a/%2500",
  "/a/%25%32%65",
  "/%25%32e",
  "/a/%25252e",
  "/a/%5c",
])("strict paths are not like %s", (path) => {
  expect(normalized(path, strict)).toBe("bad");
});

test.each([
  ["/a/b;c=d", "/a/b;c=d"],
  ["/a/...;x", "/a/...;x"],
  ["/a/.b;c", "/a/.b;c"],
  ["/a/;..", "/a/;.."],
  ["/;/a", "/;/a"],
  ["/.", "/"],
  ["/a/../b", "/b"],
  ["/100%25", "/100%25"],
  ["/100%25/of", "/100%25/of"],
  ["/100%25%20of", "/100%25%20of"],
  ["/%25a", "/%25a"],
  ["/%25ag", "/%25ag"],
  ["/%20%3b", "/%20%3b"],
])("strict paths may be like %s", (path, leadsTo) => {
  expect(normalized(path, strict)).toBe(leadsTo);
});

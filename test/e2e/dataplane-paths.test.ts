// Paths: which route a request takes and what its backend sees. compat-balto.md, "Path patterns" and
// "Prefix stripping"; http-behaviour.md, "Path".

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";

/** Sends targets one by one; gives what the backend saw, or the status where it saw nothing. */
async function seen(artifact: (url: string) => Uint8Array, targets: readonly string[]) {
  const origin = await startOrigin((response, { target }) => void response.end(target));
  const balto = await start(artifact(origin.url));
  const results: (string | number)[] = [];
  let client = await Client.to(balto.port);
  for (const target of targets) {
    const answer = await client.ask(`GET ${target}`);
    results.push(answer.status === 200 ? answer.text : answer.status);
    if (answer.field("connection") === "close") client = await Client.to(balto.port);
  }
  expect(origin.requests.length).toBe(results.filter((one) => typeof one === "string").length);
  return results;
}

async function expectSeen(
  artifact: (url: string) => Uint8Array,
  rows: readonly (readonly [target: string, seen: string | number])[],
): Promise<void> {
  const results = await seen(
    artifact,
    rows.map(([target]) => target),
  );
  expect(rows.map(([target], index) => [target, results[index]])).toEqual(rows);
}

const oneRoute =
  (pattern: string, options: { stripPrefix?: boolean; base?: string } = {}) =>
  (url: string): Uint8Array =>
    serving({
      pattern,
      to: url + (options.base ?? ""),
      stripPrefix: options.stripPrefix ?? true,
    });

test("a prefix with a wildcard is stripped", async () => {
  await expectSeen(oneRoute("/api/v1/*"), [
    ["/api/v1/users/1", "/users/1"],
    ["/api/v1", "/"],
    ["/api/v1/", "/"],
    ["/api/v1?a=b", "/?a=b"],
    ["/api/v1/?a=b", "/?a=b"],
    ["/api/v1/users/", "/users/"],
    ["/api//v1//users//1", "//users//1"],
    ["/api/v10", 404],
    ["/api", 404],
    ["/API/v1/users", 404],
  ]);
});

test("the wildcard alone strips nothing", async () => {
  await expectSeen(oneRoute("/*"), [
    ["/", "/"],
    ["/a/b/", "/a/b/"],
    ["//a", "//a"],
    ["/?", "/?"],
  ]);
});

test("an exact pattern is stripped to the root, and a slash behind it changes nothing", async () => {
  await expectSeen(oneRoute("/api"), [
    ["/api", "/"],
    ["/api/", "/"],
    ["/api?x", "/?x"],
    ["/api/v1", 404],
    ["/", 404],
  ]);
  await expectSeen(oneRoute("/"), [
    ["/", "/"],
    ["/?q", "/?q"],
    ["/a", 404],
  ]);
});

test("a pattern with a parameter is never stripped", async () => {
  await expectSeen(oneRoute("/users/:id"), [
    ["/users/7", "/users/7"],
    ["/users/7/", "/users/7/"],
    ["/users", 404],
    ["/users/7/x", 404],
  ]);
  await expectSeen(oneRoute("/users/:id/*"), [
    ["/users/7", "/users/7"],
    ["/users/7/x/y", "/users/7/x/y"],
  ]);
});

test("strip_prefix: false leaves the path as it is", async () => {
  await expectSeen(oneRoute("/api/v1/*", { stripPrefix: false }), [
    ["/api/v1/users/1", "/api/v1/users/1"],
    ["/api/v1", "/api/v1"],
  ]);
  await expectSeen(oneRoute("/api", { stripPrefix: false }), [["/api/", "/api/"]]);
});

test("the path of a backend's URL is put before the forwarded path", async () => {
  await expectSeen(oneRoute("/api/*", { base: "/base/v2/" }), [
    ["/api/users?q=1", "/base/v2/users?q=1"],
    ["/api", "/base/v2/"],
    ["/api/", "/base/v2/"],
  ]);
  await expectSeen(oneRoute("/api", { base: "/base" }), [["/api", "/base/"]]);
  await expectSeen(oneRoute("/api/:id", { base: "/base" }), [["/api/7", "/base/api/7"]]);
});

test("the query is untouched, whatever is in it", async () => {
  await expectSeen(oneRoute("/a/*"), [
    ["/a/b?x=1&y=%2F..%2f&z=a?b/../c", "/b?x=1&y=%2F..%2f&z=a?b/../c"],
    ["/a/b?", "/b?"],
    ["/a/b??", "/b??"],
    ["/a/b?%zz", "/b?%zz"],
    ["/a/b;v=1?x", "/b;v=1?x"],
  ]);
});

test("dot segments are resolved before matching, and the result is sent", async () => {
  await expectSeen(oneRoute("/a/*"), [
    ["/a/./b", "/b"],
    ["/a/x/../b", "/b"],
    ["/b/../a/c", "/c"],
    ["/a/%2e/b", "/b"],
    ["/a/x/%2E%2e/b", "/b"],
    ["/a/x/.%2e/b", "/b"],
    ["/a/b/..", "/"],
    ["/a/..", 404],
    ["/a/../a/b/.", "/b/"],
    ["/a/...", "/..."],
    ["/a/.b/c..", "/.b/c.."],
    ["/..", 400],
    ["/a/../..", 400],
    ["/%2e%2e/a/b", 400],
    ["/a/b/../../../a/b", 400],
  ]);
});

test("unreserved characters are decoded before matching and sent decoded; others stay as they are", async () => {
  await expectSeen(oneRoute("/admin/*"), [
    ["/%61dmin/x", "/x"],
    ["/admin/%7Euser", "/~user"],
    ["/admin/a%20b", "/a%20b"],
    ["/admin/%C3%A9", "/%C3%A9"],
    ["/admin/%252e", "/%252e"],
    ["/admin/..;/x", "/..;/x"],
    ["/admin%2Fx", 404],
    ["/admin%2fx", 404],
    ["/admin/a%2Fb", "/a%2Fb"],
    ["/admin/a%2f..%2fb", "/a%2f..%2fb"],
  ]);
});

test("what cannot be one path is refused", async () => {
  const bad = ["%zz", "%4", "%", "%00", "%0a", "%0D", "%5C", "%5c..", "a\\b", "a#b", 'a"'];
  const results = await seen(
    oneRoute("/*"),
    bad.map((path) => `/${path}`),
  );
  expect(bad.map((path, index) => [path, results[index]])).toEqual(
    bad.map((path) => [path, path === 'a"' ? '/a"' : 400]),
  );
});

test("per segment a literal wins over a parameter and a parameter over the wildcard", async () => {
  const patterns = ["/static", "/static/*", "/a/*", "/:x/b", "/a/b/c", "/a/:y/d", "/*"];
  const artifact = (url: string): Uint8Array =>
    serving(
      patterns.map((pattern, index) => ({
        pattern,
        to: `${url}/${index}`,
        stripPrefix: false,
      })),
    );
  await expectSeen(artifact, [
    ["/static", "/0/static"],
    ["/static/", "/0/static/"],
    ["/static/x", "/1/static/x"],
    ["/a/b", "/2/a/b"],
    ["/z/b", "/3/z/b"],
    ["/a/b/c", "/4/a/b/c"],
    ["/a/b/d", "/5/a/b/d"],
    ["/a/b/e", "/2/a/b/e"],
    ["/", "/6/"],
    ["/z/c", "/6/z/c"],
  ]);
});

test("hosts match exactly, then by the longest wildcard, then any", async () => {
  const origin = await startOrigin((response, { target }) => void response.end(target.slice(1)));
  const domains = ["api.example.com", "*.example.com", "*.deep.example.com", "*", "[::1]"];
  const balto = await start(
    serving(domains.map((domain, index) => ({ domains: [domain], to: `${origin.url}/${index}` }))),
  );
  const rows: [host: string, domain: number][] = [
    ["api.example.com", 0],
    ["API.EXAMPLE.COM", 0],
    ["api.example.com.", 0],
    ["api.example.com:5500", 0],
    ["api.example.com.:5500", 0],
    ["www.example.com", 1],
    ["a.b.example.com", 1],
    ["a.deep.example.com", 2],
    ["deep.example.com", 1],
    ["example.com", 3],
    ["xexample.com", 3],
    ["[::1]:5500", 4],
    ["[::1]", 4],
    ["127.0.0.1", 3],
  ];
  const client = await Client.to(balto.port);
  const results: [string, number][] = [];
  for (const [host] of rows) {
    const answer = await client.ask("GET /", [`Host: ${host}`]);
    results.push([host, Number.parseInt(answer.text, 10)]);
  }
  expect(results).toEqual(rows);
});

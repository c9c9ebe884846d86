import { expect, test } from "vitest";

import { methodNames } from "../../artifact/decode.ts";
import { encode } from "../../artifact/encode.ts";
import { NONE, strideOf } from "../../artifact/layout.ts";
import { Matcher, NO_METHOD, NO_ROUTE } from "../../artifact/match.ts";
import type { Predicate, Service } from "../../artifact/model.ts";
import { requestParts } from "../../artifact/request-parts.ts";
import { compareSpecificity } from "../../artifact/route-specificity.ts";
import { openArtifact, textOf } from "../../artifact/view.ts";
import { modelOf, route } from "../fixtures/artifact-model.ts";

/** A matcher for services as `route` reads them, asked in text. */
function matcherOf(lines: readonly string[]) {
  const view = openArtifact(encode(modelOf(lines.map(route))));
  const matcher = new Matcher(view);
  const bytes = (text: string) => Buffer.from(`<${text}>`);

  const host = (name: string): string | undefined => {
    const row = matcher.host(bytes(name), 1, name.length + 1);
    return row === NONE ? undefined : textOf(view, view.hosts[row * strideOf("hosts")]!);
  };
  /** What a request meets: the line of its route, or what there is instead. */
  const ask = (request: string) => {
    const [method, name, path] = request.split(" ") as [string, string, string];
    const row = matcher.host(bytes(name), 1, name.length + 1);
    const bit = matcher.methodBit(bytes(method), 1, method.length + 1);
    const found = matcher.match(row, bit, bytes(path), 1, path.length + 1);
    if (found === NO_ROUTE) return { line: "none" };
    if (found === NO_METHOD)
      return { line: "other methods", allowed: methodNames(view, matcher.allowedBits) };
    return {
      line: lines[found],
      rest: path.slice(matcher.rest - 1),
      parameters: Array.from({ length: matcher.parameters }, (_, i) =>
        path.slice(matcher.parameterStart[i]! - 1, matcher.parameterEnd[i]! - 1),
      ),
    };
  };
  return { host, ask, line: (request: string) => ask(request).line };
}

/** Asks for paths on one host with one method; answers are patterns. */
function onPaths(patterns: readonly string[]) {
  const { ask } = matcherOf(patterns.map((pattern) => `ANY * ${pattern}`));
  return {
    pattern: (path: string) => ask(`GET a ${path}`).line!.replace("ANY * ", ""),
    rest: (path: string) => ask(`GET a ${path}`).rest,
    parameters: (path: string) => ask(`GET a ${path}`).parameters,
  };
}

test("a literal beats a parameter, a parameter beats a wildcard, segment by segment", () => {
  const { pattern } = onPaths(["/a/*", "/:x/b", "/a/:y", "/a/b/c", "/*"]);
  expect(pattern("/a/b/c")).toBe("/a/b/c");
  expect(pattern("/a/b")).toBe("/a/:y");
  expect(pattern("/a/b/d")).toBe("/a/*");
  expect(pattern("/z/b")).toBe("/:x/b");
  expect(pattern("/z/c")).toBe("/*");
});

test("/a/* beats /:x/b for /a/b", () => {
  expect(onPaths(["/:x/b", "/a/*"]).pattern("/a/b")).toBe("/a/*");
});

test("an exact pattern beats the wildcard that matches it too", () => {
  const { pattern } = onPaths(["/static/*", "/static"]);
  expect(pattern("/static")).toBe("/static");
  expect(pattern("/static/")).toBe("/static");
  expect(pattern("/static/a")).toBe("/static/*");
});

test("a wildcard matches zero, one and more segments", () => {
  const { pattern } = onPaths(["/static/*"]);
  expect(["/static", "/static/", "/static/a/b"].map(pattern)).toEqual(Array(3).fill("/static/*"));
  expect(["/", "/statics", "/stati", "/a/static"].map(pattern)).toEqual(Array(4).fill("none"));
});

test("/ matches the root and nothing else, and no pattern matches what is below it", () => {
  const { pattern } = onPaths(["/", "/api"]);
  expect(pattern("/")).toBe("/");
  expect(pattern("///")).toBe("/");
  expect(pattern("/api")).toBe("/api");
  expect(pattern("/api/v1")).toBe("none");
  expect(pattern("/x")).toBe("none");
});

test("a walk that ends nowhere goes back and takes the next way", () => {
  const { pattern, parameters } = onPaths(["/a/b/c/d", "/a/:x/c/e", "/:y/b/:z/f", "/:y/*"]);
  expect(pattern("/a/b/c/d")).toBe("/a/b/c/d");
  expect(pattern("/a/b/c/e")).toBe("/a/:x/c/e");
  expect(parameters("/a/b/c/e")).toEqual(["b"]);
  expect(pattern("/a/b/c/f")).toBe("/:y/b/:z/f");
  expect(parameters("/a/b/c/f")).toEqual(["a", "c"]);
  expect(pattern("/a/b/c/g")).toBe("/:y/*");
  expect(parameters("/a/b/c/g")).toEqual(["a"]);
});

test("paths are case-sensitive", () => {
  const { pattern } = onPaths(["/Api/v1"]);
  expect(pattern("/Api/v1")).toBe("/Api/v1");
  expect(pattern("/api/v1")).toBe("none");
});

test("a trailing slash and empty segments change nothing", () => {
  const { pattern, parameters } = onPaths(["/a/b", "/users/:id"]);
  for (const path of ["/a/b", "/a/b/", "/a//b", "//a/b", "/a/b//", "///a///b///"]) {
    expect(pattern(path)).toBe("/a/b");
  }
  expect(parameters("/users/7")).toEqual(["7"]);
  expect(parameters("//users//7/")).toEqual(["7"]);
  expect(pattern("/users/")).toBe("none");
});

test("an encoded slash separates nothing, and an encoded literal is matched as it stands", () => {
  const { pattern, parameters } = onPaths(["/users/:id", "/caf%C3%A9"]);
  expect(parameters("/users/a%2Fb")).toEqual(["a%2Fb"]);
  expect(pattern("/users%2F7")).toBe("none");
  expect(pattern("/caf%C3%A9")).toBe("/caf%C3%A9");
});

test("the part below the matched prefix begins where its last segment ends", () => {
  const { rest } = onPaths(["/api/v1/*", "/*", "/exact", "/", "/u/:id/*"]);
  expect(rest("/api/v1/users/1")).toBe("/users/1");
  expect(rest("/api/v1")).toBe("");
  expect(rest("/api/v1/")).toBe("/");
  expect(rest("/api//v1//users//1/")).toBe("//users//1/");
  expect(rest("//api/v1//")).toBe("//");
  expect(rest("/exact")).toBe("");
  expect(rest("/exact/")).toBe("/");
  expect(rest("/other/a")).toBe("/other/a");
  expect(rest("//")).toBe("//");
  expect(rest("/")).toBe("/");
  expect(rest("/u/7/a")).toBe("/a");
});

test("the rest is that of the route found, not of a way that was given up", () => {
  const { pattern, rest } = onPaths(["/a/b/c", "/a/*"]);
  expect(pattern("/a/b/d")).toBe("/a/*");
  expect(rest("/a/b/d")).toBe("/b/d");
});

test("an exact host beats a wildcard, the longest wildcard beats a shorter one, both beat *", () => {
  const { line } = matcherOf([
    "ANY a.b.example.com /",
    "ANY *.b.example.com /",
    "ANY *.example.com /",
    "ANY *.com /",
    "ANY * /",
  ]);
  expect(line("GET a.b.example.com /")).toBe("ANY a.b.example.com /");
  expect(line("GET c.b.example.com /")).toBe("ANY *.b.example.com /");
  expect(line("GET d.c.b.example.com /")).toBe("ANY *.b.example.com /");
  expect(line("GET b.example.com /")).toBe("ANY *.example.com /");
  expect(line("GET example.com /")).toBe("ANY *.com /");
  expect(line("GET com /")).toBe("ANY * /");
  expect(line("GET .com /")).toBe("ANY * /");
  expect(line("GET [::1] /")).toBe("ANY * /");
  expect(line("GET  /")).toBe("ANY * /");
});

test("a wildcard does not match its own name, nor a label that only ends like it", () => {
  const { host } = matcherOf(["ANY *.example.com /"]);
  expect(host("a.example.com")).toBe("example.com");
  expect(host("example.com")).toBeUndefined();
  expect(host(".example.com")).toBeUndefined();
  expect(host("badexample.com")).toBeUndefined();
  expect(host("a.example.com.")).toBeUndefined();
});

test("the host is final: another host's routes are not asked", () => {
  const { line } = matcherOf(["ANY api.example.com /api", "ANY *.example.com /web", "ANY * /any"]);
  expect(line("GET api.example.com /web")).toBe("none");
  expect(line("GET www.example.com /any")).toBe("none");
  expect(line("GET other.example /any")).toBe("ANY * /any");
});

test("hosts are matched in any case, whole and as wildcards", () => {
  const { line } = matcherOf([
    "ANY api.example.com /",
    "ANY *.example.org /",
    "ANY [2001:db8::1] /",
  ]);
  expect(line("GET API.Example.COM /")).toBe("ANY api.example.com /");
  expect(line("GET WWW.EXAMPLE.org /")).toBe("ANY *.example.org /");
  expect(line("GET [2001:DB8::1] /")).toBe("ANY [2001:db8::1] /");
  // "[" and "{" differ by the bit that tells cases apart; neither is a letter.
  expect(line("GET {2001:db8::1] /")).toBe("none");
});

test("an artifact without * and without routes matches nothing", () => {
  expect(matcherOf(["ANY a /"]).line("GET b /")).toBe("none");
  expect(matcherOf([]).line("GET b /")).toBe("none");
});

test("methods are tokens in one case, and a route without any takes all", () => {
  const { line } = matcherOf(["GET,HEAD a /x", "PURGE a /x", "ANY a /y"]);
  expect(line("GET a /x")).toBe("GET,HEAD a /x");
  expect(line("HEAD a /x")).toBe("GET,HEAD a /x");
  expect(line("PURGE a /x")).toBe("PURGE a /x");
  expect(line("get a /x")).toBe("other methods");
  expect(line("BREW a /x")).toBe("other methods");
  expect(line("BREW a /y")).toBe("ANY a /y");
});

test("a route that names methods comes before the one that takes every method", () => {
  const { line } = matcherOf(["ANY a /x", "POST a /x"]);
  expect(line("POST a /x")).toBe("POST a /x");
  expect(line("GET a /x")).toBe("ANY a /x");
});

test("a route for other methods is passed over, and the walk goes on", () => {
  const { ask, line } = matcherOf(["GET a /users/me", "PUT a /users/:id", "POST a /users/*"]);
  expect(line("GET a /users/me")).toBe("GET a /users/me");
  expect(ask("PUT a /users/me")).toMatchObject({ line: "PUT a /users/:id", parameters: ["me"] });
  expect(ask("POST a /users/me")).toMatchObject({ line: "POST a /users/*", rest: "/me" });
});

test("where no method fits, the methods of all routes of the path are allowed", () => {
  const { ask } = matcherOf([
    "GET,POST a /users/me",
    "PUT a /users/:id",
    "PATCH a /*",
    "TRACE a /x",
  ]);
  expect(ask("DELETE a /users/me")).toEqual({
    line: "other methods",
    allowed: ["GET", "PATCH", "POST", "PUT"],
  });
  expect(ask("DELETE a /users/you")).toEqual({ line: "other methods", allowed: ["PATCH", "PUT"] });
  expect(ask("DELETE b /users/me")).toEqual({ line: "none" });
});

test("32 methods have a bit each, the last as the first", () => {
  const names = Array.from({ length: 32 }, (_, i) => `M${String(i).padStart(2, "0")}`);
  const { ask, line } = matcherOf(names.map((name) => `${name} a /x`));
  expect(line("M00 a /x")).toBe("M00 a /x");
  expect(line("M31 a /x")).toBe("M31 a /x");
  expect(ask("GET a /x")).toEqual({ line: "other methods", allowed: names });
});

test("64 segments are walked, and 65 parameters cannot be", () => {
  const deep = Array.from({ length: 64 }, (_, i) => `/:p${i}`).join("");
  const { pattern, parameters } = onPaths([deep]);
  expect(parameters("/a".repeat(64))).toHaveLength(64);
  expect(pattern("/a".repeat(65))).toBe("none");
  expect(pattern("/a".repeat(10_000))).toBe("none");
});

/** Services from lines such as `GET a /x  header x exact 1  query v present  priority 5`. */
function conditional(line: string): Partial<Service> {
  const [request, ...rest] = line.split("  ") as [string, ...string[]];
  const conditions = rest.filter((part) => !part.startsWith("priority "));
  const predicates = conditions.map((part): Predicate => {
    const [subject, name, kind, value = ""] = part.split(" ");
    return { subject, name, kind, value } as Predicate;
  });
  const priority = rest.find((part) => part.startsWith("priority "))?.slice(9);
  return { ...route(request), name: line, predicates, priority: Number(priority ?? 0) };
}

/** Asks services written so; the answer is the line of the one that wins. */
function asking(lines: readonly string[]) {
  const view = openArtifact(encode(modelOf(lines.map(conditional))));
  const matcher = new Matcher(view);
  return (request: string, fields: [string, string][] = [], query = ""): string => {
    const [method, host, path] = request.split(" ").map((text) => Buffer.from(text)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const { head, input } = requestParts(fields, query);
    const row = matcher.host(host, 0, host.length);
    const bit = matcher.methodBit(method, 0, method.length);
    const found = matcher.match(row, bit, path, 0, path.length, head, input);
    if (found === NO_ROUTE) return "none";
    if (found === NO_METHOD) return `allowed ${methodNames(view, matcher.allowedBits).join(" ")}`;
    return lines[found]!;
  };
}

test("a higher priority wins over any pattern, and what it does not take falls to the next", () => {
  const lines = [
    "ANY a /x/*  priority 5",
    "ANY a /x/y",
    "ANY a /*  priority -5",
    "GET a /z  priority 5",
  ];
  const ask = asking(lines);
  expect(ask("GET a /x/y")).toBe(lines[0]);
  expect(ask("GET a /w")).toBe(lines[2]);
  expect(ask("GET a /z")).toBe(lines[3]);
  expect(ask("PUT a /z")).toBe(lines[2]);
});

test("a priority never leads to another host", () => {
  const ask = asking(["ANY a /x", "ANY * /  priority 1000"]);
  expect(ask("GET a /")).toBe("none");
});

test("parameters and rest are those of the route found, not of a higher priority that was given up", () => {
  const matcher = new Matcher(
    openArtifact(
      encode(modelOf([conditional("PUT a /:x/:y/*  priority 1"), conditional("GET a /b/*")])),
    ),
  );
  const path = Buffer.from("/b/c/d");
  const host = matcher.host(Buffer.from("a"), 0, 1);
  const get = matcher.methodBit(Buffer.from("GET"), 0, 3);
  expect(matcher.match(host, get, path, 0, path.length)).toBe(1);
  expect([matcher.parameters, matcher.rest]).toEqual([0, 2]);
});

test("the more specific of two routes of one pattern is tried first", () => {
  const ranked = [
    "GET a /x  header u exact 1  header v exact 2",
    "ANY a /x  header u exact 1  header v prefix 2",
    "ANY a /x  header u exact 1  query v exact 2",
    "ANY a /x  query u exact 1  query v exact 2",
    "POST a /x",
    "ANY a /x  header u exact 1",
    "ANY a /x  header u prefix 12",
    "ANY a /x  header u prefix 1",
    "ANY a /x  header u regex 1|2",
    "ANY a /x  header u present",
    "ANY a /x  header u absent",
    "ANY a /x  query u exact 1",
    "ANY a /x  query u prefix 1",
    "ANY a /x  query u present",
    "ANY a /x",
  ];
  const services = ranked.map(conditional) as Service[];
  for (const [i, a] of services.entries()) {
    for (const [j, b] of services.entries()) {
      expect([ranked[i], ranked[j], Math.sign(compareSpecificity(a, b))]).toEqual([
        ranked[i],
        ranked[j],
        Math.sign(i - j),
      ]);
    }
  }
  // In any order of the files.
  for (const lines of [ranked, ranked.toReversed()]) {
    const ask = asking(lines);
    const u1 = ["U", "1"] as [string, string];
    expect(ask("GET a /x", [u1, ["V", "2"]])).toBe(ranked[0]);
    expect(ask("PUT a /x", [u1, ["V", "2"]])).toBe(ranked[1]);
    expect(ask("POST a /x", [u1])).toBe(ranked[4]);
    expect(ask("PUT a /x", [u1])).toBe(ranked[5]);
    expect(ask("PUT a /x", [["U", "123"]])).toBe(ranked[6]);
    expect(ask("PUT a /x", [["U", "13"]])).toBe(ranked[7]);
    expect(ask("PUT a /x", [["U", "2"]])).toBe(ranked[8]);
    expect(ask("PUT a /x", [["U", ""]])).toBe(ranked[9]);
    expect(ask("PUT a /x", [], "u=1")).toBe(ranked[10]);
  }
});

test("a route whose predicates fail is passed over, and the walk goes on", () => {
  const lines = ["ANY a /x/y  header u present", "ANY a /x/*"];
  const ask = asking(lines);
  expect(ask("GET a /x/y", [["u", ""]])).toBe(lines[0]);
  expect(ask("GET a /x/y")).toBe(lines[1]);
});

test("405 is for methods alone: where predicates fail the route is not there", () => {
  const ask = asking(["GET a /x  header u present", "PUT a /x  header u absent"]);
  expect(ask("POST a /x", [["u", ""]])).toBe("allowed GET");
  expect(ask("POST a /x")).toBe("allowed PUT");
  expect(ask("PUT a /x", [["u", ""]])).toBe("allowed GET");
  expect(asking(["ANY a /x  header u present"])("GET a /x")).toBe("none");
});

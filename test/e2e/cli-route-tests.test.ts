// `balto test`: results in three formats, coverage, and boundary cases.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { balto, folderWith, put, root } from "./cli-process.ts";
import { service, tree } from "./cli-trees.ts";

const two = `services:
  - { name: a, domain: a.example.com, path_prefix: "/users/:id", methods: [GET, POST], ports: [8081] }
  - { name: b, domain: a.example.com, path_prefix: /*, match: { headers: [{ name: X-B, exact: "<1>" }] }, ports: [8082] }
`;
const tests = `tests:
  - name: "a user & <his> id"
    request: { host: a.example.com, path: /users/7, https: true }
    expect: { route: a, path: /users/7, headers: { X-Param-id: "7", X-Forwarded-Proto: https, X-None: null } }
  - request: { method: PUT, host: a.example.com, path: /users/7 }
    expect: { route: null, status: 405, allow: [POST, GET] }
  - name: fails
    request: { host: a.example.com, path: /x, headers: { X-B: "<1>" } }
    expect: { route: a, pool: b, path: /y, headers: { Host: elsewhere }, status: 404 }
`;

it("shows what was expected, what came instead, and why", async () => {
  const folder = folderWith({ ...tree(two), "tests/a.yaml": tests });
  const { status, out, err } = await balto(["test", folder]);
  expect([status, err]).toEqual([1, ""]);
  expect(out).toMatch(
    new RegExp(
      `^${folder}/tests/a.yaml:7:5 failed fails
  route   expected  a
          got       b
  path    expected  /y
          got       /x
  status  expected  404
          got       a backend's
  Host    expected  elsewhere
          got       localhost:8082
    GET http://a.example.com/x
    X-B: <1>
    goes to http://localhost:8082 as GET /x
[^]*
2 passed, 1 failed
$`,
    ),
  );
});

it("reports as JSON, and as JUnit's XML with every mark escaped", async () => {
  const folder = folderWith({ ...tree(two), "tests/deep/a.yaml": tests });
  const json = await balto(["test", ".", "--format", "json"], { cwd: folder });
  expect(JSON.parse(json.out)).toMatchObject({
    format_version: "1.0",
    summary: { passed: 2, failed: 1 },
    tests: [
      { name: "a user & <his> id", place: "tests/deep/a.yaml:2:5", passed: true, faults: [] },
      { name: "PUT a.example.com/users/7", passed: true },
      { passed: false, faults: [{ what: "route", expected: "a", got: "b" }, {}, {}, {}] },
    ],
  });
  const junit = await balto(["test", ".", "--format", "junit"], { cwd: folder });
  expect(junit.out).toContain(
    '<testsuites name="balto" tests="3" failures="1" errors="0" skipped="0">',
  );
  expect(junit.out).toContain(
    '<testcase name="a user &amp; &lt;his&gt; id" classname="tests/deep/a" file="tests/deep/a.yaml" line="2" time="0"/>',
  );
  expect(junit.out).toContain("    X-B: &lt;1&gt;\n".trimStart());
  expect(junit.out.match(/<testcase /g)).toHaveLength(3);
});

it("lists routes without a test, and writes boundary cases that pass", async () => {
  const folder = folderWith({
    ...tree(two),
    "tests/a.yaml": tests.replace(/ {2}- name: fails[^]*/, ""),
  });
  const before = await balto(["test", ".", "--coverage"], { cwd: folder });
  expect(before.out).toBe(`2 passed, 0 failed
1 of 2 routes have a test (50%)
  without: b  a.example.com/* where header x-b is "<1>"  services/a.yaml:3:5
`);
  const generated = await balto(["test", ".", "--generate"], { cwd: folder });
  expect(generated.err).toBe("wrote tests/generated.yaml: review it, then run `balto test`\n");
  const text = readFileSync(join(folder, "tests/generated.yaml"), "utf8");
  expect(text).toContain(`name: 'b: without: header x-b is "<1>"'\n`);
  expect(text).toContain('name: "a: one segment more"\n');
  const after = await balto(["test", ".", "--coverage"], { cwd: folder });
  expect(after.out).toMatch(/^\d{2} passed, 0 failed\n2 of 2 routes have a test \(100%\)\n$/);
  const again = await balto(["test", ".", "--generate"], { cwd: folder });
  expect(again.err).toBe(".: every boundary case has a test\n");
  expect(readdirSync(join(folder, "tests")).toSorted()).toEqual(["a.yaml", "generated.yaml"]);
  put(folder, "services/c.yaml", service("/c").replace("name: a", "name: c"));
  await balto(["test", ".", "--generate"], { cwd: folder });
  expect(readdirSync(join(folder, "tests"))).toContain("generated-2.yaml");
});

it("reports a wrong test where `balto check` does, and serves the tree all the same", async () => {
  const folder = folderWith({
    ...tree(service()),
    "tests/a.yaml":
      "tests:\n  - request: { host: a.example.com, path: / }\n    expect: { route: b }\n",
  });
  for (const command of ["test", "check"]) {
    const { status, err } = await balto([command, "."], { cwd: folder });
    expect(status).toBe(1);
    expect(err).toMatch(
      /^tests\/a\.yaml:3:22 error BAL6002 unknown-name-in-test: there is no service "b"\n/,
    );
  }
  const { status } = await balto(["compile", ".", "-o", "a.artifact"], { cwd: folder });
  expect(status).toBe(0);
});

it("says that there are no tests", async () => {
  const folder = folderWith(tree(service()));
  const { status, err } = await balto(["test", folder]);
  expect([status, err]).toEqual([
    1,
    `balto test: ${folder} has no route tests\n  write some below ${folder}/tests, or begin with \`balto test --generate\`\n`,
  ]);
});

for (const name of [
  "configs",
  ...readdirSync(join(root, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => (name === "gitops" ? "examples/gitops/configs" : `examples/${name}`)),
]) {
  it(`every route of ${name} has a test that passes`, async () => {
    const { status, out } = await balto(["test", name, "--coverage"]);
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/ 0 failed\n\d+ of \d+ routes have a test \(100%\)\n$/),
    ]);
  });
}

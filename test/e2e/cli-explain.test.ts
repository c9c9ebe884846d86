// `balto explain`: from a tree, from an artifact, and from a Balto that runs.

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, it, onTestFinished } from "vitest";

import type { Explanation } from "../../compiler/explain/explanation.ts";
import { balto, folderWith } from "./cli-process.ts";
import { service, tree } from "./cli-trees.ts";

const slow = `${service("/api/*")}timeouts: { connect: 1s }\n`;

it("explains a request on a tree, with the place of each value", async () => {
  const folder = folderWith(tree(slow));
  const { status, out, err } = await balto([
    "explain",
    "http://a.example.com/api/x",
    "--tree",
    folder,
  ]);
  expect([status, err]).toEqual([0, ""]);
  expect(out).toContain(`\nroute   a  ${folder}/services/a.yaml:1:1\n`);
  expect(out).toContain(`  timeouts.connect  1s  ${folder}/services/a.yaml:5:22\n`);
  expect(out).toContain("  GET /x\n  Host: localhost:8081\n");
  expect(out).not.toContain("\u001b");
});

it("says of an artifact what is known, as JSON too", async () => {
  const folder = folderWith(tree(slow));
  await balto(["compile", folder, "-o", `${folder}/a.artifact`]);
  const from = ["--artifact", `${folder}/a.artifact`];
  const text = await balto(["explain", "GET", "http://a.example.com/api", ...from]);
  expect(text.out).toContain("  timeouts.connect  1s  set in the tree\n");
  const json = await balto([
    "explain",
    "POST",
    "https://A.example.com:8443/api/a?b",
    "-H",
    "X-A: 1",
    "-H",
    "X-A: 2",
    "--from",
    "10.0.0.1",
    "--format",
    "json",
    ...from,
  ]);
  const explanation = JSON.parse(json.out) as Explanation;
  expect(explanation).toMatchObject({
    request: {
      method: "POST",
      url: "https://A.example.com:8443/api/a?b",
      headers: [
        { name: "X-A", value: "1" },
        { name: "X-A", value: "2" },
      ],
      from: "10.0.0.1",
    },
    status: 0,
    host: { name: "a.example.com", domain: "a.example.com" },
    route: { service: "a", place: "services/a.yaml:1:1" },
    upstream: { method: "POST", target: "/a?b" },
  });
});

it("takes a Host of one's own, and colours where that is asked for", async () => {
  const folder = folderWith(tree(service()));
  const { out } = await balto(
    ["explain", "http://127.0.0.1:5500/", "-H", "Host: a.example.com", "--tree", folder],
    { env: { FORCE_COLOR: "1" } },
  );
  expect(out).toContain("\u001b[1mGET http://a.example.com/\u001b[0m\n");
  expect(out).toContain("\u001b[32mgoes to http://localhost:8081 as GET /\u001b[0m\n");
});

it("asks a Balto that runs, or else its artifact", async () => {
  const folder = folderWith(tree(slow));
  const { stdout: artifact } = await balto(["compile", folder, "-o", "-"]);
  const asked: string[] = [];
  const url = await api((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/balto/artifact?format=binary") return void response.end(artifact);
    response.statusCode = 404;
    return void response.end("route not found\n");
  });
  const { status, out } = await balto(["explain", "http://a.example.com/api/x", "--live", url]);
  expect(status).toBe(0);
  expect(out).toContain("GET /x\n");
  expect(asked).toEqual([
    "POST /balto/explain",
    "GET /balto/artifact?format=binary",
    "GET /balto/backends",
  ]);

  const known = await balto([
    "explain",
    "http://a.example.com/api/x",
    "--tree",
    folder,
    "--format",
    "json",
  ]);
  const answering = await api((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      expect(JSON.parse(body)).toEqual({
        method: "GET",
        url: "http://a.example.com/api/x",
        headers: [],
        from: "127.0.0.1",
      });
      response.end(known.out);
    });
  });
  const live = await balto([
    "explain",
    "http://a.example.com/api/x",
    "--live",
    answering,
    "--format",
    "json",
  ]);
  expect(JSON.parse(live.out)).toEqual(JSON.parse(known.out));
});

it("says in one line why a Balto that runs could not be asked", async () => {
  const failing = async (listener: RequestListener): Promise<string> => {
    const url = await api(listener);
    const { status, out, err } = await balto(["explain", "http://a/", "--live", url]);
    expect([status, out]).toEqual([1, ""]);
    return err.replaceAll(url, "URL");
  };
  expect(await failing((_, response) => void response.writeHead(404).end())).toBe(
    "balto explain: URL has no /balto/artifact: it is no Balto, or one without its API\n" +
      "  ask the artifact it was given: --artifact FILE\n",
  );
  expect(await failing((_, response) => void response.writeHead(500).end('{"error":"no"}'))).toBe(
    "balto explain: no\n",
  );
  expect(await failing((_, response) => void response.end("{}"))).toBe(
    "balto explain: URL gave no explanation that this Balto understands\n",
  );
  const gone = await balto(["explain", "http://a/", "--live", "http://127.0.0.1:1"]);
  expect(gone.status).toBe(1);
  expect(gone.err).toMatch(/^balto explain: no Balto listens at http:\/\/127.0.0.1:1\n/);
});

it("refuses what is no request before anything is compiled", async () => {
  for (const [words, message] of [
    [["explain"], "URL is missing"],
    [["explain", "GET"], '"GET" has no scheme'],
    [["explain", "ftp://a/"], '"ftp://a/" is not an http or https URL'],
    [["explain", "http://u@a/"], "holds a user name or password"],
    [["explain", "http://a/", "-H", "X"], '-H "X" is not "Name: value"'],
    [["explain", "http://a/", "--tree", "a", "--live", "b"], "exclude each other"],
    [["explain", "GET", "http://a/", "b"], '"b" is too much'],
  ] as const) {
    const { status, err } = await balto(words);
    expect([status, err]).toEqual([64, expect.stringContaining(message)]);
  }
  const broken = folderWith(tree("domian: a\n"));
  const { status, err } = await balto(["explain", "http://a/", "--tree", broken]);
  expect(status).toBe(1);
  expect(err).toMatch(/BAL2001[^]*\nbalto explain: .* does not compile\n$/);
});

/** A server on a free port that goes when the test is over. */
async function api(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

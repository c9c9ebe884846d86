// Conditions: routes that ask for header fields and parameters of the query, and priorities.
// docs/routing.md says which one takes a request.

import { expect, test } from "vitest";

import { compiled } from "../harness/artifact.ts";
import { Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";

/** A tree in which every service answers with its own name. */
async function servingTree(services: (port: (name: string) => string) => string) {
  const origin = await startOrigin((response, { target }) => void response.end(target.slice(1)));
  const to = (name: string): string => `"${origin.url}/${name}"`;
  const balto = await start(
    compiled({
      "balto.config.yaml": 'server: { port: "127.0.0.1:0" }\n',
      "services/all.yaml": `services:\n${services(to)}`,
    }),
  );
  const client = await Client.to(balto.port);
  return async (request: string, fields: string[] = []): Promise<string> => {
    const answer = await client.ask(request, ["Host: a.example", ...fields]);
    return answer.status === 200 ? answer.text.split(/[/?]/)[0]! : String(answer.status);
  };
}

const service = (name: string, to: (name: string) => string, more: string): string =>
  `  - { name: ${name}, domain: a.example, strip_prefix: false, ports: [${to(name)}], ${more} }\n`;

test("header fields choose the route, in any case of their names", async () => {
  const ask = await servingTree((to) =>
    [
      service(
        "search",
        to,
        "path_prefix: /x, match: { headers: [{ name: X-Team, exact: search }] }",
      ),
      service("beta", to, "path_prefix: /x, match: { headers: [{ name: X-Team, prefix: beta- }] }"),
      service("v2", to, 'path_prefix: /x, match: { headers: [{ name: V, regex: "2[.][0-9]+" }] }'),
      service(
        "signed",
        to,
        "path_prefix: /y, match: { headers: [{ name: Authorization, present: true }] }",
      ),
      service(
        "anyone",
        to,
        "path_prefix: /y, match: { headers: [{ name: Authorization, present: false }] }",
      ),
      service("rest", to, "path_prefix: /*"),
    ].join(""),
  );
  expect(await ask("GET /x", ["x-TEAM: search"])).toBe("search");
  expect(await ask("GET /x", ["X-Team:   search  "])).toBe("search");
  expect(await ask("GET /x", ["X-Team: Search"])).toBe("rest");
  expect(await ask("GET /x", ["X-Team: search", "X-Team: search"])).toBe("rest");
  expect(await ask("GET /x", ["X-Team: beta-7"])).toBe("beta");
  expect(await ask("GET /x", ["X-Team: beta-7", "V: 2.10"])).toBe("beta");
  expect(await ask("GET /x", ["V: 2.10"])).toBe("v2");
  expect(await ask("GET /x", ["V: 2.10b"])).toBe("rest");
  expect(await ask("GET /x")).toBe("rest");
  expect(await ask("GET /y", ["Authorization: Bearer x"])).toBe("signed");
  expect(await ask("GET /y")).toBe("anyone");
});

test("the query chooses the route, decoded, by the first occurrence", async () => {
  const ask = await servingTree((to) =>
    [
      service("two", to, 'path_prefix: /x, match: { query: [{ name: "v v", exact: "2&" }] }'),
      service("some", to, 'path_prefix: /x, match: { query: [{ name: "v v", present: true }] }'),
      service("none", to, "path_prefix: /x"),
    ].join(""),
  );
  expect(await ask("GET /x?v%20v=2%26")).toBe("two");
  expect(await ask("GET /x?a=1&v%20v=2%26&v%20v=3")).toBe("two");
  expect(await ask("GET /x?v%20v=3&v%20v=2%26")).toBe("some");
  expect(await ask("GET /x?v%20v")).toBe("some");
  expect(await ask("GET /x?v+v=2%26")).toBe("none");
  expect(await ask("GET /x")).toBe("none");
  expect(await ask("GET http://a.example/x?v%20v=2%26")).toBe("two");
});

test("a higher priority wins over a more exact pattern", async () => {
  const ask = await servingTree((to) =>
    [
      service(
        "maintenance",
        to,
        "path_prefix: /*, priority: 100, match: { headers: [{ name: X-Drill, present: true }] }",
      ),
      service("exact", to, "path_prefix: /x/y"),
      service("last", to, "path_prefix: /*, priority: -1"),
    ].join(""),
  );
  expect(await ask("GET /x/y", ["X-Drill: 1"])).toBe("maintenance");
  expect(await ask("GET /x/y")).toBe("exact");
  expect(await ask("GET /x/z")).toBe("last");
});

test("405 where only the method is wrong, 404 where a condition does not hold", async () => {
  const ask = await servingTree((to) =>
    service(
      "one",
      to,
      "path_prefix: /x, methods: [GET], match: { headers: [{ name: X-Team, exact: a }] }",
    ),
  );
  expect(await ask("GET /x", ["X-Team: a"])).toBe("one");
  expect(await ask("POST /x", ["X-Team: a", "Content-Length: 0"])).toBe("405");
  expect(await ask("GET /x", ["X-Team: b"])).toBe("404");
  expect(await ask("POST /x", ["X-Team: b", "Content-Length: 0"])).toBe("404");
});

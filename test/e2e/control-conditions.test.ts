// ETag, If-Match, If-None-Match: no client overwrites what it has not read.

import { expect, it } from "vitest";

import { Tree } from "../harness/repository.ts";
import { Writer } from "../harness/writer.ts";
import { API_ID, at, tree, WEB_ID } from "./control-trees.ts";

const body = { ports: ["9000"] };

it("gives each service and the list a tag that changes with it alone", async () => {
  const writer = await Writer.over(Tree.with(tree()).folder);
  const api = await writer.service(API_ID);
  const web = await writer.service(WEB_ID);
  const list = (await writer.ask("GET /balto/services")).etag;
  const patched = await writer.ask(`PATCH ${at(WEB_ID)}`, { body });
  expect(patched.etag).not.toBe(web.etag);
  expect((await writer.service(WEB_ID)).etag).toBe(patched.etag);
  expect((await writer.service(API_ID)).etag).toBe(api.etag);
  expect((await writer.ask("GET /balto/services")).etag).not.toBe(list);
});

it("answers 304 to who has it already", async () => {
  const writer = await Writer.over(Tree.with(tree()).folder);
  for (const path of ["/balto/services", at(API_ID)]) {
    const { etag = "" } = await writer.ask(`GET ${path}`);
    const again = await writer.ask(`GET ${path}`, { headers: { "if-none-match": etag } });
    expect([again.status, again.text, again.etag]).toEqual([304, "", etag]);
    const other = await writer.ask(`GET ${path}`, { headers: { "if-none-match": '"x"' } });
    expect(other.status).toBe(200);
  }
});

it("lets the first of two writers through who have read the same, and tells the second", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const { etag } = await writer.service(API_ID);
  const headers = { "if-match": etag };
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    const { etag: now } = await writer.service(API_ID);
    const stale = await writer.ask(`${method} ${at(API_ID)}`, {
      headers: { "if-match": '"stale"' },
      ...(method === "DELETE" ? {} : { body }),
    });
    expect([stale.status, stale.etag]).toEqual([412, now]);
  }
  const [one, two] = await Promise.all([
    writer.ask(`PATCH ${at(API_ID)}`, { headers, body: { ports: ["1"] } }),
    writer.ask(`PATCH ${at(API_ID)}`, { headers, body: { ports: ["2"] } }),
  ]);
  expect([one.status, two.status].toSorted((a, b) => a - b)).toEqual([200, 412]);
  expect((await writer.service(API_ID)).ports).toEqual([one.status === 200 ? "1" : "2"]);
});

it("takes an edit by hand for a change, too", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const { etag } = await writer.service(API_ID);
  files.write("services/api.yaml", files.read("services/api.yaml").replace("8082", "8089"));
  const stale = await writer.ask(`PATCH ${at(API_ID)}`, { headers: { "if-match": etag }, body });
  expect(stale.status).toBe(412);
});

it("asks for If-Match where api.require_if_match says so", async () => {
  const files = Tree.with(tree("api:\n  require_if_match: true\n"));
  const writer = await Writer.over(files.folder);
  const added = { domain: "n.example.com", path_prefix: "/", ports: ["1"] };
  for (const [line, sent] of [
    [`PUT ${at(API_ID)}`, body],
    [`PATCH ${at(API_ID)}`, body],
    [`DELETE ${at(API_ID)}`, undefined],
    ["POST /balto/services", added],
  ] as const) {
    const { status } = await writer.ask(line, sent === undefined ? {} : { body: sent });
    expect(status, line).toBe(428);
  }
  // Trying is free.
  expect((await writer.ask(`PATCH ${at(API_ID)}?dry_run=true`, { body })).status).toBe(200);

  const { etag } = await writer.service(API_ID);
  const patched = await writer.ask(`PATCH ${at(API_ID)}`, { headers: { "if-match": etag }, body });
  expect(patched.status).toBe(200);
  const post = async (headers: Record<string, string>): Promise<number> =>
    (await writer.ask("POST /balto/services", { headers, body: added })).status;
  expect(await post({ "if-match": '"x"' })).toBe(412);
  const list = (await writer.ask("GET /balto/services")).etag ?? "";
  expect(await post({ "if-match": list })).toBe(201);
  expect(await post({ "if-none-match": "*" })).toBe(409);
});

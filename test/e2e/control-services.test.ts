// Services over the REST API: shapes, ids and codes that users of the Go Balto know, and files that say
// the same as the answers.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";

import { expect, it } from "vitest";

import { inspect } from "../../artifact/inspect.ts";
import { Tree } from "../harness/repository.ts";
import { untilAsync } from "../harness/until.ts";
import { Writer } from "../harness/writer.ts";
import { API_FILE, API_ID, at, SHARED_FILE, tree, WEB_ID } from "./control-trees.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const rfc3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

/** The hosts that the published artifact has routes for. */
function published({ artifact }: Writer): string {
  return inspect(new Uint8Array(readFileSync(artifact))).lines.join("\n");
}

it("lists services in the shape of the README, by id", async () => {
  const writer = await Writer.over(Tree.with(tree()).folder);
  const { status, json } = await writer.ask("GET /balto/services");
  expect(status).toBe(200);
  const ids = (json as { id: string }[]).map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted());
  expect(json).toHaveLength(3);
  expect(json).toContainEqual({
    id: sha256("web.example.com:/*"),
    domain: "web.example.com",
    path_prefix: "/*",
    ports: ["3000"],
    created_at: rfc3339,
    updated_at: rfc3339,
  });
});

it("gives one by the hash and by domain and path, and 404 for others", async () => {
  const writer = await Writer.over(Tree.with(tree()).folder);
  const byHash = await writer.ask(`GET ${at(sha256("api.example.com:/api/v1/*"))}`);
  const byName = await writer.ask(`GET ${at(API_ID)}`);
  expect(byHash.json).toEqual(byName.json);
  expect(byName.json).toMatchObject({ name: "api", ports: ["8081", "8082"] });
  expect((await writer.ask(`HEAD ${at(API_ID)}`)).text).toBe("");
  const missing = await writer.ask("GET /balto/services/nothing");
  expect([missing.status, missing.json]).toEqual([404, { error: "service not found" }]);
});

it("adds a service: a file of its own, in the artifact, readable at its Location", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const body = { domain: "New.example.com", path_prefix: "/n/*", ports: ["8081", "8082", "8083"] };
  const added = await writer.ask("POST /balto/services", { body });
  expect(added.status).toBe(201);
  expect(added.json).toEqual({
    id: sha256("new.example.com:/n/*"),
    domain: "new.example.com",
    path_prefix: "/n/*",
    ports: ["8081", "8082", "8083"],
    created_at: rfc3339,
    updated_at: rfc3339,
  });
  expect(added.headers["location"]).toBe(`/balto/services/${sha256("new.example.com:/n/*")}`);
  expect(files.read("services/new-example-com-n.yaml")).toBe(
    'domain: New.example.com\npath_prefix: /n/*\nports: ["8081", "8082", "8083"]\n',
  );
  expect(published(writer)).toContain("new.example.com");
  const read = await writer.ask(`GET ${String(added.headers["location"])}`);
  expect([read.json, read.etag]).toEqual([added.json, added.etag]);
  const again = await writer.ask("POST /balto/services", { body });
  expect(again.status).toBe(409);
  expect(again.headers["location"]).toBe(added.headers["location"]);
});

it("replaces a service in its file, and leaves every remark there", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const before = await writer.service(API_ID);
  const body = { ...before, ports: ["8081", "8084"] };
  const replaced = await writer.ask(`PUT ${at(API_ID)}`, { body: { ...body, etag: undefined } });
  expect(replaced.status).toBe(200);
  expect(replaced.json).toMatchObject({ ports: ["8081", "8084"], created_at: before.created_at });
  expect(files.read("services/api.yaml")).toBe(API_FILE.replace("8082", "8084"));
  // What is not sent is not kept.
  const bare = { domain: "api.example.com", path_prefix: "/api/v1/*", ports: ["8081", "8084"] };
  await writer.ask(`PUT ${at(API_ID)}`, { body: bare });
  expect(files.read("services/api.yaml")).not.toContain("name:");
});

it("changes keys of a service in a shared file, and its id with its path", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const body = { path_prefix: "/pages/*", timeouts: { read: "3s" } };
  const type = { "content-type": "application/merge-patch+json" };
  const patched = await writer.ask(`PATCH ${at(WEB_ID)}`, { body, headers: type });
  expect(patched.json).toMatchObject({ id: sha256("web.example.com:/pages/*"), ports: ["3000"] });
  expect(files.read("services/shared.yaml")).toBe(
    SHARED_FILE.replace("/*", "/pages/*").replace(
      "[3000]\n",
      "[3000]\n    timeouts:\n      read: 3s\n",
    ),
  );
  expect((await writer.ask(`GET ${at(WEB_ID)}`)).status).toBe(404);
  await writer.ask(`PATCH ${at("web.example.com-/pages/*")}`, {
    body: { path_prefix: "/*", timeouts: null },
  });
  expect(files.read("services/shared.yaml")).toBe(SHARED_FILE);
});

it("removes a service, and the file where nothing else is in it", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const removed = await writer.ask(`DELETE ${at(WEB_ID)}`);
  expect([removed.status, removed.text]).toEqual([204, ""]);
  expect(files.read("services/shared.yaml")).not.toContain("web.example.com");
  expect((await writer.ask(`DELETE ${at(API_ID)}`)).status).toBe(204);
  expect(existsSync(`${files.folder}/services/api.yaml`)).toBe(false);
  expect((await writer.ask(`DELETE ${at(API_ID)}`)).status).toBe(404);
  expect((await writer.ask("GET /balto/services")).json).toHaveLength(1);
  expect(published(writer)).not.toContain("api.example.com");
});

it("refuses what does not compile, and says where and how to mend it", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const before = files.files();
  const digest = readFileSync(writer.artifact);
  const refused = async (body: unknown, status = 400): Promise<string[]> => {
    const answer = await writer.ask("POST /balto/services", { body });
    expect([answer.status, typeof answer.json.error]).toEqual([status, "string"]);
    return (answer.json.diagnostics as { code: string }[]).map(({ code }) => code);
  };
  const good = { domain: "n.example.com", path_prefix: "/", ports: ["1"] };
  expect(await refused({ ...good, prots: ["1"] })).toEqual(["BAL2001"]);
  expect(await refused({ domain: "n.example.com", path_prefix: "/" })).toEqual(["BAL2003"]);
  expect(await refused({ ...good, ports: [] })).toEqual(["BAL2006"]);
  expect(await refused({ ...good, domain: "../x" })).toEqual(["BAL3004"]);
  expect(await refused({ ...good, path_prefix: "no" })).toEqual(["BAL3005"]);
  expect(await refused({ ...good, name: "../x" })).toEqual(["BAL3012"]);
  expect(await refused({ ...good, name: "x".repeat(300) })).toEqual(["BAL3012"]);
  expect(await refused({ ...good, name: "\u0430pi" })).toEqual(["BAL3012"]);
  // Somebody else's name, somebody else's route.
  expect(await refused({ ...good, name: "api" }, 409)).toEqual(["BAL4001"]);
  expect(
    await refused(
      { domains: ["a.example.com", "api.example.com"], path_prefix: "/api/v1/*", ports: ["1"] },
      409,
    ),
  ).toEqual(["BAL4002"]);
  expect(files.files()).toEqual(before);
  expect(readFileSync(writer.artifact)).toEqual(digest);
});

it("does not let one broken file be blamed on somebody who changes another", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  files.write("services/broken.yaml", "domian: x\n");
  const refused = await writer.ask(`PATCH ${at(API_ID)}`, { body: { ports: ["1"] } });
  expect(refused.status).toBe(409);
  expect(refused.json.error).toContain("services/broken.yaml:1");
  expect((await writer.ask("GET /balto/services")).json).toHaveLength(3);
});

it("sees what is edited by hand, and edits that", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const first = await writer.service(API_ID);
  files.write("services/api.yaml", API_FILE.replace("8082", "9000"));
  let now = first;
  await untilAsync("the API shows the hand's work", async () => {
    now = await writer.service(API_ID);
    return now.etag !== first.etag;
  });
  expect(now).toMatchObject({ ports: ["8081", "9000"], created_at: first.created_at });
  // Not looked at in between: what is changed is what stands there.
  files.write("services/api.yaml", API_FILE.replace("8082", "9001"));
  const patched = await writer.ask(`PATCH ${at(API_ID)}`, { body: { strip_prefix: false } });
  expect(patched.json).toMatchObject({ ports: ["8081", "9001"], strip_prefix: false });
  expect(files.read("services/api.yaml")).toBe(
    `${API_FILE.replace("8082", "9001")}strip_prefix: false\n`,
  );
});

it("says what would be written with dry_run, and writes nothing", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const before = files.files();
  const question = { body: { ports: ["8081", "9000"] } };
  const preview = await writer.ask(`PATCH ${at(API_ID)}?dry_run=true`, question);
  expect(preview.status).toBe(200);
  expect(preview.json).toMatchObject({
    dry_run: true,
    action: "replace",
    file: "services/api.yaml",
    service: { ports: ["8081", "9000"] },
    diagnostics: [],
  });
  expect(preview.json.diff).toBe(`--- a/services/api.yaml
+++ b/services/api.yaml
@@ -3,4 +3,4 @@
 name: api
 domain: api.example.com   # no www
 path_prefix: /api/v1/*
-ports: ["8081", "8082"]
+ports: ["8081", "9000"]
`);
  const bad = await writer.ask(`PATCH ${at(API_ID)}?dry_run=true`, { body: { ports: ["x"] } });
  expect([bad.status, bad.json.diagnostics[0].code]).toEqual([400, "BAL3002"]);
  expect(bad.json.diff).toContain('+ports: ["x"]');
  expect((await writer.ask(`DELETE ${at(API_ID)}?dry_run=true`)).json.action).toBe("remove");
  expect((await writer.ask("POST /balto/services?dry_run=yes", question)).status).toBe(400);
  expect(files.files()).toEqual(before);
  expect(writer.audit.filter(({ status }) => status !== 400)).toEqual([]);
});

it("checks a proposed service: created where it is not there, replaced where it is", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const before = files.files();
  const check = async (body: unknown): Promise<Record<string, unknown>> => {
    const { status, json } = await writer.ask("POST /balto/check", { body });
    expect(status).toBe(200);
    return json as Record<string, unknown>;
  };
  const api = { domain: "api.example.com", path_prefix: "/api/v1/*", ports: ["1"] };
  expect(await check(api)).toMatchObject({ valid: true, action: "replace" });
  expect(await check({ ...api, domain: "n.x" })).toMatchObject({ valid: true, action: "create" });
  expect(await check({ ...api, ports: ["no"] })).toMatchObject({
    valid: false,
    diagnostics: [{ code: "BAL3002" }],
  });
  expect(await check({ ...api, ports: ["169.254.169.254:80"] })).toMatchObject({ valid: false });
  expect(files.files()).toEqual(before);
});

it("changes nothing where nothing is to be changed", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const before = await writer.service(API_ID);
  const file = `${files.folder}/services/api.yaml`;
  const { ino } = statSync(file);
  const same = await writer.ask(`PATCH ${at(API_ID)}`, { body: { ports: ["8081", "8082"] } });
  expect([same.status, same.etag]).toEqual([200, before.etag]);
  expect(statSync(file).ino).toBe(ino);
});

it("leaves a line for each write: who, what, before and after", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const before = sha256(files.read("services/api.yaml"));
  const headers = {
    "balto-actor": "token",
    "balto-client": "192.0.2.7",
    "x-request-id": "req-1",
    "balto-author": "Ann <ann@example.com>",
  };
  await writer.ask(`PATCH ${at(API_ID)}`, { body: { ports: ["1"] }, headers });
  await writer.ask(`PATCH ${at(API_ID)}`, { body: { ports: ["x"] }, headers });
  expect(writer.audit).toMatchObject([
    {
      level: "info",
      action: "replace",
      actor: "token",
      client: "192.0.2.7",
      author: "Ann <ann@example.com>",
      request_id: "req-1",
      file: "services/api.yaml",
      before,
      after: sha256(files.read("services/api.yaml")),
      status: 200,
      message: "Service written",
    },
    { level: "warn", action: "patch", status: 400, message: "Write refused" },
  ]);
});

it("keeps times across restarts, and shows when a service was changed", async () => {
  const files = Tree.with(tree());
  const writer = await Writer.over(files.folder);
  const body = { domain: "n.example.com", path_prefix: "/", ports: ["1"] };
  const added = (await writer.ask("POST /balto/services", { body })).json;
  await writer.end();
  const next = await Writer.over(files.folder);
  expect(await next.service("n.example.com-/")).toMatchObject(added);
});

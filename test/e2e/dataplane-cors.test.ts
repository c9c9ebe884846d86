// CORS at the gateway: global.cors says which origins may read answers, whatever the backends say.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { type Answer, Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";

async function startWith(allowedOrigins: string[], enabled = true) {
  const origin = await startOrigin((response) => {
    response.setHeader("Access-Control-Allow-Origin", "https://backend.test");
    response.end("ok");
  });
  const settings = { cors: { enabled, allowedOrigins } };
  const balto = await start(serving({ pattern: "/a/*", to: origin }, settings));
  return { origin, client: await Client.to(balto.port) };
}

function allowed(answer: Answer): (string | undefined)[] {
  return [answer.field("access-control-allow-origin"), answer.field("vary")];
}

test("an allowed origin may read every answer, Balto's own among them; others may not", async () => {
  const { client } = await startWith(["https://shop.test", "https://app.test"]);
  for (const line of ["GET /a/x", "GET /nowhere"]) {
    expect(allowed(await client.ask(line, ["Origin: https://app.test"])), line).toEqual([
      "https://app.test",
      "Origin",
    ]);
    expect(allowed(await client.ask(line, ["Origin: https://evil.test"])), line).toEqual([
      undefined,
      "Origin",
    ]);
    expect(allowed(await client.ask(line)), line).toEqual([undefined, "Origin"]);
  }
});

test("a preflight is answered here", async () => {
  const { client, origin } = await startWith(["https://app.test"]);
  const answer = await client.ask("OPTIONS /a/x", [
    "Origin: https://app.test",
    "Access-Control-Request-Method: DELETE",
    "Access-Control-Request-Headers: x-one, x-two",
  ]);
  expect([answer.status, answer.text]).toEqual([204, ""]);
  expect(allowed(answer)[0]).toBe("https://app.test");
  expect(answer.field("access-control-allow-methods")).toContain("DELETE");
  expect(answer.field("access-control-allow-headers")).toContain("x-two");
  expect(origin.requests.length).toBe(0);
  // OPTIONS without the fields of a preflight is the backend's.
  expect((await client.ask("OPTIONS /a/x", ["Origin: https://app.test"])).text).toBe("ok");
});

test("the asterisk allows all, without credentials", async () => {
  const { client } = await startWith(["*"]);
  const answer = await client.ask("GET /a/x", ["Origin: https://any.test"]);
  expect(allowed(answer)[0]).toBe("*");
  expect(answer.field("access-control-allow-credentials")).toBeUndefined();
});

test("switched off, the backend's word passes", async () => {
  const { client } = await startWith(["https://app.test"], false);
  const answer = await client.ask("GET /a/x", ["Origin: https://app.test"]);
  expect(allowed(answer)).toEqual(["https://backend.test", undefined]);
});

// Routes that nobody asks are given back by every worker, and are as good as new when they are asked again.

import { expect, onTestFinished, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { DnsServer } from "../harness/dns-server.ts";
import { startOrigin } from "../harness/origin.ts";
import { scrape } from "../harness/scrape.ts";
import { SHORT_REST } from "../harness/short-rest.ts";
import { sleep, untilAsync } from "../harness/until.ts";
import { TOKEN } from "./admin-plane.ts";

const ROUTES = 300;
const REFRESH_MS = 100;
/** A name that is in use would have been asked for several times in it. */
const QUIET_MS = 10 * REFRESH_MS;

test("routes that nobody asks are given back, and answer again with nothing forgotten", async () => {
  const dns = await DnsServer.start({ "many.test": { a: ["127.0.0.1"] } });
  const [named, other] = await Promise.all(
    ["named", "other"].map((text) =>
      // A connection that is kept would keep its pool for seconds.
      startOrigin((response) => void response.setHeader("Connection", "close").end(text)),
    ),
  );
  const url = `http://many.test:${new URL(named!.url).port}`;
  const policy = { dns: { refreshMs: REFRESH_MS, family: "auto" } } as const;
  const balto = await start(
    serving(
      Array.from({ length: ROUTES }, (_, at) => ({
        name: `route ${at}`,
        domains: [`d${at}.test`],
        pattern: `/*`,
        to: [url, other!.url],
        policy,
      })),
    ),
    { workers: 2, env: { ...SHORT_REST, BALTO_DNS_SERVERS: dns.address } },
  );
  const clients = await Promise.all([1, 2, 3, 4].map(() => Client.to(balto.port)));
  onTestFinished(() => clients.forEach((client) => client.close()));
  /** Both workers have some of the connections, as a rule. */
  const askAll = async (): Promise<string[]> => {
    const texts: string[] = [];
    for (let at = 0; at < ROUTES; at++) {
      const answer = await clients[at % clients.length]!.ask("GET /", [`Host: d${at}.test`]);
      expect(answer.status).toBe(200);
      texts.push(answer.text);
    }
    return texts;
  };
  /** As long as one pool of one worker is left its name is asked for again and again. */
  const isQuiet = async (): Promise<boolean> => {
    const before = dns.questions.length;
    await sleep(QUIET_MS);
    return dns.questions.length === before;
  };
  const requests = async (): Promise<number> =>
    (await scrape(balto.port)).sum("balto_requests_total", { status_code: "200" });

  expect(new Set(await askAll())).toEqual(new Set(["named"]));
  expect(await isQuiet()).toBe(false);
  await untilAsync("every pool given back", isQuiet, 60_000);
  expect(await requests()).toBe(ROUTES);

  // Turns go on where they were, also between the workers, and the name is asked for anew.
  const asked = dns.questions.length;
  expect(new Set(await askAll())).toEqual(new Set(["other"]));
  expect(new Set(await askAll())).toEqual(new Set(["named"]));
  expect(dns.questions.length).toBeGreaterThan(asked);

  // What an operator has taken out is out whatever becomes of its pool.
  const id = encodeURIComponent(`d7.test-${url}`);
  const drained = await ask(balto.port, `POST /balto/backends/${id}/drain`, [TOKEN]);
  expect(drained.status).toBe(200);
  await untilAsync("every pool given back once more", isQuiet, 60_000);
  const texts = [...(await askAll()), ...(await askAll())];
  expect(texts.filter((text) => text === "named")).toHaveLength(ROUTES - 1);
  expect([texts[7], texts[ROUTES + 7]]).toEqual(["other", "other"]);
  expect(await requests()).toBe(5 * ROUTES);
  await untilAsync("every pool given back at the end", isQuiet, 60_000);
});

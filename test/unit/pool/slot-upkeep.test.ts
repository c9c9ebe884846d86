/** What the main thread does for the memory of pools when an artifact comes. */
import { expect, test } from "vitest";

import { openArtifact, type View } from "../../../artifact/view.ts";
import { SlotUpkeep } from "../../../dataplane/pool/slot-upkeep.ts";
import { identityOf } from "../../../dataplane/pool/state/identity.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { serving } from "../../harness/artifact.ts";

const view = (...urls: string[]): View => openArtifact(serving({ name: "web", to: urls }));
const references = new Map([["${env:URL}", "http://10.0.0.7:80"]]);

test("what an artifact names keeps its slot although nobody uses it; what none names loses it", async () => {
  const main = PoolState.create(1);
  const worker = PoolState.over(main.buffer, 0);
  const upkeep = new SlotUpkeep(main);
  upkeep.serve(view("http://10.0.0.1:80", "http://10.0.0.2:80", "${env:URL}"), references);
  const urls = ["http://10.0.0.1:80", "http://10.0.0.2:80", "http://10.0.0.7:80"];
  const identities = [identityOf("web"), ...urls.map((url) => identityOf("web", url))];
  const endpoint = identityOf("web", urls[0], "10.0.0.9:80");
  const slots = [...identities, endpoint].map((identity) => worker.acquire(identity));
  expect(await upkeep.collect()).toBe(0);
  for (const slot of slots) worker.release(slot);
  // An endpoint is named by no artifact.
  expect(await upkeep.collect()).toBe(1);
  expect(identities.map((identity) => main.acquire(identity))).toEqual(slots.slice(0, 4));
  for (const slot of slots.slice(0, 4)) main.release(slot);

  upkeep.serve(view("http://10.0.0.2:80"), references);
  expect(await upkeep.collect()).toBe(2);
  expect(await upkeep.collect()).toBe(0);
  upkeep.stop();
});

test("what is not done when another artifact comes is left to the next time", async () => {
  const main = PoolState.create(1);
  const worker = PoolState.over(main.buffer, 0);
  main.reserve(10_000);
  const upkeep = new SlotUpkeep(main);
  upkeep.serve(view("http://10.0.0.1:80"), references);
  const gone = Array.from({ length: 5_000 }, (_, at) =>
    identityOf("gone", `http://10.0.0.1:${at}`),
  );
  for (const identity of gone) worker.release(worker.acquire(identity));
  const collecting = upkeep.collect();
  upkeep.serve(view(...gone.slice(0, 3).map((_, at) => `http://10.0.0.1:${at + 1}`)), references);
  expect(await collecting).toBe(0);
  expect(await upkeep.collect()).toBe(5_000);
  upkeep.stop();
});

/** What the main thread does for the memory of pools when an artifact comes. */
import { expect, test } from "vitest";

import { openArtifact, type View } from "../../../artifact/view.ts";
import { SlotUpkeep } from "../../../dataplane/pool/slot-upkeep.ts";
import { identityOf } from "../../../dataplane/pool/state/identity.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { serving } from "../../harness/artifact.ts";

const view = (...urls: string[]): View => openArtifact(serving({ name: "web", to: urls }));
const resolved = new Map([["${env:URL}", "http://10.0.0.7:80"]]);

test("what an artifact names keeps its slot although nobody uses it; what none names loses it", () => {
  const main = PoolState.create(1);
  const worker = PoolState.over(main.buffer, 0);
  const upkeep = new SlotUpkeep(main);
  upkeep.serve(view("http://10.0.0.1:80", "http://10.0.0.2:80", "${env:URL}"), resolved);
  const urls = ["http://10.0.0.1:80", "http://10.0.0.2:80", "http://10.0.0.7:80"];
  const identities = [identityOf("web"), ...urls.map((url) => identityOf("web", url))];
  const endpoint = identityOf("web", urls[0], "10.0.0.9:80");
  const slots = [...identities, endpoint].map((identity) => worker.acquire(identity));
  expect(upkeep.collect()).toBe(0);
  for (const slot of slots) worker.release(slot);
  // An endpoint is named by no artifact.
  expect(upkeep.collect()).toBe(1);
  expect(identities.map((identity) => main.acquire(identity))).toEqual(slots.slice(0, 4));
  for (const slot of slots.slice(0, 4)) main.release(slot);

  upkeep.serve(view("http://10.0.0.2:80"), resolved);
  expect(upkeep.collect()).toBe(2);
  expect(upkeep.collect()).toBe(0);
  upkeep.stop();
});

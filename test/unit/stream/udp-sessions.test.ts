// UDP sessions: the one that has been idle for longest is always at hand.

import { expect, test } from "vitest";

import type { UdpSession } from "../../../dataplane/stream/udp-session.ts";
import { UdpSessions } from "../../../dataplane/stream/udp-sessions.ts";
import { Random } from "../../fuzz/random.ts";

test("the order is that of use, whatever comes, is used and goes", () => {
  const sessions = new UdpSessions();
  const random = new Random(1);
  // Oldest first; a session is what the table knows of it.
  let order: UdpSession[] = [];
  for (let n = 0; n < 5_000; n++) {
    const one = order.length > 0 ? random.pick(order) : undefined;
    const what = random.below(3);
    if (what === 0 || one === undefined) {
      const session = { key: `${n}`, older: undefined, newer: undefined } as UdpSession;
      sessions.add(session);
      order.push(session);
    } else if (what === 1) {
      sessions.touch(one);
      order = [...order.filter((other) => other !== one), one];
    } else {
      sessions.remove(one);
      sessions.remove(one);
      sessions.touch(one);
      order = order.filter((other) => other !== one);
      expect(sessions.find(one.key)).toBeUndefined();
    }
    expect(sessions.size).toBe(order.length);
    expect(sessions.oldest).toBe(order[0]);
  }
  const seen: UdpSession[] = [];
  for (let at = sessions.oldest; at !== undefined; at = at.newer) seen.push(at);
  expect(seen).toEqual(order);
});

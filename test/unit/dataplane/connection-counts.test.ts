/** Connection counts: exact over all workers, and what happens where they cannot be. */
import { expect, test } from "vitest";

import {
  clientKey,
  clientOf,
  ConnectionCounter,
  ConnectionCounts,
  NO_TICKET,
  plainAddress,
} from "../../../dataplane/connection-counts.ts";

function setUp(workers: number, connectionsMax: number, clientConnectionsMax: number) {
  const counts = ConnectionCounts.create(workers);
  counts.setLimits({ connectionsMax, clientConnectionsMax });
  const counters = Array.from(
    { length: workers },
    // Another thread sees no more than the memory.
    (_, worker) => new ConnectionCounter(ConnectionCounts.over(counts.memory), worker),
  );
  return { counts, counters };
}

test("the total holds for all workers together, and what is closed makes room anywhere", () => {
  const { counts, counters } = setUp(3, 4, 0);
  const [a, b, c] = counters as [ConnectionCounter, ConnectionCounter, ConnectionCounter];
  const tickets = [a, b, b, c].map((counter) => counter.open("10.0.0.1", false));
  expect(tickets).not.toContain(NO_TICKET);
  expect([a, b, c].map((counter) => counter.open("10.0.0.2", true))).toEqual(
    [0, 0, 0].map(() => NO_TICKET),
  );
  expect([counts.clients, counts.refused("connections"), counts.refused("client")]).toEqual([
    4, 3, 0,
  ]);
  c.close(tickets[3]!);
  expect(counts.clients).toBe(3);
  expect(a.open("10.0.0.2", false)).not.toBe(NO_TICKET);
  expect(b.open("10.0.0.2", false)).toBe(NO_TICKET);
});

test("a client's limit holds for all workers together, and for that client", () => {
  const { counts, counters } = setUp(2, 0, 3);
  const [a, b] = counters as [ConnectionCounter, ConnectionCounter];
  const first = a.open("10.0.0.1", false);
  for (const counter of [a, b]) expect(counter.open("10.0.0.1", false)).not.toBe(NO_TICKET);
  for (const counter of [a, b]) expect(counter.open("10.0.0.1", false)).toBe(NO_TICKET);
  expect(a.open("10.0.0.2", false)).not.toBe(NO_TICKET);
  expect(b.open("10.0.0.1", true), "a trusted proxy's").not.toBe(NO_TICKET);
  expect([counts.clients, counts.refused("client")]).toEqual([5, 2]);
  a.close(first);
  expect(b.open("10.0.0.1", false)).not.toBe(NO_TICKET);
  expect(b.open("10.0.0.1", false)).toBe(NO_TICKET);
});

test("a limit that comes later counts what is there already", () => {
  const { counts, counters } = setUp(1, 0, 0);
  const [a] = counters as [ConnectionCounter];
  for (let n = 0; n < 5; n++) expect(a.open("10.0.0.1", false)).not.toBe(NO_TICKET);
  counts.setLimits({ connectionsMax: 0, clientConnectionsMax: 5 });
  expect(a.open("10.0.0.1", false)).toBe(NO_TICKET);
  counts.setLimits({ connectionsMax: 5, clientConnectionsMax: 0 });
  expect(a.open("10.0.0.2", false)).toBe(NO_TICKET);
  counts.setLimits({ connectionsMax: 0, clientConnectionsMax: 0 });
  expect(a.open("10.0.0.1", false)).not.toBe(NO_TICKET);
});

test("a worker that has died leaves nothing behind but its refusals", () => {
  const { counts, counters } = setUp(2, 5, 2);
  const [a, b] = counters as [ConnectionCounter, ConnectionCounter];
  for (let n = 0; n < 3; n++) a.open("10.0.0.1", false);
  b.open("10.0.0.1", true);
  counts.forget(0);
  expect([counts.clients, counts.refused("client")]).toEqual([1, 1]);
  for (let n = 0; n < 2; n++) expect(b.open("10.0.0.1", false)).not.toBe(NO_TICKET);
  expect(b.open("10.0.0.1", false)).toBe(NO_TICKET);
});

test("clients come and go by the million, and each is counted rightly", () => {
  const { counts, counters } = setUp(2, 0, 1);
  const [a, b] = counters as [ConnectionCounter, ConnectionCounter];
  const open: number[] = [];
  for (let n = 0; n < 1_000_000; n++) {
    const address = `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    open.push(a.open(address, false));
    if (n % 10_007 === 0) expect(b.open(address, false)).toBe(NO_TICKET);
    if (open.length > 10_000) a.close(open.shift()!);
  }
  expect(open).not.toContain(NO_TICKET);
  for (const ticket of open) a.close(ticket);
  expect([counts.clients, counts.clientConnections(clientKey("10.15.66.63", counts.seed))]).toEqual(
    [0, 0],
  );
});

test("where a worker's table is full, further clients are counted in the total alone", () => {
  const { counts, counters } = setUp(1, 0, 1);
  const [a] = counters as [ConnectionCounter];
  const tickets = Array.from({ length: 100_000 }, (_, n) =>
    a.open(`10.0.${n >> 8}.${n & 255}`, false),
  );
  // No two of IPv4 share a key.
  expect([counts.clients, counts.refused("client")]).toEqual([100_000, 0]);
  for (const ticket of tickets) a.close(ticket);
  expect(counts.clients).toBe(0);
  const fresh = Array.from({ length: 1000 }, (_, n) => a.open(`11.0.${n >> 8}.${n & 255}`, false));
  expect(fresh.filter((ticket) => ticket === NO_TICKET).length).toBeLessThan(2);
});

test.each([
  ["10.0.0.7", "10.0.0.7"],
  ["::ffff:10.0.0.7", "10.0.0.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::5:6", "2001:db8:0:0"],
  ["2001:db8:1:2::", "2001:db8:1:2"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["64:ff9b::10.0.0.7", "64:ff9b:0:0"],
  ["", ""],
])("of the address %j the client is %j", (address, client) => {
  expect(clientOf(plainAddress(address))).toBe(client);
});

/** The name resolver: what DNS says, from a real name server. */
import { expect, test } from "vitest";

import { NameResolver, nameServers } from "../../../dataplane/pool/name-resolver.ts";
import { type DnsRecords, DnsServer } from "../../harness/dns-server.ts";

const resolverOf = async (
  records: Readonly<Record<string, DnsRecords>>,
): Promise<{ server: DnsServer; resolver: NameResolver }> => {
  const server = await DnsServer.start(records);
  return { server, resolver: new NameResolver([server.address]) };
};

const plain = { port: 0, weight: 1, priority: 0, target: "" };

test("each address of a name is an endpoint, in the same order whatever the answer's", async () => {
  const { resolver } = await resolverOf({ "users.test": { a: ["10.0.0.3", "10.0.0.1"] } });
  expect(await resolver.resolve("users.test", "auto", [])).toEqual([
    { ...plain, address: "10.0.0.1" },
    { ...plain, address: "10.0.0.3" },
  ]);
});

test("one family is in use at a time: IPv6 only where there is no IPv4", async () => {
  const both = { a: ["10.0.0.1"], aaaa: ["fd00::1"] };
  const { resolver, server } = await resolverOf({
    "both.test": both,
    "six.test": { aaaa: ["fd00::6"] },
  });
  const addresses = async (name: string, family: "auto" | "ipv4" | "ipv6"): Promise<string[]> =>
    (await resolver.resolve(name, family, [])).map(({ address }) => address);
  expect(await addresses("both.test", "auto")).toEqual(["10.0.0.1"]);
  expect(await addresses("both.test", "ipv4")).toEqual(["10.0.0.1"]);
  expect(await addresses("both.test", "ipv6")).toEqual(["fd00::1"]);
  expect(await addresses("six.test", "auto")).toEqual(["fd00::6"]);
  await expect(addresses("six.test", "ipv4")).rejects.toThrow("ENODATA");
  await expect(addresses("none.test", "auto")).rejects.toThrow("ENOTFOUND");
  expect(server.questions).toEqual([
    "both.test a",
    "both.test a",
    "both.test aaaa",
    "six.test a",
    "six.test aaaa",
    "six.test a",
    "none.test a",
    "none.test aaaa",
  ]);
});

test("an answer is asked for each time, not remembered", async () => {
  const { resolver, server } = await resolverOf({ "users.test": { a: ["10.0.0.1"] } });
  await resolver.resolve("users.test", "auto", []);
  server.records.set("users.test", { a: ["10.0.0.2"] });
  expect(await resolver.resolve("users.test", "auto", [])).toEqual([
    { ...plain, address: "10.0.0.2" },
  ]);
});

test("SRV records give port, priority and weight, the latter without what all have in common", async () => {
  const { resolver } = await resolverOf({
    "_http._tcp.users.test": {
      srv: [
        { target: "a.users.test", port: 8001, priority: 0, weight: 20 },
        { target: "b.users.test", port: 8002, priority: 0, weight: 60 },
        { target: "b.users.test", port: 8003, priority: 7, weight: 20 },
      ],
    },
    "a.users.test": { a: ["10.0.0.1"] },
    "b.users.test": { a: ["10.0.0.2"] },
  });
  expect(await resolver.resolve("_http._tcp.users.test", "auto", [])).toEqual([
    { address: "10.0.0.1", port: 8001, priority: 0, weight: 1, target: "a.users.test" },
    { address: "10.0.0.2", port: 8002, priority: 0, weight: 3, target: "b.users.test" },
    { address: "10.0.0.2", port: 8003, priority: 7, weight: 1, target: "b.users.test" },
  ]);
});

test("an SRV weight of 0 is the least there is", async () => {
  const srv = [0, 10].map((weight) => ({ target: "a.users.test", port: 8000 + weight, weight }));
  const { resolver } = await resolverOf({
    "_http._tcp.users.test": { srv },
    "a.users.test": { a: ["10.0.0.1"] },
  });
  const endpoints = await resolver.resolve("_http._tcp.users.test", "auto", []);
  expect(endpoints.map(({ port, weight }) => [port, weight])).toEqual([
    [8000, 1],
    [8010, 10],
  ]);
});

test("a target whose own question fails keeps the addresses it had", async () => {
  const srv = ["a", "b"].map((name) => ({ target: `${name}.users.test`, port: 8000 }));
  const { resolver, server } = await resolverOf({
    "_http._tcp.users.test": { srv },
    "a.users.test": { a: ["10.0.0.1"] },
    "b.users.test": { a: ["10.0.0.2"] },
  });
  const before = await resolver.resolve("_http._tcp.users.test", "auto", []);
  server.records.delete("b.users.test");
  expect(await resolver.resolve("_http._tcp.users.test", "auto", before)).toEqual(before);
  server.records.delete("a.users.test");
  await expect(resolver.resolve("_http._tcp.users.test", "auto", [])).rejects.toThrow("ENOTFOUND");
});

test("a name server that says nothing is given up on", async () => {
  const { resolver, server } = await resolverOf({ "users.test": { a: ["10.0.0.1"] } });
  server.isSilent = true;
  await expect(resolver.resolve("users.test", "auto", [])).rejects.toThrow("ETIMEOUT");
});

test("without name servers of its own it asks the system", async () => {
  const resolver = new NameResolver([]);
  const found = await resolver.resolve("localhost", "auto", []);
  expect(found.map(({ address }) => address)).toContain("127.0.0.1");
});

test("name servers are given as addresses, with ports where they are others than 53", () => {
  expect(nameServers({})).toEqual([]);
  expect(nameServers({ BALTO_DNS_SERVERS: " " })).toEqual([]);
  expect(nameServers({ BALTO_DNS_SERVERS: "10.0.0.2, [fd00::53]:5353,10.0.0.3:53" })).toEqual([
    "10.0.0.2",
    "[fd00::53]:5353",
    "10.0.0.3:53",
  ]);
  for (const text of ["dns.example.com", "10.0.0.2,", "10.0.0"]) {
    expect(nameServers({ BALTO_DNS_SERVERS: text })).toContain("is not ip or ip:port");
  }
});

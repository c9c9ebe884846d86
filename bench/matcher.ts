/**
 * The matcher: nanoseconds from host, method and path bytes to a route, at 1, 1,000 and 100,000
 * routes. "any" asks for another route each time, so that the caches do not help.
 */
import { encode } from "../artifact/encode.ts";
import { Matcher, NO_ROUTE } from "../artifact/match.ts";
import type { Service } from "../artifact/model.ts";
import { openArtifact } from "../artifact/view.ts";
import { modelOf, pathOf } from "./artifact-model.ts";
import { bytesPerMillionCalls, nsPerCall, printTable } from "./harness.ts";

/** Measures and prints one table. */
export async function run(): Promise<void> {
  const rows: string[][] = [];
  for (const count of [1, 1_000, 100_000]) rows.push(await rowOf(count));
  const head = ["routes", "first", "last", "any", "no path", "no host", "bytes a million calls"];
  printTable("matcher: host, method and path to route, ns", head, rows);
}

async function rowOf(count: number): Promise<string[]> {
  const { services, ...model } = modelOf(count);
  const matcher = new Matcher(openArtifact(encode({ ...model, services })));
  const caller = (requests: readonly Request[]) => callerOf(matcher, requests);
  const first = services[0]!;
  const last = services.at(-1)!;
  const any = Array.from({ length: REQUESTS }, (_, i) => services[(i * 7_919) % count]!);
  const calls = [
    caller([requestOf(first)]),
    caller([requestOf(last)]),
    caller(any.map(requestOf)),
    caller([{ ...requestOf(last), path: Buffer.from("/api/v1/nothing/here") }]),
    caller([{ ...requestOf(last), host: Buffer.from("nobody.example.com") }]),
  ];
  const expected = [0, count - 1, undefined, NO_ROUTE, NO_ROUTE];
  calls.forEach((call, index) => {
    const route = call();
    if (expected[index] !== undefined && route !== expected[index]) throw new Error("wrong route");
  });
  const times: number[] = [];
  for (const call of calls) times.push(await nsPerCall(call));
  const bytes = bytesPerMillionCalls(calls[2]!);
  return [count.toLocaleString("en"), ...times.map((ns) => ns.toFixed(1)), bytes.toString()];
}

const REQUESTS = 4_096;

interface Request {
  host: Buffer;
  path: Buffer;
}

function requestOf(service: Service): Request {
  return { host: Buffer.from(service.domains[0]!), path: Buffer.from(pathOf(service)) };
}

/** Asks for one request after the other, round and round. */
function callerOf(matcher: Matcher, requests: readonly Request[]): () => number {
  const method = Buffer.from("GET");
  let next = 0;
  return () => {
    const { host, path } = requests[next]!;
    if (++next === requests.length) next = 0;
    const row = matcher.host(host, 0, host.length);
    const bit = matcher.methodBit(method, 0, method.length);
    return matcher.match(row, bit, path, 0, path.length);
  };
}

if (import.meta.main) await run();

/**
 * Route tests as they are written: read from the files under tests/ of a tree, with whatever is wrong with
 * them as diagnostics.
 */
import type { Model } from "../../artifact/model.ts";
import { TEST_REQUEST_DEFAULTS } from "../../schema/defaults.gen.ts";
import type {
  Expectation as ExpectationBlock,
  RouteTest as RouteTestBlock,
  TestRequest,
  TestsFile,
} from "../../schema/types.gen.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { DiagnosticLog } from "../diagnostic-log.ts";
import { hostOf } from "../explain/refusal.ts";
import { type Field, fieldFault, type Request } from "../explain/request.ts";
import { placeText } from "../explain/route-ref.ts";
import { nearest } from "../nearest.ts";
import { collectTests } from "../parse/collect-files.ts";
import { parse } from "../parse/parse.ts";
import { headOf, itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { field } from "../resolve/field.ts";
import { addressGroups } from "../resolve/network.ts";
import type { Span } from "../source-text.ts";
import type { SourceTree } from "../source-tree.ts";
import { validate } from "../validate/validate.ts";

/** One request, and what is to become of it. */
export interface RouteTest {
  name: string;
  /** `file:line:column` in the tree. */
  place: string;
  request: Request;
  expected: Expectation;
}

/** What is left out is not looked at. */
export interface Expectation {
  /** Null: no route takes it. */
  route?: string | null;
  pool?: string;
  path?: string;
  /** Null: the backend must not see it. */
  headers: { name: string; value: string | null }[];
  status?: number;
  allow?: string[];
}

/** The tests of a tree. Those that are wrong are reported and left out. */
export interface RouteTests {
  tests: RouteTest[];
  /** Sorted by file, line, column and code. */
  diagnostics: Diagnostic[];
}

/**
 * Reads the tests of a tree.
 *
 * @param model of the same tree: names of routes and pools are looked up there. Left out, they are not.
 */
export function readRouteTests(tree: SourceTree, model?: Model): RouteTests {
  const log = new DiagnosticLog();
  const names = model && {
    service: model.services.map(({ name }) => name),
    pool: model.pools.map(({ key }) => key),
  };
  const tests: RouteTest[] = [];
  for (const file of collectTests(tree, log)) {
    const parsed = parse(file, log);
    if (parsed === undefined) continue;
    validate(parsed, log);
    for (const node of itemsOf(field<TestsFile>(parsed.root, "tests"))) {
      const test = node.kind === "map" ? readTest(node, names, log) : undefined;
      if (test !== undefined) tests.push(test);
    }
  }
  return { tests, diagnostics: log.sorted() };
}

interface Names {
  service: readonly string[];
  pool: readonly string[];
}

function readTest(
  node: YamlNode,
  names: Names | undefined,
  log: DiagnosticLog,
): RouteTest | undefined {
  const request = readRequest(field<RouteTestBlock>(node, "request"), log);
  const expect = field<RouteTestBlock>(node, "expect");
  if (request === undefined || expect?.kind !== "map") return undefined;
  const expected = readExpectation(expect, names, log);
  if (expected === undefined) return undefined;
  const { source, start } = headOf(node);
  const name =
    textOf(field<RouteTestBlock>(node, "name")) ??
    `${request.method} ${request.authority}${request.target}`;
  return {
    name,
    place: placeText({ file: source.path, ...source.position(start) }),
    request,
    expected,
  };
}

function readRequest(node: YamlNode | undefined, log: DiagnosticLog): Request | undefined {
  const host = field<TestRequest>(node, "host");
  const path = field<TestRequest>(node, "path");
  const authority = textOf(host);
  const target = textOf(path);
  if (host === undefined || authority === undefined) return undefined;
  if (path === undefined || target === undefined) return undefined;
  if (hostOf(authority) === undefined) {
    return refuse(
      host,
      `"${authority}" is not a host`,
      "write a name such as api.example.com",
      log,
    );
  }
  if (!target.startsWith("/") && target !== "*") {
    return refuse(path, `"${target}" does not begin with a slash`, `write /${target}`, log);
  }
  const fields = readFields(field<TestRequest>(node, "headers"), log);
  const from = field<TestRequest>(node, "from");
  const peer = textOf(from) ?? TEST_REQUEST_DEFAULTS.from;
  if (from !== undefined && addressGroups(peer) === undefined) {
    return refuse(from, `"${peer}" is not an address`, "write an IPv4 or IPv6 address", log);
  }
  if (fields === undefined) return undefined;
  const https = field<TestRequest>(node, "https");
  return {
    method: textOf(field<TestRequest>(node, "method")) ?? TEST_REQUEST_DEFAULTS.method,
    scheme: https?.kind === "scalar" && https.value === true ? "https" : "http",
    authority,
    target,
    fields,
    peer,
  };
}

/** The fields of a mapping, a list of values as several of one name; undefined after an error. */
function readFields(node: YamlNode | undefined, log: DiagnosticLog): Field[] | undefined {
  const fields: Field[] = [];
  for (const [name, { key, value }] of entriesOf(node)) {
    for (const item of value.kind === "list" ? value.items : [value]) {
      const read = { name, value: textOf(item)?.trim() ?? "" };
      const fault = name.toLowerCase() === "host" ? "Host is said by `host`" : fieldFault(read);
      if (fault !== undefined) return refuse(key, fault, "send what a client could send", log);
      fields.push(read);
    }
  }
  return fields;
}

function readExpectation(
  node: YamlNode,
  names: Names | undefined,
  log: DiagnosticLog,
): Expectation | undefined {
  const at = (key: keyof ExpectationBlock) => field<ExpectationBlock>(node, key);
  const [route, pool, path, status, allow] = [
    at("route"),
    at("pool"),
    at("path"),
    at("status"),
    at("allow"),
  ];
  const isNone = route?.kind === "scalar" && route.value === null;
  const known =
    (isNone || checkName(route, "service", names?.service, log)) &&
    checkName(pool, "pool", names?.pool, log);
  if (!known) return undefined;
  const headers = [...entriesOf(at("headers"))].map(([name, { value }]) => {
    return { name, value: textOf(value) ?? null };
  });
  const [routeName, poolName, target] = [textOf(route), textOf(pool), textOf(path)];
  const code = status?.kind === "scalar" ? status.value : undefined;
  const expected: Expectation = {
    headers,
    ...(isNone ? { route: null } : routeName === undefined ? {} : { route: routeName }),
    ...(poolName === undefined ? {} : { pool: poolName }),
    ...(target === undefined ? {} : { path: target }),
    ...(typeof code === "number" ? { status: code } : {}),
    ...(allow === undefined ? {} : { allow: itemsOf(allow).flatMap((item) => textOf(item) ?? []) }),
  };
  if (Object.keys(expected).length > 1 || headers.length > 0) return expected;
  log.report("BAL6003", headOf(node), {});
  return undefined;
}

function checkName(
  node: YamlNode | undefined,
  what: "service" | "pool",
  known: readonly string[] | undefined,
  log: DiagnosticLog,
): boolean {
  const name = textOf(node);
  if (node === undefined || name === undefined || known === undefined) return true;
  if (known.includes(name)) return true;
  log.report("BAL6002", node, { what, name, near: nearest(name, known) });
  return false;
}

function* entriesOf(
  node: YamlNode | undefined,
): Iterable<[string, { key: Span; value: YamlNode }]> {
  if (node?.kind === "map") yield* node.entries;
}

/** A scalar as a text; undefined for null and whatever is no scalar. */
function textOf(node: YamlNode | undefined): string | undefined {
  if (node?.kind !== "scalar" || node.value === null || node.changed) return undefined;
  return String(node.value);
}

function refuse(at: Span, reason: string, help: string, log: DiagnosticLog): undefined {
  log.report("BAL6001", at, { reason, help });
  return undefined;
}

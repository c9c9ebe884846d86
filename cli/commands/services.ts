/** `balto services`: the REST API for people. */
import { readFileSync } from "node:fs";

import { API_FLAGS, type ApiAnswer, ApiClient } from "../api-client.ts";
import { command } from "../command.ts";
import type { AnyCommand, FlagValues } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { Failure, reason, UsageError } from "../failure.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

const ACTIONS = ["list", "get", "add", "set", "rm"] as const;
type Action = (typeof ACTIONS)[number];

const FLAGS = {
  domain: { type: "string", value: "HOST", summary: "The host of the service" },
  path: { type: "string", value: "PATTERN", summary: "Its path pattern" },
  ports: { type: "string", value: "LIST", summary: "Its backends: 8081,10.0.0.7:8080,http://…" },
  name: { type: "string", value: "NAME", summary: "Its name" },
  file: {
    type: "string",
    value: "FILE",
    summary: "The keys of the service as JSON; - is standard input",
  },
  replace: { type: "boolean", summary: "set: remove the keys that are not given" },
  "dry-run": { type: "boolean", summary: "Write nothing, show what would be written" },
  "if-match": { type: "string", value: "ETAG", summary: "Only if it still is that version" },
  author: { type: "string", value: "AUTHOR", summary: "Author of the commit: Name <address>" },
  format: {
    type: "string",
    value: "FORMAT",
    choices: ["text", "json"],
    summary: "How to print it",
  },
  ...API_FLAGS,
} as const;

type ServicesFlags = FlagValues<typeof FLAGS>;

export const servicesCommand: AnyCommand = command({
  name: "services",
  summary: "List, show, add, change and remove services of a Balto that runs",
  description: `
list shows all of them, get one, add makes one, set changes the keys that are given, rm removes one. A
change is done when the command ends: it is in the config tree, and served. SERVICE is an id or its first
digits, a name, or host and path as in api.example.com/api/v1/*.

The token comes from BALTO_ADMIN_TOKEN, the file BALTO_ADMIN_TOKEN_FILE names, or the file that Balto made
at its first start.`,
  operand: {
    name: "ACTION",
    summary: `One of ${ACTIONS.join(", ")}`,
    choices: ACTIONS,
    required: `what should be done: ${ACTIONS.join(", ")}?`,
  },
  further: [{ name: "SERVICE", summary: "Which service: get, set and rm need it" }],
  flags: FLAGS,
  examples: [
    "balto services list",
    "balto services add --domain api.example.com --path '/api/v1/*' --ports 8081,8082",
    "balto services set api.example.com/api/v1/* --ports 8081,8084",
    "balto services get api.example.com/api/v1/* --format json",
    "balto services rm api.example.com/api/v1/* --dry-run",
  ],
  run: async ({ operands, flags, terminal }) => {
    const [action, wanted] = operands as [Action, string?];
    if (action !== "list" && action !== "add" && wanted === undefined) {
      throw new UsageError(`SERVICE is missing: which one should ${action} mean?`, [
        `for example: balto services ${action} api.example.com/api/v1/*`,
      ]);
    }
    if ((action === "list" || action === "add") && wanted !== undefined) {
      throw new UsageError(`"${wanted}" is too much: ${action} takes no SERVICE`, []);
    }
    const api = new ApiClient(flags.url, terminal);
    try {
      await ACT[action]({ api, wanted: wanted ?? "", flags, terminal });
      return EXIT_OK;
    } finally {
      await api.close();
    }
  },
});

interface Work {
  api: ApiClient;
  wanted: string;
  flags: ServicesFlags;
  terminal: Terminal;
}

const ACT: Readonly<Record<Action, (work: Work) => Promise<void>>> = {
  list: async ({ api, flags, terminal }) => {
    const services = await listed(api);
    if (flags.format === "json") return terminal.out(`${JSON.stringify(services, null, 2)}\n`);
    const columns = ["ID", "HOST", "PATH", "BACKENDS", "UPDATED"].map((title) => ({ title }));
    const rows = services
      .toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
      .map((service) => [
        service.id.slice(0, 12),
        service.domain,
        service.path_prefix,
        service.ports.join(" "),
        service.updated_at ?? "",
      ]);
    return terminal.out(`${table(columns, rows).join("\n")}\n`);
  },
  get: async ({ api, wanted, flags, terminal }) => {
    const { id } = await found(api, wanted);
    print(await api.expect({ path: pathOf(id) }), flags, terminal);
  },
  add: async ({ api, flags, terminal }) => {
    const body = keysFrom(flags);
    const missing = ["domain", "path_prefix"].filter((key) => body[key] === undefined);
    if (missing.length > 0 && flags.file === undefined) {
      throw new UsageError(
        `${missing.length === 2 ? "--domain and --path are" : "a key is"} missing`,
        ["for example: balto services add --domain api.example.com --path '/api/*' --ports 8081"],
      );
    }
    const question = { method: "POST", path: `/balto/services${query(flags)}`, body } as const;
    print(await api.expect({ ...question, fields: fieldsOf(flags) }), flags, terminal);
  },
  set: async ({ api, wanted, flags, terminal }) => {
    const body = keysFrom(flags);
    if (Object.keys(body).length === 0) {
      throw new UsageError("nothing is to be changed", [
        `for example: balto services set ${wanted} --ports 8081,8084`,
      ]);
    }
    const { id } = await found(api, wanted);
    const method = flags.replace ? "PUT" : "PATCH";
    const question = { method, path: pathOf(id) + query(flags), body } as const;
    print(await api.expect({ ...question, fields: fieldsOf(flags) }), flags, terminal);
  },
  rm: async ({ api, wanted, flags, terminal }) => {
    const service = await found(api, wanted);
    const question = { method: "DELETE", path: pathOf(service.id) + query(flags) } as const;
    const answer = await api.expect({ ...question, fields: fieldsOf(flags) });
    if (answer.status === 204) terminal.note(`removed ${placeOf(service)}\n`);
    else print(answer, flags, terminal);
  },
};

interface Service {
  id: string;
  name?: string;
  domain: string;
  path_prefix: string;
  ports: string[];
  updated_at?: string;
}

async function listed(api: ApiClient): Promise<Service[]> {
  return (await api.expect({ path: "/balto/services" })).json as Service[];
}

/** @throws Failure where it is none, or several */
async function found(api: ApiClient, wanted: string): Promise<Service> {
  const services = await listed(api);
  const exact = services.filter(
    (service) =>
      service.id === wanted ||
      service.name === wanted ||
      placeOf(service) === wanted ||
      `${service.domain}-${service.path_prefix}` === wanted,
  );
  const some =
    exact.length > 0 || !/^[0-9a-f]{6,}$/.test(wanted)
      ? exact
      : services.filter(({ id }) => id.startsWith(wanted));
  const [service, another] = some;
  if (service === undefined) {
    throw new Failure(`there is no service ${wanted}`, "`balto services list` shows all of them");
  }
  if (another !== undefined) {
    const ids = some.map(({ id }) => id).join("\n  ");
    throw new Failure(`${some.length} services are ${wanted}: name one by its id`, ids);
  }
  return service;
}

function placeOf({ domain, path_prefix: pattern }: Service): string {
  return domain + pattern;
}

function pathOf(id: string): string {
  return `/balto/services/${encodeURIComponent(id)}`;
}

/** @throws UsageError, Failure */
function keysFrom(flags: ServicesFlags): Record<string, unknown> {
  const { domain, path, ports, name, file } = flags;
  const keys: Record<string, unknown> = file === undefined ? {} : keysOfFile(file);
  if (name !== undefined) keys["name"] = name;
  if (domain !== undefined) keys["domain"] = domain;
  if (path !== undefined) keys["path_prefix"] = path;
  if (ports !== undefined) keys["ports"] = ports.split(",").map((port) => port.trim());
  return keys;
}

function keysOfFile(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    throw new Failure(`${file === "-" ? "standard input" : file} is no JSON: ${reason(error)}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { ...value };
  }
  throw new Failure(`${file}: the keys of a service are wanted, as a JSON object`);
}

function query(flags: ServicesFlags): string {
  return flags["dry-run"] ? "?dry_run=true" : "";
}

function fieldsOf(flags: ServicesFlags): Record<string, string> {
  const { author, "if-match": ifMatch } = flags;
  return {
    ...(author === undefined ? {} : { "balto-author": Buffer.from(author).toString("latin1") }),
    ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
  };
}

/** A service key by key, or the diff of what would be written. */
function print(answer: ApiAnswer, { format }: ServicesFlags, terminal: Terminal): void {
  const json = answer.json as Record<string, unknown>;
  if (format === "json") return terminal.out(`${JSON.stringify(json, null, 2)}\n`);
  if (json["dry_run"] === true) return terminal.out(String(json["diff"]));
  const etag = answer.field("etag");
  const rows = [...Object.entries(json), ...(etag === undefined ? [] : [["etag", etag]])];
  const width = Math.max(...rows.map(([key]) => String(key).length));
  const lines = rows.map(([key, value]) => `${String(key).padEnd(width)}  ${textOf(value)}\n`);
  return terminal.out(lines.join(""));
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
  return isList ? value.join(" ") : JSON.stringify(value);
}

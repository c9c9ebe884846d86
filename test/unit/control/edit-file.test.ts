// Edits of YAML files: what is asked for changes, and not a character more.

import { expect, it } from "vitest";

import { SERVICE_KEYS } from "../../../control/service/service-value.ts";
import { EditError, editService, readYaml, type Slot } from "../../../control/yaml/edit-file.ts";
import type { Plain } from "../../../control/yaml/reshape.ts";
import { unifiedDiff } from "../../../control/yaml/unified-diff.ts";

const LIST = `# Services of the shop. Ask #shop before you change them.

services:
  # Everything that has to do with users.
  - name: users      # the first one
    domain: users.example.com   # no www
    path_prefix: /users/*


    ports: ["8081", "8082"]   # two of them
    timeouts: { read: 5s }

  - domain: b.example.com
    path_prefix: /*
    ports:
      - 3000 # old
      # and a second
      - 3001
`;

const USERS = {
  name: "users",
  domain: "users.example.com",
  path_prefix: "/users/*",
  ports: ["8081", "8082"],
  timeouts: { read: "5s" },
};
const OTHER = { domain: "b.example.com", path_prefix: "/*", ports: [3000, 3001] };

type Value = { [key: string]: Plain };

/** The lines that an edit takes out and puts in. */
function changed(text: string, slot: Slot, value: Value | undefined): string[] {
  const after = editService(text, slot, value, SERVICE_KEYS);
  return unifiedDiff("a.yaml", text, after)
    .split("\n")
    .filter((line) => /^[-+](?![-+][-+] )/.test(line));
}

it("changes one item of a list in one line, and keeps the remark behind it", () => {
  expect(changed(LIST, { index: 0 }, { ...USERS, ports: ["8081", "8084"] })).toEqual([
    '-    ports: ["8081", "8082"]   # two of them',
    '+    ports: ["8081", "8084"]   # two of them',
  ]);
});

it("changes one word of a line", () => {
  expect(changed(LIST, { index: 0 }, { ...USERS, domain: "people.example.com" })).toEqual([
    "-    domain: users.example.com   # no www",
    "+    domain: people.example.com   # no www",
  ]);
});

it("puts a new key where such keys usually stand", () => {
  expect(changed(LIST, { index: 0 }, { ...USERS, methods: ["GET"], enabled: false })).toEqual([
    "+    enabled: false",
    "+    methods: [GET]",
  ]);
});

it("takes out a key", () => {
  const { timeouts: _timeouts, ...rest } = USERS;
  expect(changed(LIST, { index: 0 }, rest)).toEqual(["-    timeouts: { read: 5s }"]);
});

it("puts an item between those of a list in lines, and keeps the remarks there", () => {
  expect(changed(LIST, { index: 1 }, { ...OTHER, ports: [3000, 3005, 3001] })).toEqual([
    "+      - 3005",
  ]);
  expect(changed(LIST, { index: 1 }, { ...OTHER, ports: [3000] })).toEqual([
    "-      # and a second",
    "-      - 3001",
  ]);
});

it("takes a service out of its list, with the remark above it that is its own", () => {
  const after = editService(LIST, { index: 1 }, undefined, SERVICE_KEYS);
  expect(after).toBe(LIST.slice(0, LIST.indexOf("\n  - domain: b.example.com")));
});

it("leaves an empty list where the last service went", () => {
  const text = "services:\n  - { domain: a.b, path_prefix: /, ports: [1] }\n";
  expect(editService(text, { index: 0 }, undefined, SERVICE_KEYS)).toBe("services: []\n");
});

it("edits a file that is one service, and leaves its head as it is", () => {
  const text = `# yaml-language-server: $schema=../schema/service.schema.json

# GET http://api.example.com/api/v1/users/1 reaches one backend after the other.

name: api
domain: api.example.com
path_prefix: /api/v1/*
ports: ["8081", "8082"]
`;
  const value = { name: "api", domain: "api.example.com", path_prefix: "/api/*", ports: ["8081"] };
  expect(changed(text, "whole", value)).toEqual([
    "-path_prefix: /api/v1/*",
    '-ports: ["8081", "8082"]',
    "+path_prefix: /api/*",
    '+ports: ["8081"]',
  ]);
});

it("keeps line ends of Windows", () => {
  const text = "domain: a.example.com\r\npath_prefix: /\r\nports: [1]\r\n";
  const value = { domain: "a.example.com", path_prefix: "/", ports: [2] };
  expect(editService(text, "whole", value, SERVICE_KEYS)).toBe(text.replace("[1]", "[2]"));
});

it("quotes what would otherwise be something else", () => {
  const text = "domain: a.example.com\npath_prefix: /\nports: [1]\n";
  const value = {
    name: "yes: [no]",
    domain: "*",
    path_prefix: "# no",
    ports: ["8081", "true", "a\nb", "{x}", "&a", "*b", "!c", "- d"],
  };
  const after = editService(text, "whole", value, SERVICE_KEYS);
  expect(readYaml(after)?.value).toEqual(value);
});

it("does not touch another service that shares an anchor", () => {
  const text = `services:
  - domain: a.example.com
    path_prefix: /
    ports: &ports [8081]
  - domain: b.example.com
    path_prefix: /
    ports: *ports
`;
  const change = (): string =>
    editService(
      text,
      { index: 0 },
      { domain: "a.example.com", path_prefix: "/", ports: [8082] },
      SERVICE_KEYS,
    );
  expect(change).toThrow(EditError);
  expect(change).toThrow("shares an anchor");
  expect(() => editService(text, { index: 0 }, undefined, SERVICE_KEYS)).toThrow(EditError);
  // Who only refers to it may have a list of its own.
  const own = { domain: "b.example.com", path_prefix: "/", ports: [8082] };
  const after = editService(text, { index: 1 }, own, SERVICE_KEYS);
  expect(readYaml(after)?.value).toMatchObject({
    services: [{ ports: [8081] }, { ports: [8082] }],
  });
});

it("refuses what is no sound YAML document", () => {
  for (const text of ["a: [", "a: 1\n---\nb: 2\n", "a: *b\n"]) {
    expect(() => editService(text, "whole", {}, SERVICE_KEYS)).toThrow(EditError);
  }
});

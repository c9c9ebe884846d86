// What verify refuses although every digest is in order, one thing at a time.

import { expect, test } from "vitest";

import { ArtifactError, openContainer, seal } from "../../artifact/container.ts";
import { encode } from "../../artifact/encode.ts";
import { HAS_LITERALS, NONE, SECTIONS } from "../../artifact/layout.ts";
import type { Predicate, PredicateKind } from "../../artifact/model.ts";
import { openArtifact } from "../../artifact/view.ts";
import { modelOf, POOL_POLICY, route } from "../fixtures/artifact-model.ts";
import { placesOf, tamper } from "../fixtures/tampering.ts";

/**
 * Nodes of `a`: 0 root, 1 "x", 2 "x/:", 3 "x/:/z"; of `b`: 4 root, 5 "x". Candidates: 0 and 1 of
 * node 1, 2 of node 3, 3 of node 5.
 */
const model = modelOf([
  route("GET a /x/*"),
  route("POST a /x/*"),
  route("GET a /x/:y/z"),
  route("POST b /x"),
]);
/** Pools 2 and 3 have tables. */
for (const pool of model.pools.slice(2)) {
  Object.assign(pool, { policy: { ...POOL_POLICY, algorithm: "ip-hash" }, table: [0, 1] });
}
const file = encode(model);

/** Host `a` has the roots 0, 1 and 2, host `b` the root 3 alone. Two expressions, three predicates. */
const conditional = encode(
  modelOf([
    { ...route("GET a /"), priority: 1, predicates: [asks("regex", "a+"), asks("present", "")] },
    { ...route("GET a /"), predicates: [asks("regex", "[bc]")] },
    { ...route("GET a /"), priority: -1 },
    route("GET b /"),
  ]),
);

function asks(kind: PredicateKind, value: string): Predicate {
  return { subject: "header", name: "x", kind, value };
}

/** What is said of a number like `nodes.2.label` when it is something else. */
function complaint(changes: Record<string, number>, of = file): string {
  const places = placesOf(of);
  const tampered = Object.entries(changes).map(([name, value]) => {
    const [section, row, field = ""] = name.split(/\.(?=[0-9])|(?<=[0-9])\./);
    const place = places.find(
      (one) => one.section === section && one.row === Number(row) && one.field === field,
    );
    if (place === undefined) throw new Error(`there is no ${name}`);
    return { offset: place.offset, value };
  });
  return refusal(tamper(of, tampered));
}

function refusal(bytes: Uint8Array): string {
  try {
    openArtifact(bytes);
    return "nothing";
  } catch (error) {
    if (error instanceof ArtifactError) return error.message;
    throw error;
  }
}

test("the places are those that the names below mean", () => {
  expect(complaint({})).toBe("nothing");
  expect(complaint({ "positions.0.line": 7 })).toBe("nothing");
});

test.each<[Record<string, number>, string]>([
  // Fields.
  [{ "services.1.name": 10_000 }, "its services row 1 has name out of range (10000)"],
  [{ "services.1.name": NONE }, "services row 1 has name out of range"],
  [{ "services.3.pool": 4 }, "services row 3 has pool out of range (4)"],
  [{ "services.3.pool": NONE }, "services row 3 has pool out of range"],
  [{ "servicePolicies.0.stripPrefix": 2 }, "Policies row 0 has stripPrefix out of range (2)"],
  [{ "services.1.policy": 1 }, "services row 1 has policy out of range (1)"],
  [{ "services.0.domains": 1_000 }, "services row 0 has domains out of range"],
  [{ "routes.2.methods": 4 }, "routes row 2 has methods out of range (4)"],
  [{ "servicePolicies.0.readMs": 2 ** 31 }, "row 0 has readMs out of range (2147483648)"],
  [{ "poolPolicies.0.algorithm": 9 }, "poolPolicies row 0 has algorithm out of range (9)"],
  [{ "pools.3.policy": NONE }, "pools row 3 has policy out of range"],
  [{ "breakerPolicies.0.timeoutMs": 0 }, "breakerPolicies row 0 has timeoutMs out of range (0)"],
  [{ "statusRanges.0.last": 600 }, "statusRanges row 0 has last out of range (600)"],
  [{ "pools.0.backends": 9 }, "pools row 0 has backends out of range (9)"],
  [{ "pools.0.backends.count": 9 }, "pools row 0 has backends out of range (9)"],
  [{ "pools.3.backends.count": NONE }, "pools row 3 has backends out of range"],
  [{ "backendTraits.0.weight": 0 }, "backendTraits row 0 has weight out of range (0)"],
  [{ "backendTraits.1.weight": 1_000_001 }, "backendTraits row 1 has weight out of range"],
  [{ "hosts.0.kind": 3 }, "hosts row 0 has kind out of range (3)"],
  [{ "hosts.1.root": 6 }, "hosts row 1 has root out of range (6)"],
  [{ "nodes.0.exact": 4 }, "nodes row 0 has exact out of range (4)"],
  [{ "edgeSlots.0.node": 6 }, "edgeSlots row 0 has node out of range (6)"],
  [{ "settings.0.logLevels": 16 }, "settings row 0 has logLevels out of range (16)"],
  [{ "settings.0.anyHost": 2 }, "settings row 0 has anyHost out of range (2)"],
  // Strings.
  [{ "stringEnds.0": 1 }, "its first string is not empty"],
  [{ "stringEnds.1": 10_000 }, "its strings overlap"],
  [{ "strings.0": 0x0a0d0009 }, "its strings hold a control character"],
  [{ "strings.0": 0x7f414141 }, "its strings hold a control character"],
  [{ "strings.0": 0x419bc241 }, "its strings hold a control character"],
  [{ "strings.0": 0x41414180 }, "a string ends inside a character"],
  [{ "strings.0": 0x414141ff }, "its strings are not UTF-8"],
  [{ "strings.0": 0x41afc041 }, "its strings are not UTF-8"],
  // Lists.
  [{ "words.2.more": 1 }, "the last list of its words has no end"],
  [{ "statusRanges.0.more": 1 }, "the last list of its statusRanges has no end"],
  [{ "candidates.3.more": 1 }, "the last list of its candidates has no end"],
  [{ "candidates.0.more": 0 }, "its node 3 has candidates of another"],
  [{ "candidates.1.more": 1 }, "a route of its node 1 has a wrong number of parameters"],
  [{ "nodes.1.rest": 1 }, "its node 1 has candidates of another"],
  [{ "nodes.0.exact": 0 }, "its node 1 has candidates of another"],
  [{ "nodes.5.exact": NONE }, "some of its candidates belong to no node"],
  [{ "candidates.2.route": 0 }, "a route of its node 3 has a wrong number of parameters"],
  [{ "routes.2.parameters": NONE }, "a route of its node 3 has a wrong number of parameters"],
  [{ "routes.0.parameters": 0 }, "a route of its node 1 has a wrong number of parameters"],
  [{ "services.0.domains": NONE }, "its services have not one candidate a domain"],
  // Tries.
  [{ "nodes.1.parent": 1 }, "its node 1 stands before its parent"],
  [{ "nodes.1.parent": 2 }, "its node 1 stands before its parent"],
  [{ "nodes.1.parent": NONE }, "its node 1 is a root with a label"],
  [{ "nodes.0.children": 4 }, "nodes row 0 has children out of range (4)"],
  [{ "nodes.3.children": 2 }, "its node 3 has a parameter, and the next node is not its child"],
  [{ "nodes.5.children": 2 }, "its node 5 has a parameter, and the next node is not its child"],
  [{ "nodes.0.children": 2 }, "its node 1 is both a literal and a parameter, or neither"],
  [{ "nodes.1.children": 0 }, "its node 2 is both a literal and a parameter, or neither"],
  [{ "nodes.0.children": 0 }, "its node 1 is a literal, and its parent says it has none"],
  [{ "nodes.2.label": 1 }, "its node 2 is both a literal and a parameter, or neither"],
  [{ "nodes.1.label": 0 }, "its node 1 is both a literal and a parameter, or neither"],
  [{ "hosts.0.root": 1 }, "its hosts have not each the root of a trie"],
  [{ "hosts.1.root": 0 }, "its hosts have not each the root of a trie"],
  [{ "hosts.0.root": 4 }, "its hosts have not each the root of a trie"],
  // Pools.
  [{ "pools.1.backends": 3 }, "the backends of its pools are not in order"],
  [{ "pools.3.backends.count": 1 }, "some of its backends are in no pool"],
  // Tables.
  [{ "pools.3.table": 2 }, "pools row 3 has table out of range (2)"],
  [{ "pools.3.table": 0 }, "the tables of its pools are not in order"],
  [{ "pools.2.table": 1 }, "the tables of its pools are not in order"],
  [{ "pools.2.table": NONE }, "its pool 2 has a table it does not need, or needs one"],
  [{ "pools.0.table": 0 }, "its pool 0 has a table it does not need, or needs one"],
  [{ "pools.0.policy": 1 }, "its pool 0 has a table it does not need, or needs one"],
  [{ "tables.0.entries.count": 0 }, "the entries of its tables are not in order"],
  [{ "tables.1.entries": 1 }, "the entries of its tables are not in order"],
  [{ "tables.1.entries.count": 1 }, "some of its tables are of no pool"],
  [{ "tableEntries.3.backend": 2 }, "its table 1 leads out of its pool (2)"],
])("%o is refused", (changes, message) => {
  expect(complaint(changes)).toContain(message);
});

test.each<[Record<string, number>, string]>([
  [{}, "nothing"],
  [{ "levels.1.more": 1 }, "the last list of its levels has no end"],
  [{ "levels.0.more": 0 }, "some of its levels belong to no host"],
  [{ "levels.0.root": 2 }, "its hosts have not each the root of a trie, in order"],
  [{ "hosts.0.lower": 1 }, "its hosts have not each their own levels, in order"],
  [{ "hosts.0.lower": 2 }, "hosts row 0 has lower out of range (2)"],
  [{ "hosts.1.lower": 0 }, "its hosts have not each their own levels, in order"],
  [{ "hosts.0.lower": NONE }, "some of its levels belong to no host"],
  [{ "routes.0.priority": 2001 }, "routes row 0 has priority out of range (2001)"],
  [{ "routes.0.predicates": 3 }, "routes row 0 has predicates out of range (3)"],
  [{ "predicates.2.more": 1 }, "the last list of its predicates has no end"],
  [{ "predicates.0.kind": 5 }, "predicates row 0 has kind out of range (5)"],
  [{ "predicates.0.kind": 1 }, "its predicate 0 has an automaton it does not need, or none"],
  [{ "predicates.1.kind": 2 }, "its predicate 1 has an automaton it does not need, or none"],
  [{ "predicates.0.automaton": 2 }, "predicates row 0 has automaton out of range (2)"],
  [{ "automata.0.start": 9 }, "its automaton 0 has a state that is not there"],
  [{ "automata.0.accepting": 9 }, "its automaton 0 has a state that is not there"],
  [{ "automata.0.states": 257 }, "automata row 0 has states out of range (257)"],
  [{ "automata.0.states": 1 }, "the tables of its automaton 0 are out of place"],
  [{ "automata.1.classes": 3 }, "the tables of its automaton 1 are out of place"],
  [{ "automata.1.classOf": 0 }, "the tables of its automaton 1 are out of place"],
  [{ "automata.1.steps": 0 }, "the tables of its automaton 1 are out of place"],
  [{ "byteClasses.0.four": 2 }, "its automaton 0 has a class that is not there"],
  [{ "byteClasses.127.four": 0x02000000 }, "its automaton 1 has a class that is not there"],
  [{ "steps.0.state": 9 }, "its automaton 0 has a state that is not there"],
])("%o of predicates and levels is refused", (changes, message) => {
  expect(complaint(changes, conditional)).toContain(message);
});

/** The sections of the file with one of them replaced. */
function replaced(name: (typeof SECTIONS)[number], change: (bytes: Uint8Array) => Uint8Array) {
  const { sections } = openContainer(file);
  return seal(
    sections.map((section, number) =>
      SECTIONS[number] === name ? { ...section, bytes: change(section.bytes) } : section,
    ),
  );
}

test("a table without a gap or with another number of slots is refused", () => {
  const full = replaced("edgeSlots", (bytes) => new Uint8Array(bytes.length));
  expect(refusal(full)).toBe("its edgeSlots have no gap");
  const odd = replaced("hostSlots", (bytes) => bytes.subarray(4));
  expect(refusal(odd)).toBe("its hostSlots are not a power of two");
  expect(refusal(replaced("hostSlots", () => new Uint8Array(0)))).toBe(
    "its hostSlots are not a power of two",
  );
});

test("a service without a route is refused", () => {
  const longer = (bytes: Uint8Array) => Buffer.concat([bytes, bytes.subarray(0, 24)]);
  expect(refusal(replaced("services", longer))).toBe("its services have not one route each");
});

test("settings are one row", () => {
  expect(refusal(replaced("settings", () => new Uint8Array(0)))).toBe(
    "it has not one row of settings",
  );
  const twice = replaced("settings", (bytes) => Buffer.concat([bytes, bytes]));
  expect(refusal(twice)).toBe("it has not one row of settings");
});

test("more than 32 methods are refused", () => {
  const many = replaced("methods", () => new Uint8Array(33 * 4));
  expect(refusal(many)).toBe("it has more than 32 methods");
});

test("a row of a section that has none is refused", () => {
  expect(refusal(replaced("servicePolicies", () => new Uint8Array(0)))).toBe(
    "its services row 0 has policy out of range (0)",
  );
});

test("strings without an end, or beyond their last end, are refused", () => {
  expect(refusal(replaced("stringEnds", () => new Uint8Array(0)))).toBe(
    "its first string is not empty",
  );
  const longer = replaced("strings", (bytes) => Buffer.concat([bytes, Buffer.from("a")]));
  expect(refusal(longer)).toBe("its strings do not fill their section");
});

test("a control character on the border of two chunks is found", () => {
  const length = (1 << 20) - 1;
  const sealed = (ending: string) => {
    const { sections } = openContainer(file);
    const strings = Buffer.from(`${"a".repeat(length)}${ending}`);
    const ends = new Uint8Array(new Uint32Array([0, strings.length]).buffer);
    return seal([
      { ...sections[0]!, bytes: strings },
      { ...sections[1]!, bytes: ends },
      ...sections.slice(2),
    ]);
  };
  expect(refusal(sealed("\u009b"))).toBe("its strings hold a control character");
  expect(refusal(sealed("é"))).toContain("out of range");
});

test("another number of sections, or rows of another size, is refused", () => {
  const { sections } = openContainer(file);
  expect(refusal(seal(sections.slice(1)))).toBe(
    `it has ${sections.length - 1} sections, ${sections.length} are due`,
  );
  const wide = sections.map((section, i) => (i === 3 ? { ...section, rowBytes: 4 } : section));
  expect(refusal(seal(wide))).toBe("its section words has rows of 4 bytes, not 8");
});

test("a trie deeper than a pattern can be is refused", () => {
  // Two tries of 33 levels each; the second one's root is hung below the end of the first.
  const long = (letter: string) => `/${Array(33).fill(letter).join("/")}`;
  const deep = encode(modelOf([route(`GET a ${long("x")}`), route(`GET b ${long("y")}`)]));
  const at = (row: number, field: string) =>
    placesOf(deep).find((one) => one.section === "nodes" && one.row === row && one.field === field)!
      .offset;
  const hung = tamper(deep, [
    { offset: at(34, "parent"), value: 33 },
    { offset: at(34, "label"), value: 1 },
    { offset: at(33, "children"), value: HAS_LITERALS },
  ]);
  expect(refusal(hung)).toBe("its node 65 is too deep");
});

// Ownership while a tree is watched: what changed is judged, and what was wrong stays wrong until it is mended.

import { expect, test } from "vitest";

import { compile } from "../../compiler/compile.ts";
import { CompileMemory } from "../../compiler/memory.ts";

const service = (host: string): string => `domain: ${host}\npath_prefix: /*\nports: [8081]\n`;
const owners = (host: string): string => `owners:\n  services/pay/: { hosts: [${host}] }\n`;

/** Compiles trees one after the other, with one memory; gives the places of the errors. */
function watcher(): (files: Record<string, string>) => string[] {
  const memory = new CompileMemory();
  return (files) => {
    const list = Object.entries(files).map(([path, text]) => ({
      path,
      content: Buffer.from(text),
    }));
    const { diagnostics } = compile({ files: list }, { memory });
    return diagnostics.map(({ code, location }) => `${code} ${location.file}`);
  };
}

test("a claim is judged when it comes, again while it stays, and not when it goes", () => {
  const says = watcher();
  const good = {
    "balto.config.yaml": owners("pay.test"),
    "services/pay/a.yaml": service("pay.test"),
    "services/web.yaml": service("web.test"),
  };
  const bad = { ...good, "services/web.yaml": service("pay.test").replace("/*", "/x") };
  expect(says(good)).toEqual([]);
  expect(says(bad)).toEqual(["BAL4021 services/web.yaml"]);
  expect(says({ ...bad, "services/more.yaml": service("more.test") })).toEqual([
    "BAL4021 services/web.yaml",
  ]);
  expect(says(good)).toEqual([]);
});

test("another entry judges files anew that are as they were", () => {
  const says = watcher();
  const files = {
    "services/pay/a.yaml": service("pay.test"),
    "services/web.yaml": service("web.test"),
  };
  expect(says({ "balto.config.yaml": owners("pay.test"), ...files })).toEqual([]);
  expect(says({ "balto.config.yaml": owners("web.test"), ...files })).toEqual([
    "BAL4020 services/pay/a.yaml",
    "BAL4021 services/web.yaml",
  ]);
  expect(says({ "balto.config.yaml": "server: {}\n", ...files })).toEqual([]);
});

test("20,000 services of 1,000 owners of one host are judged as each alone would be", () => {
  const folders = Array.from({ length: 1_000 }, (_, number) => number);
  const entries = folders.map(
    (n) => `  services/t${n}: { hosts: ["*.test"], path_prefixes: [/t${n}] }\n`,
  );
  const files: Record<string, string> = { "balto.config.yaml": `owners:\n${entries.join("")}` };
  for (const n of folders) {
    const lines = Array.from(
      { length: 20 },
      // The last of every hundredth folder is in the next one's paths.
      (_, i) =>
        `  - { domain: a.test, path_prefix: /t${i === 19 && n % 100 === 0 ? n + 1 : n}/s${i}x${n}, ports: [1] }\n`,
    );
    files[`services/t${n}/all.yaml`] = `services:\n${lines.join("")}`;
  }
  const said = watcher()(files);
  expect(said).toEqual(
    folders
      .filter((n) => n % 100 === 0)
      .map((n) => `BAL4020 services/t${n}/all.yaml`)
      .toSorted(),
  );
});

/**
 * When services were made and changed. YAML has no place for it, so it is kept beside the tree, and
 * where nothing is known the file's time stands for it. To lose it does no harm.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { stateFolder } from "../write/journal.ts";
import type { Entry } from "./catalog.ts";
import type { ServiceValue } from "./service-value.ts";

/** RFC 3339, to the second. */
export interface Times {
  created: string;
  updated: string;
}

interface Known extends Times {
  /** Of the service as it was then: another one has been edited by hand since. */
  digest: string;
}

const FILE = "times.json";

export class ServiceTimes {
  readonly #tree: string;
  #known: Map<string, Known>;

  constructor(tree: string) {
    this.#tree = tree;
    this.#known = load(tree);
  }

  /** The times of a service; what is said once is said again until it changes. */
  of({ id, path, value }: Entry): Times {
    const digest = digestOf(value);
    const known = this.#known.get(id);
    if (known?.digest === digest) return known;
    const updated = fileTime(join(this.#tree, path));
    const times = { created: known?.created ?? updated, updated, digest };
    this.#known.set(id, times);
    return times;
  }

  /** What the times of a service would be if it became `value` now. */
  next(before: Entry | undefined): Times {
    const now = rfc3339(Date.now());
    return { created: before === undefined ? now : this.of(before).created, updated: now };
  }

  /** Notes that a service has become another: `id` with `value`, nothing where it was removed. */
  note(
    before: Entry | undefined,
    after: { id: string; value: ServiceValue; times: Times } | undefined,
  ): void {
    if (before !== undefined) this.#known.delete(before.id);
    if (after !== undefined) {
      this.#known.set(after.id, { ...after.times, digest: digestOf(after.value) });
    }
    this.#save();
  }

  #save(): void {
    try {
      const folder = stateFolder(this.#tree);
      const temporary = join(folder, `${FILE}.${randomBytes(4).toString("hex")}`);
      writeFileSync(temporary, JSON.stringify(Object.fromEntries(this.#known)));
      renameSync(temporary, join(folder, FILE));
    } catch {
      // The change itself is done; the file's time will have to do.
    }
  }
}

function load(tree: string): Map<string, Known> {
  try {
    const text = readFileSync(join(tree, ".balto", FILE), "utf8");
    return new Map(Object.entries(JSON.parse(text) as Record<string, Known>));
  } catch {
    return new Map();
  }
}

function digestOf(value: ServiceValue): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

function fileTime(path: string): string {
  return rfc3339(statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.[0-9]+Z$/, "Z");
}

/**
 * The catalog: every service of a tree with the place it is written at, found by id.
 */
import { byText } from "../../artifact/by-text.ts";
import { serviceIdOf } from "../../artifact/service-resource.ts";
import { CONFIG_FILE, SERVICES_FOLDER } from "../../compiler/parse/collect-files.ts";
import { isSameBytes, type SourceTree } from "../../compiler/source-tree.ts";
import { readYaml, type Slot } from "../yaml/edit-file.ts";
import type { Plain } from "../yaml/reshape.ts";
import { domainsOf, isMapping, type ServiceValue } from "./service-value.ts";

/** By what a service is found. */
export interface Address {
  id: string;
  /** Of several the first in order. */
  domain: string;
  pattern: string;
}

export interface Entry extends Address {
  /** The file, relative to the tree. */
  path: string;
  slot: Slot;
  value: ServiceValue;
  enabled: boolean;
}

/** The services of one tree. */
export class Catalog {
  /** By id, an enabled service before disabled ones of the same. */
  readonly entries: readonly Entry[];
  /** By `domain-path_prefix`; made when somebody asks so. */
  #byPlace: Map<string, Entry[]> | undefined;

  /** @param entries in order of `compareEntries` */
  constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  /**
   * The service of an id: its SHA-256, or `domain-path_prefix`. Of a disabled service that waits to
   * take another's place and that other, it is the one that is enabled.
   *
   * @returns "several" where `domain-path_prefix` fits services that differ in methods
   */
  find(id: string): Entry | "several" | undefined {
    const exact = this.#first(id);
    if (exact !== undefined) return exact;
    this.#byPlace ??= Map.groupBy(this.entries, ({ domain, pattern }) => `${domain}-${pattern}`);
    const [first, ...others] = this.#byPlace.get(id) ?? [];
    return others.some((other) => other.id !== first?.id) ? "several" : first;
  }

  /** The first entry of an id, by halves. */
  #first(id: string): Entry | undefined {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const isBefore = (this.entries[middle]?.id ?? "") < id;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    const entry = this.entries[low];
    return entry?.id === id ? entry : undefined;
  }
}

interface KnownFile {
  bytes: Uint8Array;
  entries: Entry[];
}

/** Reads catalogs, of which it reads and sorts again only the files whose bytes have changed. */
export class CatalogReader {
  #files: ReadonlyMap<string, KnownFile> = new Map();
  #catalog = new Catalog([]);

  /** The catalog of a tree. A file that is broken has no services; the compiler says what is wrong. */
  read(tree: SourceTree): Catalog {
    const files = new Map<string, KnownFile>();
    for (const { path, content } of tree.files) {
      if (!(content instanceof Uint8Array) || !isServiceFile(path)) continue;
      const known = this.#files.get(path);
      files.set(
        path,
        known !== undefined && isSameBytes(known.bytes, content)
          ? known
          : { bytes: content, entries: entriesOf(path, content) },
      );
    }
    const isOther = ([path, file]: [string, KnownFile], among: ReadonlyMap<string, KnownFile>) =>
      among.get(path) !== file;
    const gone = [...this.#files].filter((one) => isOther(one, files));
    const came = [...files].filter((one) => isOther(one, this.#files));
    this.#files = files;
    if (gone.length > 0 || came.length > 0) {
      const old = new Set(gone.flatMap(([, { entries }]) => entries));
      const fresh = came.flatMap(([, { entries }]) => entries).toSorted(compareEntries);
      const kept = this.#catalog.entries.filter((entry) => !old.has(entry));
      this.#catalog = new Catalog(merged(kept, fresh));
    }
    return this.#catalog;
  }
}

/** Two sorted lists as one. */
function merged(one: readonly Entry[], other: readonly Entry[]): Entry[] {
  const all: Entry[] = [];
  const rest = other.values();
  let next = rest.next().value;
  for (const entry of one) {
    for (; next !== undefined && compareEntries(next, entry) < 0; next = rest.next().value) {
      all.push(next);
    }
    all.push(entry);
  }
  return next === undefined ? all : [...all, next, ...rest];
}

function compareEntries(a: Entry, b: Entry): number {
  return (
    byText(a.id, b.id) ||
    Number(b.enabled) - Number(a.enabled) ||
    byText(a.path, b.path) ||
    indexOf(a.slot) - indexOf(b.slot)
  );
}

function indexOf(slot: Slot): number {
  return slot === "whole" ? 0 : slot.index;
}

function isServiceFile(path: string): boolean {
  return path === CONFIG_FILE || path.startsWith(`${SERVICES_FOLDER}/`);
}

function entriesOf(path: string, bytes: Uint8Array): Entry[] {
  const root = readYaml(Buffer.from(bytes).toString())?.value;
  if (!isMapping(root)) return [];
  const { services } = root;
  const slots: [Slot, Plain][] = Array.isArray(services)
    ? services.map((value, index) => [{ index }, value])
    : path === CONFIG_FILE
      ? []
      : [["whole", root]];
  return slots.flatMap(([slot, value]) => {
    const entry = isMapping(value) ? entryOf(path, slot, value) : undefined;
    return entry === undefined ? [] : [entry];
  });
}

/** undefined where a service has no domain or path to be addressed by. */
function entryOf(path: string, slot: Slot, value: ServiceValue): Entry | undefined {
  const address = addressOf(value);
  return address && { ...address, path, slot, value, enabled: value["enabled"] !== false };
}

/** By what a service is found, or would be; undefined without domain and path. */
export function addressOf(value: ServiceValue): Address | undefined {
  const [domain] = domainsOf(value);
  const { path_prefix: pattern, methods } = value;
  if (domain === undefined || typeof pattern !== "string") return undefined;
  const list = Array.isArray(methods) ? methods.filter((method) => typeof method === "string") : [];
  const id = serviceIdOf(domain, pattern, [...new Set(list)].toSorted());
  return { id, domain, pattern };
}

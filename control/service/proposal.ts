/**
 * What a request would make of a tree: one file with other bytes. Nothing is compiled or written here.
 */
import { isDeepStrictEqual } from "node:util";

import { FILE_BYTES_MAX } from "../../compiler/parse/collect-files.ts";
import type { SourceFile, SourceTree } from "../../compiler/source-tree.ts";
import { Refusal } from "../refusal.ts";
import { create, type Plain } from "../yaml/reshape.ts";
import { EditError, editService } from "../yaml/edit-file.ts";
import { Document } from "yaml";
import { type Address, addressOf, type Catalog, type Entry } from "./catalog.ts";
import { newFileOf } from "./file-name.ts";
import {
  inWordsOf,
  mergePatch,
  SERVICE_KEYS,
  type ServiceValue,
  valueFrom,
} from "./service-value.ts";

/** What is asked for. `put` creates what is not there and replaces what is. */
export type Intent =
  | { action: "create"; sent: ServiceValue }
  | { action: "put"; sent: ServiceValue }
  | { action: "replace"; id: string; sent: ServiceValue }
  | { action: "patch"; id: string; sent: ServiceValue }
  | { action: "remove"; id: string };

export interface Proposal {
  /** What it comes down to. */
  action: "create" | "replace" | "remove";
  /** The file, relative to the tree. */
  path: string;
  /** Bytes of the file; undefined is no file. The same where nothing changes. */
  before: Buffer | undefined;
  after: Buffer | undefined;
  /** The service that is there. */
  entry: Entry | undefined;
  /** The service that is to be there. */
  value: ServiceValue | undefined;
  /** Where it is to be found; undefined where it has no domain or path. */
  address: Address | undefined;
}

/** @throws Refusal 400, 404, 409 */
export function propose(intent: Intent, tree: SourceTree, catalog: Catalog): Proposal {
  if (intent.action === "remove") return removal(entryOf(catalog, intent.id), tree);
  if (intent.action === "create" || intent.action === "put") {
    const value = valueFrom(intent.sent);
    const address = addressOf(value);
    const existing = address && catalog.find(address.id);
    if (existing === undefined || existing === "several") return creation(value, address, tree);
    if (intent.action === "put") return replacement(existing, value, tree, catalog);
    throw new Refusal(409, "service already exists", {
      fields: { Location: `/balto/services/${existing.id}` },
    });
  }
  const entry = entryOf(catalog, intent.id);
  const merged = intent.action === "patch" ? mergePatch(entry.value, intent.sent) : intent.sent;
  return replacement(entry, valueFrom(merged as ServiceValue), tree, catalog);
}

/** @throws Refusal 404, 409 */
export function entryOf(catalog: Catalog, id: string): Entry {
  const entry = catalog.find(id);
  if (entry === undefined) throw new Refusal(404, "service not found");
  if (entry === "several") {
    throw new Refusal(409, "several services have this domain and path: name one by its id");
  }
  return entry;
}

/** The tree as it would be. */
export function treeWith(tree: SourceTree, { path, after }: Proposal): SourceTree {
  const others = tree.files.filter((file) => file.path !== path);
  return { files: after === undefined ? others : [...others, { path, content: after }] };
}

function creation(value: ServiceValue, address: Address | undefined, tree: SourceTree): Proposal {
  const taken = new Set(tree.files.map((file) => file.path.toLowerCase()));
  const path = newFileOf(value, (candidate) => taken.has(candidate));
  const after = Buffer.from(newFile(value, hasSchema(tree)));
  return { action: "create", path, before: undefined, after, entry: undefined, value, address };
}

/** A file of one service, with the line that editors look for where the tree has the schema. */
function newFile(value: ServiceValue, withSchema: boolean): string {
  const document = new Document(null, { version: "1.2", schema: "core", merge: false });
  document.contents = create(document, value) as never;
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  const line = "# yaml-language-server: $schema=../schema/service.schema.json\n\n";
  return withSchema ? line + text : text;
}

/** Whether other files of the tree have that line. */
function hasSchema(tree: SourceTree): boolean {
  return tree.files.some(
    ({ content }) =>
      content instanceof Uint8Array &&
      Buffer.from(content.subarray(0, 100))
        .toString()
        .startsWith("# yaml-language-server: $schema="),
  );
}

function replacement(
  entry: Entry,
  wanted: ServiceValue,
  tree: SourceTree,
  catalog: Catalog,
): Proposal {
  const value = inWordsOf(entry.value, wanted);
  const address = addressOf(value);
  const isOther = address !== undefined && address.id !== entry.id;
  const other = isOther ? catalog.find(address.id) : undefined;
  if (other !== undefined && other !== "several") {
    throw new Refusal(409, "another service has this domain and path already", {
      fields: { Location: `/balto/services/${other.id}` },
    });
  }
  const before = bytesOf(tree, entry.path);
  const after = isDeepStrictEqual(value, entry.value) ? before : edited(entry, before, value);
  return { action: "replace", path: entry.path, before, after, entry, value, address };
}

/** A file that holds only this service goes with it. */
function removal(entry: Entry, tree: SourceTree): Proposal {
  const before = bytesOf(tree, entry.path);
  const after = entry.slot === "whole" ? undefined : edited(entry, before, undefined);
  const { path } = entry;
  return { action: "remove", path, before, after, entry, value: undefined, address: undefined };
}

function edited({ path, slot }: Entry, before: Buffer, value: ServiceValue | undefined): Buffer {
  try {
    const text = editService(
      before.toString(),
      slot,
      value as { [key: string]: Plain } | undefined,
      SERVICE_KEYS,
    );
    const after = Buffer.from(text);
    if (after.length <= FILE_BYTES_MAX) return after;
    throw new EditError(`it would be larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`);
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    throw new Refusal(409, `${path} cannot be edited by the API: ${error.message}`);
  }
}

function bytesOf(tree: SourceTree, path: string): Buffer {
  const file: SourceFile | undefined = tree.files.find((candidate) => candidate.path === path);
  if (!(file?.content instanceof Uint8Array)) throw new Error(`${path} is not in the tree`);
  return Buffer.from(file.content);
}

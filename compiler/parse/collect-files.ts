/**
 * Which files of a tree are configuration, and what is wrong with files before they are opened:
 * the faults that the reader of the tree found, names, places.
 */
import type { Documents } from "../../schema/types.gen.ts";
import type { Code } from "../codes.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { nearest } from "../nearest.ts";
import { SourceText } from "../source-text.ts";
import type { SourceFault, SourceFile, SourceTree } from "../source-tree.ts";

export const CONFIG_FILE = "balto.config.yaml";
export const SERVICES_FOLDER = "services";
export const POOLS_FOLDER = "pools";
export const STREAMS_FOLDER = "streams";
/** Route tests: read with the tree, no part of what is compiled. */
export const TESTS_FOLDER = "tests";
/** Largest file. Its tokens are limited too (TOKENS_MAX), so most stop well before. */
export const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** What a file is for: the schema that it is validated with. */
export type Role = keyof Documents;

/** A file to be parsed. */
export interface ConfigFile {
  path: string;
  role: Role;
  bytes: Uint8Array;
}

/**
 * The configuration files in order of their paths, balto.config.yaml before all others; what is below
 * tests/ is left alone.
 */
export function collectFiles(tree: SourceTree, log: DiagnosticLog): ConfigFile[] {
  const files = collect(tree, log, (path) => !isTest(path));
  const found = tree.files.some(({ path }) => !isTest(path) && roleOf(path) !== undefined);
  if (!found && !log.hasErrors) log.report("BAL5001", new SourceText(CONFIG_FILE, "").top, {});
  return files;
}

/** The files of route tests in order of their paths. */
export function collectTests(tree: SourceTree, log: DiagnosticLog): ConfigFile[] {
  return collect(tree, log, isTest);
}

function collect(
  tree: SourceTree,
  log: DiagnosticLog,
  isWanted: (path: string) => boolean,
): ConfigFile[] {
  const files: ConfigFile[] = [];
  const sorted = tree.files
    .filter(({ path }) => isWanted(path))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const isConfig = ({ path }: SourceFile): boolean => path === CONFIG_FILE;
  const ordered = [...sorted.filter(isConfig), ...sorted.filter((file) => !isConfig(file))];
  for (const { path, content } of ordered) {
    const at = new SourceText(path, "").top;
    const role = roleOf(path);
    const fault = content instanceof Uint8Array ? (nameFault(path) ?? sizeFault(content)) : content;
    if (fault !== undefined) {
      log.report(FAULT_CODES[fault.fault], at, { detail: fault.detail });
    } else if (role !== undefined && content instanceof Uint8Array) {
      files.push({ path, role, bytes: content });
    } else if (isStray(path)) {
      log.report("BAL5003", at, { near: intended(path) });
    }
  }
  return files;
}

const FAULT_CODES = {
  "outside-tree": "BAL1001",
  "not-a-file": "BAL1002",
  "too-large": "BAL1003",
  unreadable: "BAL1004",
  "bad-name": "BAL1005",
} as const satisfies Record<SourceFault["fault"], Code>;

/** The folder that a name is, or is mistaken for: what is in such a one is warned of, not lost. */
function folderMeant(name: string): string | undefined {
  if (/^services?$/i.test(name)) return SERVICES_FOLDER;
  if (/^pools?$/i.test(name)) return POOLS_FOLDER;
  return /^streams?$/i.test(name) ? STREAMS_FOLDER : undefined;
}

/** True for the folders at the top of a tree whose files are read. */
export function isTreeFolder(name: string): boolean {
  return folderMeant(name) !== undefined || name === TESTS_FOLDER;
}

/** What a path is for; undefined for every other file. */
function roleOf(path: string): Role | undefined {
  if (path === CONFIG_FILE) return "config";
  if (!isYaml(path)) return undefined;
  if (isTest(path)) return "tests";
  if (path.startsWith(`${SERVICES_FOLDER}/`)) return "service";
  if (path.startsWith(`${POOLS_FOLDER}/`)) return "pool";
  return path.startsWith(`${STREAMS_FOLDER}/`) ? "stream" : undefined;
}

function isTest(path: string): boolean {
  return path.startsWith(`${TESTS_FOLDER}/`);
}

/** True for the files that are read, by their names. */
export function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/** YAML that someone may believe to be read: not in hidden folders. */
function isStray(path: string): boolean {
  return isYaml(path) && !/(^|\/)\./.test(path);
}

/** The path that a stray file was probably meant to have. */
function intended(path: string): string | undefined {
  const [folder, ...rest] = path.split("/");
  if (rest.length === 0) return nearest(path.replace(/\.yml$/i, ".yaml"), [CONFIG_FILE]);
  const meant = folderMeant(folder ?? "");
  return meant === undefined ? undefined : [meant, ...rest].join("/");
}

/** A tree may come from an API call: a path in it is no more to be trusted than a file's content. */
function nameFault(path: string): SourceFault | undefined {
  const fault = (detail: string): SourceFault => ({ fault: "bad-name", detail });
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  if (/[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029]/.test(path)) {
    return fault("it holds a control character, or is not UTF-8");
  }
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    return fault("it is not a path inside the tree");
  }
  return parts.some((part) => part.length > 255)
    ? fault("it is longer than 255 characters")
    : undefined;
}

function sizeFault(bytes: Uint8Array): SourceFault | undefined {
  if (bytes.length <= FILE_BYTES_MAX) return undefined;
  return {
    fault: "too-large",
    detail: `the file is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`,
  };
}

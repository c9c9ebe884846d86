/**
 * Reference look-up: every reference of an artifact is looked up when it is loaded, in the environment and
 * in files, and every value that holds one is checked as what it has to be.
 */
import { readFileSync } from "node:fs";

import { parseBackendUrl, parseListenAddress } from "../artifact/address.ts";
import { ArtifactError } from "../artifact/container.ts";
import { settingsOf, streamsOf } from "../artifact/decode.ts";
import {
  fillReferences,
  formatReference,
  hasReference,
  parseReferences,
  type Reference,
} from "../artifact/reference.ts";
import { RowReader, textOf, type View } from "../artifact/view.ts";
import { type References, resolve as filled } from "./references.ts";
import { UrlHeads } from "./url-heads.ts";

/** Secrets in files are short; a larger file is a mistake. */
const REFERENCED_FILE_BYTES_MAX = 64 * 1024;

/** A shorter key could be guessed from the cookies it signs. */
const SECRET_LENGTH_MIN = 16;

/** RFC 9110 §5.5, without bytes that are not ASCII. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;
/** What can stand in a Host field; "" is the backend's own. */
const HOST_VALUE = /^[A-Za-z0-9._:[\]-]*$/;

/**
 * @param files takes the paths of the files that references name
 * @throws ArtifactError with one line that says what is wrong and where
 */
export function lookUpReferences(
  view: View,
  env: NodeJS.ProcessEnv,
  files: Set<string>,
): References {
  const references = new Map<string, string>();
  const look = (reference: Reference): string | undefined => lookUp(reference, env, files);
  const resolve: Resolve = (value, where) => {
    if (!hasReference(value)) return value;
    const parts = parseReferences(value);
    if (!Array.isArray(parts)) throw new ArtifactError(`${where}: ${parts.reason}`);
    for (const part of parts) {
      if (part.kind === "text" || references.has(formatReference(part))) continue;
      const found = fillReferences([part], look);
      if ("missing" in found) throw new ArtifactError(`${where}: ${found.missing}`);
      references.set(formatReference(part), found.value);
    }
    return filled(value, references);
  };
  const settings = settingsOf(view);
  // What a reference became may be a secret: a value that is wrong is never shown.
  if (typeof parseListenAddress(resolve(settings.listen, "server.port")) === "string") {
    throw new ArtifactError(`server.port: ${settings.listen} does not become host:port here`);
  }
  resolve(settings.logPath, "global.logging.path");
  resolve(settings.accessLog.path, "global.access_log.path");
  const endpoints = [
    [settings.tracing.endpoint, "global.tracing.endpoint"],
    [settings.admin.writerUrl, "admin.writer_url"],
  ] as const;
  for (const [value, where] of endpoints) {
    const text = resolve(value, where);
    if (text !== "" && typeof parseBackendUrl(text) === "string")
      throw new ArtifactError(`${where}: ${value} does not become a URL here`);
  }
  const admin = resolve(settings.admin.listen, "admin.listen");
  const isAddress = admin === "" || /^unix:\/./.test(admin);
  if (!isAddress && typeof parseListenAddress(admin) === "string")
    throw new ArtifactError(
      `admin.listen: ${settings.admin.listen} does not become an address here`,
    );
  resolve(settings.tls.certFile, "global.tls.cert_file");
  resolve(settings.tls.keyFile, "global.tls.key_file");

  for (const { name, listen } of streamsOf(view)) {
    if (typeof parseListenAddress(resolve(listen, `stream ${name}: listen`)) === "string") {
      throw new ArtifactError(`stream ${name}: ${listen} does not become host:port here`);
    }
  }
  resolveBackends(view, resolve);
  const sticky = new RowReader(view, "stickyPolicies");
  for (let row = 0; row < sticky.count; row++) {
    const secret = sticky.text(row, "secret");
    if (resolve(secret, "load_balancing.sticky.secret").length < SECRET_LENGTH_MIN) {
      throw new ArtifactError(
        `load_balancing.sticky.secret: ${secret} becomes less than ${SECRET_LENGTH_MIN} characters here`,
      );
    }
  }
  resolveProbes(view, resolve);
  return references;
}

type Resolve = (value: string, where: string) => string;

function resolveBackends(view: View, resolve: Resolve): void {
  const backends = new RowReader(view, "backends");
  const isChecked = new Uint8Array(view.stringEnds.length);
  const heads = new UrlHeads(view);
  for (let row = 0; row < backends.count; row++) {
    const text = backends.number(row, "url");
    if (isChecked[text] === 1) continue;
    isChecked[text] = 1;
    if (heads.isKnown(text)) continue;
    const url = textOf(view, text);
    const where = placeOf(view, row);
    if (typeof parseBackendUrl(resolve(url, where)) === "string") {
      throw new ArtifactError(`${where}: the backend ${url} does not become a URL here`);
    }
    heads.add(text);
  }
}

/** Where a backend was written: its file is its pool's. */
function placeOf(view: View, backend: number): string {
  const pools = new RowReader(view, "pools");
  // Pools have their backends in their own order, so the first that ends behind it is its.
  let [low, high] = [0, pools.count - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { first, count } = pools.run(middle, "backends");
    if (first + count <= backend) low = middle + 1;
    else high = middle;
  }
  const position = new RowReader(view, "backends").number(backend, "position");
  const line = new RowReader(view, "positions").number(position, "line");
  return `${pools.text(low, "file")}:${line}`;
}

function resolveProbes(view: View, resolve: Resolve): void {
  const check = (value: string, where: string, right: RegExp): void => {
    if (right.test(resolve(value, where))) return;
    throw new ArtifactError(`${where}: ${value} becomes what cannot be sent in a request here`);
  };
  const fields = new RowReader(view, "probeFields");
  for (let row = 0; row < fields.count; row++) {
    const where = `health_check.headers.${fields.text(row, "name")}`;
    check(fields.text(row, "value"), where, FIELD_VALUE);
  }
  const policies = new RowReader(view, "healthPolicies");
  for (let row = 0; row < policies.count; row++) {
    check(policies.text(row, "host"), "health_check.host", HOST_VALUE);
  }
}

function lookUp(
  reference: Reference,
  env: NodeJS.ProcessEnv,
  files: Set<string>,
): string | undefined {
  if (reference.kind === "env") {
    const text = env[reference.name];
    return text === "" ? undefined : text;
  }
  files.add(reference.path);
  return readReferenced(reference.path);
}

/** The text of a referenced file without its last line end; undefined where it cannot be had. */
function readReferenced(path: string): string | undefined {
  try {
    const text = readFileSync(path);
    if (text.length > REFERENCED_FILE_BYTES_MAX) return undefined;
    return text.toString("utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}

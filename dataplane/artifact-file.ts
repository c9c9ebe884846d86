/**
 * Artifact file: reads one into shared memory, verified, with its references resolved. Whatever is
 * wrong with it, nothing of it is used.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";

import { parseBackendUrl, parseListenAddress } from "../artifact/address.ts";
import { settingsOf, streamsOf } from "../artifact/decode.ts";
import { ARTIFACT_BYTES_MAX } from "../artifact/layout.ts";
import { fillReferences, hasReference, parseReferences } from "../artifact/reference.ts";
import { ArtifactError } from "../artifact/container.ts";
import type { TrustedKey } from "../artifact/signature.ts";
import { openArtifact, RowReader, type View } from "../artifact/view.ts";
import type { TlsMaterial } from "./messages.ts";
import { tlsModule } from "./tls-module.ts";

/** A file that can be served. `bytes` lies in shared memory: workers view the same. */
export interface LoadedArtifact {
  bytes: Uint8Array<SharedArrayBuffer>;
  view: View;
  /** Values that hold references → what they are now. */
  resolved: Map<string, string>;
  /** Undefined where `global.tls` is off. */
  tls: TlsMaterial | undefined;
  /** Paths of the files it leads to: certificates, and what `${file:…}` names. */
  files: readonly string[];
}

/** Secrets in files are short; a larger file is a mistake. */
const REFERENCED_FILE_BYTES_MAX = 64 * 1024;

/** A shorter key could be guessed from the cookies it signs. */
const SECRET_LENGTH_MIN = 16;

/** RFC 9110 §5.5, without bytes that are not ASCII. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;
/** What can stand in a Host field; "" is the backend's own. */
const HOST_VALUE = /^[A-Za-z0-9._:[\]-]*$/;

/**
 * Reads, verifies and resolves.
 *
 * @param trusted keys of which one must have signed it; none at all is to trust every file
 * @throws Error with one line that says what is wrong and where
 */
export function loadArtifact(
  path: string,
  trusted: readonly TrustedKey[] = [],
  env: NodeJS.ProcessEnv = process.env,
): LoadedArtifact {
  const bytes = readShared(path);
  const view = openArtifact(bytes, trusted);
  const files = new Set<string>();
  const resolved = resolveReferences(view, env, files);
  const tls = readTls(view, resolved, files);
  return { bytes, view, resolved, tls, files: [...files] };
}

/** The certificate and its key, tried out: a pair that does not fit is refused with the artifact. */
function readTls(
  view: View,
  resolved: Map<string, string>,
  files: Set<string>,
): TlsMaterial | undefined {
  const { enabled, certFile, keyFile } = settingsOf(view).tls;
  if (!enabled) return undefined;
  const cert = resolved.get(certFile) ?? certFile;
  const key = resolved.get(keyFile) ?? keyFile;
  files.add(cert).add(key);
  const material = { cert: readPem("cert_file", cert), key: readPem("key_file", key) };
  try {
    tlsModule().createSecureContext(material);
  } catch (error) {
    throw new ArtifactError(
      `global.tls: certificate and key cannot be used: ${(error as Error).message}`,
    );
  }
  return material;
}

function readPem(key: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ArtifactError(
      `global.tls.${key}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}

/** Reads a whole file; one that changes its size meanwhile is torn and will not match its digest. */
function readShared(path: string): Uint8Array<SharedArrayBuffer> {
  // Non-blocking, so that opening a FIFO does not wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new ArtifactError("it is not a regular file");
    if (stat.size > ARTIFACT_BYTES_MAX) {
      throw new ArtifactError(`it is ${stat.size} bytes long, more than ${ARTIFACT_BYTES_MAX}`);
    }
    const bytes = new Uint8Array(new SharedArrayBuffer(stat.size));
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(fd, bytes, length, bytes.length - length, length);
      if (read === 0) throw new ArtifactError("it became shorter while it was read: torn");
      length += read;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Every value that holds a reference, resolved and checked as what it has to be. */
function resolveReferences(
  view: View,
  env: NodeJS.ProcessEnv,
  files: Set<string>,
): Map<string, string> {
  const resolved = new Map<string, string>();
  const resolve = (value: string, where: string): string => {
    if (!hasReference(value)) return value;
    let text = resolved.get(value);
    if (text === undefined) resolved.set(value, (text = fill(value, where, env, files)));
    return text;
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
  return resolved;
}

function resolveBackends(view: View, resolve: (value: string, where: string) => string): void {
  const pools = new RowReader(view, "pools");
  const backends = new RowReader(view, "backends");
  const positions = new RowReader(view, "positions");
  const checked = new Set<number>();
  for (let pool = 0; pool < pools.count; pool++) {
    const { first, count } = pools.run(pool, "backends");
    for (let row = first; row < first + count; row++) {
      const id = backends.number(row, "url");
      if (checked.has(id)) continue;
      checked.add(id);
      const line = positions.number(backends.number(row, "position"), "line");
      const where = `${pools.text(pool, "file")}:${line}`;
      const url = backends.text(row, "url");
      if (typeof parseBackendUrl(resolve(url, where)) === "string") {
        throw new ArtifactError(`${where}: the backend ${url} does not become a URL here`);
      }
    }
  }
}

function resolveProbes(view: View, resolve: (value: string, where: string) => string): void {
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

function fill(value: string, where: string, env: NodeJS.ProcessEnv, files: Set<string>): string {
  const parts = parseReferences(value);
  if (!Array.isArray(parts)) throw new ArtifactError(`${where}: ${parts.reason}`);
  const filled = fillReferences(parts, (part) => {
    if (part.kind === "env") {
      const text = env[part.name];
      return text === "" ? undefined : text;
    }
    files.add(part.path);
    return readReferenced(part.path);
  });
  if ("missing" in filled) throw new ArtifactError(`${where}: ${filled.missing}`);
  return filled.value;
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

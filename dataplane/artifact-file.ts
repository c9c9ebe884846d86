/**
 * Artifact file: reads one into shared memory, verified, with its references references. Whatever is
 * wrong with it, nothing of it is used.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";

import { settingsOf } from "../artifact/decode.ts";
import { ARTIFACT_BYTES_MAX } from "../artifact/layout.ts";
import { ArtifactError } from "../artifact/container.ts";
import type { TrustedKey } from "../artifact/signature.ts";
import { openArtifact, type View } from "../artifact/view.ts";
import type { TlsMaterial } from "./messages.ts";
import { lookUpReferences } from "./reference-lookup.ts";
import { type References, resolve } from "./references.ts";
import { tlsModule } from "./tls-module.ts";

/** A file that can be served. `bytes` lies in shared memory: workers view the same. */
export interface LoadedArtifact {
  bytes: Uint8Array<SharedArrayBuffer>;
  view: View;
  references: References;
  /** Undefined where `global.tls` is off. */
  tls: TlsMaterial | undefined;
  /** Paths of the files it leads to: certificates, and what `${file:…}` names. */
  files: readonly string[];
}

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
  const references = lookUpReferences(view, env, files);
  const tls = readTls(view, references, files);
  return { bytes, view, references, tls, files: [...files] };
}

/** The certificate and its key, tried out: a pair that does not fit is refused with the artifact. */
function readTls(view: View, references: References, files: Set<string>): TlsMaterial | undefined {
  const { enabled, certFile, keyFile } = settingsOf(view).tls;
  if (!enabled) return undefined;
  const cert = resolve(certFile, references);
  const key = resolve(keyFile, references);
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

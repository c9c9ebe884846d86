// Certificate: a fresh self-signed one for localhost, for tests that speak TLS.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { temporaryFolder } from "./artifact.ts";

/** Node can read certificates and cannot make them. */
const OPENSSL = "openssl";

/** PEM texts, and the files that hold them. */
export interface Certificate {
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
}

/** Makes a certificate for localhost and 127.0.0.1, which is its own authority. */
export function makeCertificate(commonName: string): Certificate {
  const folder = temporaryFolder();
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = `-subj /CN=${commonName} -addext subjectAltName=DNS:localhost,IP:127.0.0.1`;
  const options = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ${subject}`;
  const args = [...options.split(" "), "-days", "2", "-keyout", keyFile, "-out", certFile];
  execFileSync(OPENSSL, args, { stdio: "pipe" });
  return {
    cert: readFileSync(certFile, "utf8"),
    key: readFileSync(keyFile, "utf8"),
    certFile,
    keyFile,
  };
}

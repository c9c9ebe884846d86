/**
 * The certificate: hosts that it is not for. It is looked at where it can be read, which in CI it often
 * cannot; it is no part of the artifact.
 */
import { X509Certificate } from "node:crypto";
import type { Settings } from "../../artifact/model.ts";
import { hasReference } from "../../artifact/reference.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Hosts } from "../hosts.ts";
import { addressGroups } from "../resolve/network.ts";
import { firstOfFiles } from "./first-of-files.ts";

/** The text of a file in PEM; undefined where it cannot be read. */
export type ReadCertificate = (path: string) => string | undefined;

/** Warns of hosts whose clients refuse the certificate (RFC 9525 §6), once a file. */
export function checkCertificate(
  hosts: Hosts,
  { tls }: Settings,
  read: ReadCertificate,
  log: DiagnosticLog,
): void {
  if (!tls.enabled || tls.certFile === "" || hasReference(tls.certFile)) return;
  const certificate = certificateOf(read(tls.certFile));
  if (certificate === undefined) return;
  const found = [...hosts].flatMap(([domain, services]) =>
    domain === "*" || isFor(certificate, domain)
      ? []
      : services.map(({ domains, domainsAt }) => {
          return { domain, at: domainsAt[domains.indexOf(domain)]! };
        }),
  );
  const names = certificate.subjectAltName ?? "none";
  for (const { domain, at, more } of firstOfFiles(found)) {
    log.report("BAL5016", at, { domain, file: tls.certFile, names, more });
  }
}

/** Any name below a domain that is a wildcard will do. Browsers look at the alternative names only. */
function isFor(certificate: X509Certificate, domain: string): boolean {
  const host = domain.replace(/^\*\./, "balto-witness.").replace(/:[0-9]+$/, "");
  const address = host.replace(/^\[(.*)\]$/, "$1");
  if (addressGroups(address) !== undefined) return certificate.checkIP(address) !== undefined;
  return certificate.checkHost(host, { subject: "never" }) !== undefined;
}

/** What cannot be used is refused by the data plane, with the reason. */
function certificateOf(pem: string | undefined): X509Certificate | undefined {
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/**
 * Probe target: where a probe goes and what it asks. Two backends with the same target share one probe.
 */
import { isIP } from "node:net";

import type { BackendAddress } from "../../artifact/address.ts";
import type { HealthPolicy } from "../../artifact/model.ts";
import { type Endpoint, endpointAddress } from "../pool/endpoints.ts";

export interface ProbeTarget {
  /** An IP address, or `localhost` where either of its addresses will do. */
  address: string;
  port: number;
  isTls: boolean;
  /** What SNI says and the certificate must be for, as for requests; an address has no place in SNI. */
  serverName: string;
  /** The Host field. */
  host: string;
  policy: HealthPolicy;
}

/** The target of a backend, or of one endpoint of it. */
export function probeTarget(
  written: BackendAddress,
  endpoint: Endpoint | undefined,
  policy: HealthPolicy,
): ProbeTarget {
  const { scheme, host, port } = endpointAddress(written, endpoint);
  // At the backend's own port HTTP is spoken as the backend speaks it.
  const isTls = policy.type === "https" || (policy.type === "http" && isSecure(scheme, policy));
  const name = host.includes(":") ? `[${host}]` : host;
  const isDefaultPort = port === (scheme === "https" ? 443 : 80);
  return {
    address: endpoint?.address ?? host,
    port: policy.port || port,
    isTls,
    serverName: isIP(host) === 0 ? host : "",
    host: policy.host || (isDefaultPort ? name : `${name}:${port}`),
    policy,
  };
}

/** What a target is known by. */
export function targetKey(target: ProbeTarget): string {
  return JSON.stringify(target);
}

function isSecure(scheme: BackendAddress["scheme"], { port }: HealthPolicy): boolean {
  return scheme === "https" && port === 0;
}

/**
 * Checked backends: those of an artifact that are probed.
 */
import { type BackendAddress, formatBackendUrl } from "../../artifact/address.ts";
import { poolPolicyOf } from "../../artifact/decode.ts";
import type { HealthPolicy } from "../../artifact/model.ts";
import { RowReader, type View } from "../../artifact/view.ts";
import type { NamePolicy } from "../pool/endpoints.ts";
import { type References, resolve } from "../references.ts";
import { addressOf } from "../pool/named-identities.ts";

/** A backend that is to be probed. */
export interface CheckedBackend {
  poolKey: string;
  /** What stands before its URL in logs. */
  label: string;
  url: string;
  address: BackendAddress;
  health: HealthPolicy;
  dns: NamePolicy;
  /** How long its breaker stays open; 0 where it has none. */
  breakerMs: number;
}

type Checks = Pick<CheckedBackend, "health" | "dns" | "breakerMs">;

/** @param references as they were looked up when the artifact was loaded */
export function* checkedBackends(view: View, references: References): Generator<CheckedBackend> {
  const policies = new RowReader(view, "poolPolicies");
  const checked = new Map<number, Checks>();
  for (let row = 0; row < policies.count; row++) {
    const { health, dns, breaker } = poolPolicyOf(view, row);
    if (health === undefined) continue;
    const fill = (value: string): string => resolve(value, references);
    const host = fill(health.host);
    const headers = health.headers.map(({ name, value }) => ({ name, value: fill(value) }));
    checked.set(row, {
      health: { ...health, host, headers },
      dns,
      breakerMs: breaker?.timeoutMs ?? 0,
    });
  }
  if (checked.size === 0) return;
  const pools = new RowReader(view, "pools");
  const backends = new RowReader(view, "backends");
  for (let row = 0; row < pools.count; row++) {
    const policy = checked.get(pools.number(row, "policy"));
    if (policy === undefined) continue;
    const poolKey = pools.text(row, "key");
    const label = pools.text(row, "label");
    const { first, count } = pools.run(row, "backends");
    for (let backend = first; backend < first + count; backend++) {
      const address = addressOf(backends.text(backend, "url"), references);
      yield { poolKey, label, url: formatBackendUrl(address), address, ...policy };
    }
  }
}

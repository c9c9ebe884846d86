/**
 * TCP mode of a Balance file as one stream.
 */
import { headOf, itemsOf, valueAt, type YamlNode } from "../parse/yaml-node.ts";
import type { Balance, Part } from "./conversion.ts";
import type { BalancePool } from "./balance-pool.ts";
import { count, duration } from "./balance-values.ts";

/** The file `streams/balance.yaml`. */
export function balanceStream(balance: Balance, pool: BalancePool, listen: string): Part {
  const { root, taken } = balance;
  const timeouts = taken.map(root, "timeouts");
  const security = taken.map(root, "security");
  const protection = taken.map(security, "connection_protection");
  const blocklist = taken.map(security, "ip_blocklist");
  const denied = [
    ...taken.texts(blocklist, "blocked_ips"),
    ...taken.texts(blocklist, "blocked_cidrs"),
  ];
  return {
    name: "balance",
    listen,
    backends: pool.backends,
    tls: passedThrough(balance, pool),
    ...pool.policy,
    timeouts: {
      connect: duration(balance, timeouts, "connect", undefined),
      // Not Balance's 30 s for a whole connection: its `idle` is what it promises.
      idle: duration(balance, timeouts, "idle", "1m"),
    },
    connections_per_client: count(
      balance,
      protection,
      "max_connections_per_ip",
      undefined,
      10_000_000,
    ),
    deny: [...new Set(denied)],
  };
}

/** Routes by server name, where TLS is not ended: then it can only be passed through. */
function passedThrough({ root, taken, log }: Balance, pool: BalancePool): Part | undefined {
  const tls = valueAt(root, "tls");
  const enabled = valueAt(tls, "enabled");
  if (enabled?.kind === "scalar" && enabled.value === true) return undefined;
  if (valueAt(valueAt(tls, "sni"), "routes") === undefined) return undefined;
  taken.flag(taken.map(root, "tls"), "enabled");
  const routes = taken.map(taken.map(tls, "sni"), "routes");
  const names = [...(routes?.entries.keys() ?? [])];
  const backendsFor = (name: string): Part[] => {
    taken.items(routes, name);
    return itemsOf(valueAt(routes, name)).flatMap((item) => {
      const backend = backendOf(item, pool);
      if (backend === undefined) {
        log.report("BAL6109", headOf(item), { name: textOf(item) });
      }
      return backend === undefined ? [] : [backend];
    });
  };
  return names.length === 0
    ? undefined
    : { sni: names.map((name) => ({ names: [name], backends: backendsFor(name) })) };
}

/** One of `backends` by its name, or an address. */
function backendOf(item: YamlNode, pool: BalancePool): Part | undefined {
  const text = textOf(item);
  const known = pool.byName.get(text);
  return known ?? (/^[^:/]+:[0-9]+$/.test(text) ? { url: `tcp://${text}` } : undefined);
}

function textOf(item: YamlNode): string {
  return item.kind === "scalar" ? String(item.value) : "";
}

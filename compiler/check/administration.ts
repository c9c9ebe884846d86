/**
 * Administration: doors to the API that stand open further than one would think.
 */
import { parseListenAddress } from "../../artifact/address.ts";
import type { AdminSettings } from "../../artifact/model.ts";
import { hasReference } from "../../artifact/reference.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { isWithin } from "../resolve/network.ts";
import type { SettingPlaces } from "../resolve/setting-places.ts";

/** Warns where the API is for everybody: its address, and those who read without a token. */
export function checkAdministration(
  { listen, readers }: AdminSettings,
  places: SettingPlaces,
  log: DiagnosticLog,
): void {
  const { adminListen, adminReaders } = places;
  const host = hostOf(listen);
  if (adminListen !== undefined && host !== undefined && EVERY_INTERFACE.includes(host)) {
    log.report("BAL5018", adminListen, {
      what: `the API listens on every interface: whoever reaches ${listen} can try tokens`,
      help: 'write an address that only operators reach, such as "127.0.0.1:5501", or a unix: socket',
    });
  }
  const open = readers.find((network) => !isPrivate(network));
  if (adminReaders !== undefined && open !== undefined) {
    log.report("BAL5018", adminReaders, {
      what: `${open} is more than a private network: it reads services, backends and metrics without a token`,
      help: "list networks of your own, or leave it out and give readers a token",
    });
  }
}

const EVERY_INTERFACE = ["", "0.0.0.0", "::"];

/** Undefined for a socket, and where only the machine that serves knows. */
function hostOf(listen: string): string | undefined {
  if (listen === "" || listen.startsWith("unix:") || hasReference(listen)) return undefined;
  const address = parseListenAddress(listen);
  return typeof address === "string" ? undefined : address.host;
}

/** RFC 1918, RFC 4193, RFC 6598, loopback and link-local. */
const PRIVATE = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
  "::1/128",
];

/** A single address is one's own decision. */
function isPrivate(network: string): boolean {
  const isSingle = network.endsWith(network.includes(":") ? "/128" : "/32");
  return isSingle || PRIVATE.some((outer) => isWithin(network, outer));
}

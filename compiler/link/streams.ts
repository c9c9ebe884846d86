/**
 * Streams: names that are taken, addresses that are taken, server names that are taken, and what a
 * stream of its protocol cannot have.
 */
import { parseListenAddress } from "../../artifact/address.ts";
import type { Settings } from "../../artifact/model.ts";
import { hasReference } from "../../artifact/reference.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Given } from "../resolve/block.ts";
import type { SniRouteDraft } from "../resolve/sni.ts";
import type { SettingPlaces } from "../resolve/setting-places.ts";
import type { StreamDraft } from "../resolve/stream.ts";
import type { Span } from "../source-text.ts";

/** Reports what enabled streams cannot have together, beside the process's own listeners, or at all. */
export function linkStreams(
  streams: readonly StreamDraft[],
  settings: Settings,
  places: SettingPlaces,
  log: DiagnosticLog,
): void {
  linkNames(streams, log);
  linkListeners(streams, settings, places, log);
  for (const stream of streams) {
    linkServerNames(stream.sni, log);
    if (stream.protocol === "udp") reportTcpOnly(stream, log);
  }
}

function linkNames(streams: readonly StreamDraft[], log: DiagnosticLog): void {
  const taken = new Map<string, Given<string>>();
  for (const { name } of streams) {
    if (name === undefined) continue;
    const first = taken.get(name.value);
    if (first === undefined) taken.set(name.value, name);
    else {
      const note = { message: "first named here", span: first.at };
      log.report("BAL4009", name.at, { name: name.value }, [note]);
    }
  }
}

/** Sockets of TCP and of UDP do not meet; those of one protocol do where port and host overlap. */
function linkListeners(
  streams: readonly StreamDraft[],
  { listen: http, admin }: Settings,
  places: SettingPlaces,
  log: DiagnosticLog,
): void {
  const taken = new Map<string, Place[]>();
  const claim = (protocol: string, listen: string, owner: string, at: Span | undefined): void => {
    const place = { ...placeOf(listen), owner, at };
    if (place.port === "0") return;
    const key = `${protocol} ${place.port}`;
    const others = taken.get(key) ?? [];
    const first = others.find(
      ({ host }) => host === place.host || host === "" || place.host === "",
    );
    taken.set(key, [...others, place]);
    if (first === undefined || at === undefined) return;
    const notes =
      first.at === undefined ? [] : [{ message: "the other listens here", span: first.at }];
    log.report("BAL4010", at, { listen, other: first.owner }, notes);
  };
  claim("tcp", http, "the HTTP listener", places.listen);
  const { listen: api } = admin;
  if (api !== "" && !api.startsWith("unix:")) {
    claim("tcp", api, "the API (admin.listen)", places.adminListen);
  }
  for (const { protocol, listen, name } of streams) {
    if (listen === undefined) continue;
    claim(protocol, listen.value, `the stream "${name?.value ?? ""}"`, listen.at);
  }
}

interface Place {
  host: string;
  port: string;
  owner: string;
  at: Span | undefined;
}

const EVERY_INTERFACE = ["", "0.0.0.0", "::"];

/** What is only known at load is compared as it is written. */
function placeOf(listen: string): Pick<Place, "host" | "port"> {
  const address = hasReference(listen) ? "" : parseListenAddress(listen);
  if (typeof address === "string") return { host: "", port: listen };
  const host = EVERY_INTERFACE.includes(address.host) ? "" : address.host.toLowerCase();
  return { host, port: String(address.port) };
}

function linkServerNames(routes: readonly SniRouteDraft[], log: DiagnosticLog): void {
  const taken = new Map<string, Given<string>>();
  for (const name of routes.flatMap(({ names }) => names)) {
    const first = taken.get(name.value);
    if (first === undefined) taken.set(name.value, name);
    else {
      const note = { message: "first given here", span: first.at };
      log.report("BAL4011", name.at, { name: name.value }, [note]);
    }
  }
}

/** Datagrams have no beginning: there is no header and no ClientHello to read. */
function reportTcpOnly({ keys }: StreamDraft, log: DiagnosticLog): void {
  for (const key of ["tls", "proxy_protocol"] as const) {
    const at = keys[key];
    if (at !== undefined) log.report("BAL4014", at, { key, reason: "the protocol is udp" });
  }
}

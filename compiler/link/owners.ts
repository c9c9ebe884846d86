/**
 * Owners: services claim what belongs to them, and nothing that belongs to others.
 *
 * What belongs to a folder is a set of regions, each a host and a path prefix. A claim, a domain and a
 * pattern of a service, belongs to the closest region that holds all of it: first by host, then by
 * prefix, as requests are routed. A claim that is wider than a region is not one on it: the closer
 * route wins, whoever has it, unless a priority says otherwise.
 */
import type { Pattern } from "../../artifact/pattern.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { OwnerDraft } from "../resolve/owners.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import type { Span } from "../source-text.ts";

/**
 * Reports services that claim what they may not.
 *
 * @param services those that came since the last tree without errors: of the others nothing has changed
 */
export function linkOwners(
  owners: readonly OwnerDraft[],
  services: readonly ServiceDraft[],
  log: DiagnosticLog,
): void {
  if (owners.length === 0) return;
  const regions = regionsOf(owners);
  const folders = new Map(owners.map((owner) => [owner.folder, owner]));
  for (const service of services) {
    const { pattern, domains } = service;
    if (pattern === undefined) continue;
    const closest = ownerOf(service.at.source.path, folders);
    for (const [index, domain] of domains.entries()) {
      const claim = { service, domain, pattern: pattern.parsed, at: service.domainsAt[index]! };
      linkClaim(claim, closest, regions, log);
    }
  }
}

interface Claim {
  service: ServiceDraft;
  domain: string;
  pattern: Pattern;
  /** Where the domain stands. */
  at: Span;
}

interface Region {
  owner: OwnerDraft;
  host: string;
  prefix: string;
  /** What makes it this owner's: the prefix, the host, or the folder. */
  at: Span;
}

/** By host, then by prefix: whoever has that region. */
type Regions = ReadonlyMap<string, ReadonlyMap<string, readonly Region[]>>;

function regionsOf(owners: readonly OwnerDraft[]): Regions {
  const regions = new Map<string, Map<string, Region[]>>();
  for (const owner of owners) {
    const hosts = owner.hosts.length > 0 ? owner.hosts : [{ value: "*", at: owner.at }];
    const prefixes = owner.prefixes.length > 0 ? owner.prefixes : [{ value: "", at: undefined }];
    for (const host of hosts) {
      let byPrefix = regions.get(host.value);
      if (byPrefix === undefined) regions.set(host.value, (byPrefix = new Map()));
      for (const { value: prefix, at } of prefixes) {
        const region = { owner, host: host.value, prefix, at: at ?? host.at };
        const known = byPrefix.get(prefix);
        if (known === undefined) byPrefix.set(prefix, [region]);
        else known.push(region);
      }
    }
  }
  return regions;
}

/** The owner of the longest folder that a file is in. */
function ownerOf(file: string, folders: ReadonlyMap<string, OwnerDraft>): OwnerDraft | undefined {
  for (let path = file; ; path = path.slice(0, path.lastIndexOf("/"))) {
    const owner = folders.get(path);
    if (owner !== undefined || !path.includes("/")) return owner;
  }
}

function linkClaim(
  claim: Claim,
  closest: OwnerDraft | undefined,
  regions: Regions,
  log: DiagnosticLog,
): void {
  const { service, domain } = claim;
  const path = service.pattern!;
  const text = `${domain}${path.text}`;
  const holding = holdingRegions(claim, regions);
  if (closest !== undefined && !holding.flat().some(({ owner }) => owner === closest)) {
    // The host is theirs, so it is the path that is not.
    const isHostTheirs = hostsAbove(domain).some((host) =>
      [...(regions.get(host)?.values() ?? [])].flat().some(({ owner }) => owner === closest),
    );
    const note = { message: "what belongs to them is listed here", span: closest.at };
    const params = { folder: closest.folder, claim: text };
    log.report("BAL4020", isHostTheirs ? path.at : claim.at, params, [note]);
    return;
  }
  const file = service.at.source.path;
  const [first] = holding;
  if (first !== undefined && !first.some(({ owner }) => isIn(file, owner.folder))) {
    reportTaken("BAL4021", claim, text, first[0]!, log);
  } else if (service.priority > 0) {
    const passed = overlapping(claim, regions).find(({ owner }) => !isIn(file, owner.folder));
    if (passed !== undefined) reportTaken("BAL4022", claim, text, passed, log);
  }
}

function reportTaken(
  code: "BAL4021" | "BAL4022",
  { service, at: domainAt }: Claim,
  text: string,
  { owner, host, prefix, at }: Region,
  log: DiagnosticLog,
): void {
  const params = { claim: text, region: `${host}${prefix}/*`, folder: owner.folder };
  const place = code === "BAL4022" ? service.priorityAt : domainAt;
  log.report(code, place, params, [{ message: "it belongs to them by this", span: at }]);
}

/** The regions that hold all of a claim, the closest first; those of one host and prefix together. */
function holdingRegions({ domain, pattern }: Claim, regions: Regions): (readonly Region[])[] {
  const prefixes = prefixesOf(pattern);
  return hostsAbove(domain)
    .flatMap((host) => {
      const byPrefix = regions.get(host);
      return byPrefix === undefined
        ? []
        : prefixes.flatMap((prefix) => [byPrefix.get(prefix) ?? []]);
    })
    .filter((found) => found.length > 0);
}

/** The regions of which a claim takes some requests, but which hold not all of it. */
function overlapping({ domain, pattern }: Claim, regions: Regions): Region[] {
  const inside = new Set(prefixesOf(pattern));
  return hostsAbove(domain).flatMap((host) =>
    [...(regions.get(host) ?? [])].flatMap(([prefix, found]) =>
      !inside.has(prefix) && meets(pattern, prefix.split("/").slice(1)) ? found : [],
    ),
  );
}

/** A domain and those that hold it, the closest first. */
function hostsAbove(domain: string): string[] {
  if (domain === "*") return ["*"];
  const hosts = [domain];
  let name = domain.replace(/^\*\./, "");
  for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".")) {
    name = name.slice(dot + 1);
    hosts.push(`*.${name}`);
  }
  return [...hosts, "*"];
}

/** Every prefix that holds all paths of a pattern, the longest first. */
function prefixesOf({ segments }: Pattern): string[] {
  const prefixes = [""];
  for (const { kind, text } of segments) {
    if (kind === "parameter") break;
    prefixes.push(`${prefixes.at(-1)}/${text}`);
  }
  return prefixes.toReversed();
}

/** True where a path with the prefix of these segments matches the pattern. */
function meets({ segments, rest }: Pattern, prefix: readonly string[]): boolean {
  if (segments.length < prefix.length && !rest) return false;
  return prefix.every((text, index) => {
    const segment = segments[index];
    return segment === undefined || segment.kind === "parameter" || segment.text === text;
  });
}

function isIn(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

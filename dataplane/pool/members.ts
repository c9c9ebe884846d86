/**
 * Members: the backends that a pool has, of those that are written: one each, or one for each endpoint that
 * the name it is reached by leads to now. Those that stay are the same ones.
 */
import { type BackendAddress, formatBackendUrl } from "../../artifact/address.ts";
import type { PoolPolicy } from "../../artifact/model.ts";
import { Backend, type BackendHome } from "./backend.ts";
import { upTo } from "./balance/tier.ts";
import { type Endpoint, endpointKey, hostKind, type Names, type NameWatch } from "./endpoints.ts";
import { BackendSlot } from "./state/backend-slot.ts";
import { identityOf } from "./state/identity.ts";
import type { PoolSlot } from "./state/pool-slot.ts";

/** A backend as it is written: where its host is a name, it may have several endpoints. */
export interface BackendSpec {
  address: BackendAddress;
  weight: number;
  priority: number;
  connectionsMax: number;
}

/** The pool, as far as its members are concerned. */
export interface MembersHome extends BackendHome {
  readonly slot: PoolSlot;
  readonly names: Names;
  /** Milliseconds. */
  now(): number;
  /** There are others, or they are others. */
  membersChanged(): void;
}

/** Endpoints of SRV records have priorities of their own, up to 65535, within their backend's. */
const PRIORITIES = 65_536;

/** A backend as it is written whose host is a name, or that stands beside such a one. */
interface Written {
  url: string;
  spec: BackendSpec;
  dns: PoolPolicy["dns"];
  watch: NameWatch | undefined;
  /** When it came to the pool; 0 where the pool began with it. */
  since: number;
  /** It had endpoints when its backends were made last. */
  hadEndpoints: boolean;
}

export class Members {
  /** In the order in which they are written, endpoints of one behind each other. */
  backends: Backend[] = NONE;
  /** For each written backend, where its endpoints begin; one more at the end. */
  endpointsAt: number[] = [];
  readonly #home: MembersHome;
  /** Empty where no host is a name: what is known of the backends is all there is to know. */
  #written: readonly Written[] = NOTHING;

  constructor(home: MembersHome) {
    this.#home = home;
  }

  /** Follows a new generation: same URLs stay the same backends, those not named are removed. */
  update(specs: readonly BackendSpec[]): void {
    const before = [...this.#written];
    const written = specs.map((spec) => this.#write(spec, before));
    for (const { watch } of before) watch?.close();
    this.#expand(written);
    this.#written = written.every(({ watch }) => watch === undefined) ? NOTHING : written;
  }

  close(): void {
    for (const backend of this.backends) backend.remove();
    for (const { watch } of this.#written) watch?.close();
    this.backends = NONE;
    this.#written = NOTHING;
    this.#home.membersChanged();
  }

  /** A written backend, with the watch that it had before where its host is looked up as before. */
  #write(spec: BackendSpec, before: Written[]): Written {
    const { dns } = this.#home.rules.policy;
    const url = formatBackendUrl(spec.address);
    const at = before.findIndex(
      (written) =>
        written.url === url &&
        written.dns.family === dns.family &&
        written.dns.refreshMs === dns.refreshMs,
    );
    if (at !== -1) {
      const [known] = before.splice(at, 1);
      return { ...known!, spec };
    }
    const { host } = spec.address;
    const watch =
      hostKind(host) === "fixed"
        ? undefined
        : this.#home.names.watch(host, dns, () => this.#expand(this.#written));
    const since = watch === undefined ? this.#startedNow() : this.#sinceOf(url);
    return { url, spec, dns, watch, since, hadEndpoints: false };
  }

  /** Since when a backend may be used that comes now: the beginning, where the pool has just begun. */
  #startedNow(): number {
    return this.#home.slot.isStarted ? this.#home.now() : 0;
  }

  /** The same of one whose host is a name: none of its first endpoints is newer than that. */
  #sinceOf(url: string): number {
    const { state, key } = this.#home;
    const slot = new BackendSlot(state.memory, state.acquire(identityOf(key, url)));
    if (!slot.isSeen) {
      // In this order: whoever finds it seen finds since when, too.
      slot.upSince = this.#startedNow();
      slot.isFirstSeen();
    }
    const since = slot.upSince;
    state.release(slot.slot);
    return since;
  }

  /** Makes a backend of each endpoint there is now. */
  #expand(all: readonly Written[]): void {
    const home = this.#home;
    const before = new Map(this.backends.map((backend) => [backend.identity, backend]));
    const backends: Backend[] = [];
    const endpointsAt: number[] = [];
    for (const written of all) {
      const { url, spec, watch, hadEndpoints } = written;
      endpointsAt.push(backends.length);
      written.hadEndpoints = watch !== undefined && watch.endpoints.length > 0;
      // Of a name's first endpoints none is newer than the name.
      const since = hadEndpoints ? home.now() : written.since;
      for (const endpoint of endpointsOf(watch)) {
        const key = endpoint === undefined ? "" : endpointKey(endpoint);
        const identity = identityOf(home.key, url, key);
        const known = before.get(identity);
        const backend = known ?? new Backend(home, spec.address, watch, endpoint);
        known?.identify();
        before.delete(identity);
        if (known === undefined && backend.slot.isFirstSeen() && since > 0) {
          backend.slot.upSince = since;
          home.state.memory.changed();
        }
        backend.weight = spec.weight * (endpoint?.weight ?? 1);
        backend.priority = spec.priority * PRIORITIES + (endpoint?.priority ?? 0);
        backend.connectionsMax = spec.connectionsMax;
        backend.index = backends.length;
        backends.push(backend);
      }
    }
    endpointsAt.push(backends.length);
    // Without names each has one endpoint.
    this.endpointsAt = backends.length === all.length ? upTo(all.length + 1) : endpointsAt.slice();
    home.slot.start();
    // A copy takes no more room than it needs.
    this.backends = backends.slice();
    for (const backend of before.values()) backend.remove();
    home.membersChanged();
  }
}

/** Those of a name; one that stands for it where it has none yet, or is no name. */
function endpointsOf(watch: NameWatch | undefined): readonly (Endpoint | undefined)[] {
  return watch === undefined || watch.endpoints.length === 0 ? [undefined] : watch.endpoints;
}

/** Of pools without backends; nothing is ever put into them. */
const NONE: Backend[] = [];
const NOTHING: readonly Written[] = [];

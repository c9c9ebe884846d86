/**
 * Memory: what one compilation leaves to the next of nearly the same tree, for whoever watches a tree.
 * It holds nothing that the tree does not say: the same tree gives the same result with it and without.
 *
 * Kept are files about which there was nothing to say, as they were read; and of the last tree without
 * errors its names, its hosts, and what was planned. Only what came since then is set beside it. Hosts on
 * which something was found are looked at anew each time, so that it is said each time.
 */
import { Encoder } from "../artifact/encode.ts";
import type { Changes } from "./changes.ts";
import type { PagelessHosts } from "./check/start-pages.ts";
import { DiagnosticLog } from "./diagnostic-log.ts";
import { type Hosts, hostsOf } from "./hosts.ts";
import { CONFIG_FILE, type ConfigFile } from "./parse/collect-files.ts";
import { NO_PLAN, type Plan } from "./plan/plan.ts";
import { type ReadFile, readFile } from "./read-file.ts";
import type { NamedPoolDraft } from "./resolve/pool.ts";
import { type ResolvedTree, Resolver } from "./resolve/resolve.ts";
import type { ServiceDraft } from "./resolve/service.ts";
import { isSameBytes } from "./source-tree.ts";

interface KeptFile {
  bytes: Uint8Array;
  read: readonly ReadFile[];
  /** There was something to say about it, and it has to be said again. */
  isRemarkable: boolean;
}

export class CompileMemory {
  /** Of all artifacts. */
  readonly encoder = new Encoder();
  #files: ReadonlyMap<string, KeptFile> = new Map();
  #resolver = new Resolver();
  // Of the last tree without errors.
  #read: ReadonlyMap<string, readonly ReadFile[]> = new Map();
  #hosts: Hosts = new Map();
  #pageless: PagelessHosts = new Map();
  #pools: readonly NamedPoolDraft[] = [];
  /** Files of which something was said. */
  #spokenOf: ReadonlySet<string> = new Set();
  #found: ReadonlySet<string> = new Set();
  readonly #names = new Map<string, ServiceDraft>();
  #plan = NO_PLAN;

  /** What files say; those that are as they were are remembered, all others are read. */
  readFiles(files: readonly ConfigFile[], log: DiagnosticLog): ReadFile[] {
    const kept = new Map<string, KeptFile>();
    // What balto.config.yaml says of all services is part of each: it comes first.
    const config = this.#files.get(CONFIG_FILE);
    const isConfigKept =
      config === undefined
        ? files[0]?.path !== CONFIG_FILE
        : !config.isRemarkable && isSameFile(files[0], config);
    if (!isConfigKept) {
      this.#files = new Map();
      this.#resolver = new Resolver();
    }
    for (const file of files) {
      const known = this.#files.get(file.path);
      const isSame = known !== undefined && isSameBytes(known.bytes, file.bytes);
      if (isSame && !known.isRemarkable) {
        kept.set(file.path, known);
        continue;
      }
      const own = new DiagnosticLog();
      const read = readFile(file, this.#resolver, own);
      kept.set(file.path, { bytes: file.bytes, read, isRemarkable: own.size > 0 });
      log.take(own);
    }
    this.#files = kept;
    return this.#readFiles();
  }

  /** @param tree what the files that were read last say */
  changes({ services, pools }: ResolvedTree): Changes {
    const added: ServiceDraft[] = [];
    const removed = new Set<ServiceDraft>();
    for (const [path, { read }] of this.#files) {
      if (this.#read.get(path) !== read) added.push(...enabledOf(read));
    }
    for (const [path, read] of this.#read) {
      if (this.#files.get(path)?.read === read) continue;
      for (const service of enabledOf(read)) removed.add(service);
    }
    if (this.#read.size === 0) {
      const drafts = services();
      const hosts = hostsOf(drafts);
      const all = drafts.filter(({ enabled }) => enabled);
      const pageless = new Map<string, never>();
      return { added, removed, hosts, fresh: hosts, pageless, routed: all, alone: all };
    }
    const domains = [...added, ...removed].flatMap((service) => service.domains);
    const touched = new Set([...domains, ...this.#found]);
    const isTouched = (names: readonly string[]): boolean => names.some((one) => touched.has(one));
    const near = this.#readFiles().filter(({ sums }) => isTouched(sums.domains));
    const routed = enabledOf(near).filter((service) => isTouched(service.domains));
    const fresh = hostsOf(routed, touched);
    const hosts = new Map(this.#hosts);
    for (const domain of touched) if (!fresh.has(domain)) hosts.delete(domain);
    for (const [domain, list] of fresh) hosts.set(domain, list);
    const pageless = new Map([...this.#pageless].filter(([domain]) => !touched.has(domain)));
    return { added, removed, hosts, fresh, pageless, routed, alone: this.#alone(pools) };
  }

  /** All but those of files that are as they were and of which nothing was said; and those that name a pool. */
  #alone(pools: readonly NamedPoolDraft[]): ServiceDraft[] {
    const old = this.#pools;
    const arePoolsSame = pools.length === old.length && pools.every((pool, at) => pool === old[at]);
    return [...this.#files].flatMap(([path, { read }]) => {
      const isQuiet = this.#read.get(path) === read && !this.#spokenOf.has(path);
      if (!isQuiet || !arePoolsSame) return enabledOf(read);
      return read.flatMap(({ sums }) => sums.referring.filter(({ enabled }) => enabled));
    });
  }

  #readFiles(): ReadFile[] {
    return [...this.#files.values()].flatMap(({ read }) => read);
  }

  /** The last plan. */
  get plan(): Plan {
    return this.#plan;
  }

  /** True where an added service has a name that another one has too. */
  hasNameTwice({ added, removed }: Changes): boolean {
    const names = new Set<string>();
    return added.some(({ name }) => {
      if (name === undefined) return false;
      const known = this.#names.get(name.text);
      if (names.has(name.text) || (known !== undefined && !removed.has(known))) return true;
      names.add(name.text);
      return false;
    });
  }

  /**
   * Remembers a tree without errors.
   *
   * @param found the domains on which something was found
   * @param pageless its hosts without a start page
   * @param log what was said of it
   */
  settle(
    { added, removed, hosts }: Changes,
    { pools }: ResolvedTree,
    found: ReadonlySet<string>,
    pageless: PagelessHosts,
    plan: Plan,
    log: DiagnosticLog,
  ): void {
    this.#plan = plan;
    this.#pageless = pageless;
    this.#pools = pools;
    this.#spokenOf = new Set([...this.#files.keys()].filter((path) => log.speaksOf(path)));
    this.#read = new Map([...this.#files].map(([path, { read }]) => [path, read]));
    this.#hosts = hosts;
    this.#found = found;
    for (const { name } of removed) this.#names.delete(name?.text ?? "");
    for (const service of added) this.#names.set(service.name?.text ?? "", service);
  }
}

function isSameFile(file: ConfigFile | undefined, { bytes }: KeptFile): boolean {
  return file?.path === CONFIG_FILE && isSameBytes(file.bytes, bytes);
}

function enabledOf(read: readonly ReadFile[]): ServiceDraft[] {
  return read.flatMap(({ services }) => services.filter(({ enabled }) => enabled));
}

/**
 * The life of a write: its turn → the tree's lock → read → propose → conditions → compile → write,
 * commit, publish, served (write/transaction.ts) → answer.
 */
import { openContainer, restamp } from "../artifact/container.ts";
import { compile, type CompileResult } from "../compiler/compile.ts";
import type { Diagnostic } from "../compiler/diagnostic.ts";
import type { CompileMemory } from "../compiler/memory.ts";
import type { Author } from "../compiler/resolve/api.ts";
import type { SourceTree } from "../compiler/source-tree.ts";
import { publishIfOther } from "./publish.ts";
import { type Conditions, demand, demandNew, etagOf } from "./conditions.ts";
import type { DataPlaneClient } from "./data-plane-client.ts";
import { ATTEMPTS_MAX, LOCK_MS_MAX } from "./limits.ts";
import type { Log } from "./log.ts";
import { Refusal } from "./refusal.ts";
import type { Catalog } from "./service/catalog.ts";
import { forbiddenBackends } from "./service/forbidden-backend.ts";
import { type Intent, type Proposal, propose, treeWith } from "./service/proposal.ts";
import { resourceOf, type ServiceResource } from "./service/service-resource.ts";
import { ServiceTimes, type Times } from "./service/service-times.ts";
import { type Snapshot, TreeState } from "./tree-state.ts";
import { Repository } from "./write/git.ts";
import { stateFolder } from "./write/journal.ts";
import { acquireLock } from "./write/lock-file.ts";
import { recover, recoverTree, type Recovery } from "./write/recover.ts";
import { type Change, ChangedMeanwhile, type StepDone, transact } from "./write/transaction.ts";
import { Turns } from "./write/turns.ts";
import { refusalOf } from "./write/write-refusal.ts";
import { unifiedDiff } from "./yaml/unified-diff.ts";

export interface WriterOptions {
  /** The folder of the tree. */
  tree: string;
  /** Where the artifact is published; undefined leaves that to somebody else. */
  artifact: string | undefined;
  /** Puts signatures to what is published. */
  signed: (artifact: Uint8Array) => Uint8Array;
  /** Who must serve a change before it has succeeded; undefined is nobody. */
  dataPlane: DataPlaneClient | undefined;
  log: Log;
  /** Told of each step of a change. */
  stepDone: StepDone;
}

/** One request to write. */
export interface WriteRequest {
  intent: Intent;
  conditions: Conditions;
  /** Nothing is written: the answer says what would be. */
  dryRun: boolean;
  /** Of the commit; undefined is the tree's default. */
  author: Author | undefined;
  requestId: string | undefined;
}

export interface WriteResult {
  action: Proposal["action"];
  /** Of the service that was meant, as it was before. */
  id: string | undefined;
  /** The service as it is now; undefined where it was removed. */
  resource: ServiceResource | undefined;
  etag: string | undefined;
  /** Of the artifact that has the change. */
  digest: string;
  /** The commit, where there is one. */
  commit: string | undefined;
  /** The file that changed, relative to the tree, and how. */
  path: string;
  diff: string;
  /** Warnings. */
  diagnostics: readonly Diagnostic[];
  /** The file before and after; undefined is no file. */
  before: Buffer | undefined;
  after: Buffer | undefined;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #state: TreeState;
  readonly #times: ServiceTimes;
  readonly #turns = new Turns();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#state = new TreeState(options.tree);
    this.#times = new ServiceTimes(this.#state.folder);
  }

  /** What a reader is shown. @throws Refusal 503 */
  snapshot(): Snapshot {
    return this.#state.current(!this.#turns.isBusy);
  }

  /** The artifact of a tree that was shown. @throws Refusal 503 */
  artifactOf({ tree }: Snapshot): Uint8Array {
    const { artifact } = compile(tree, { memory: this.#state.memory });
    if (artifact === undefined) throw new Refusal(503, "the tree does not compile");
    return artifact;
  }

  /** Every service as clients see it, by id, and the entity tag of the list. */
  list({ catalog }: Snapshot): { resources: ServiceResource[]; etag: string } {
    const resources = catalog.entries.map((entry) =>
      resourceOf(entry, entry.value, this.#times.of(entry)),
    );
    return { resources, etag: etagOf(JSON.stringify(resources)) };
  }

  /** One service of a catalog as clients see it. */
  show(entry: Catalog["entries"][number]): { resource: ServiceResource; etag: string } {
    const resource = resourceOf(entry, entry.value, this.#times.of(entry));
    return { resource, etag: etagOf(JSON.stringify(resource)) };
  }

  /** Makes a change. When this resolves, it is written, committed and served. @throws Refusal */
  async write(request: WriteRequest): Promise<WriteResult> {
    return this.#turns.take(async () => {
      try {
        return await this.#attempts(request);
      } catch (error) {
        throw refusalOf(error);
      }
    });
  }

  /** Ends what a crash left behind, and reads the tree. */
  async begin(): Promise<void> {
    this.#logRecovery(await recoverTree(this.#state.folder));
    this.#state.look();
  }

  /** Resolves when no write is under way. */
  async idle(): Promise<void> {
    await this.#turns.idle();
  }

  async #attempts(request: WriteRequest): Promise<WriteResult> {
    if (request.dryRun) return this.#attempt(request);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#locked(() => this.#attempt(request));
      } catch (error) {
        if (!(error instanceof ChangedMeanwhile) || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = await acquireLock(`${stateFolder(this.#state.folder)}/lock`, LOCK_MS_MAX);
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  async #attempt(request: WriteRequest): Promise<WriteResult> {
    if (!request.dryRun) this.#logRecovery(await recover(this.#state.folder));
    const now = this.#state.fresh();
    const { tree, api } = now;
    this.#demand(request, now);
    const proposal = propose(request.intent, tree, now.catalog);
    const { value, entry } = proposal;
    const forbidden =
      value === undefined || api.allowLinkLocal ? [] : forbiddenBackends(value, entry?.value);
    if (forbidden.length > 0) {
      const message = `${forbidden.join(", ")}: link-local and metadata addresses are refused`;
      throw new Refusal(400, `${message} (api.allow_link_local lets them in)`);
    }
    const next = treeWith(tree, proposal);
    const compiled = compiledOf(next, tree, proposal, this.#state.memory);
    const { digest } = openContainer(compiled.artifact);
    const isChange = proposal.before !== proposal.after;
    const times = isChange || entry === undefined ? this.#times.next(entry) : this.#times.of(entry);
    let commit: string | undefined;
    if (!isChange && !request.dryRun) await this.#serve(compiled.artifact, digest);
    if (isChange && !request.dryRun) {
      commit = await this.#transact(request, now, proposal, compiled.artifact, digest);
      this.#state.became(next);
      const { address } = proposal;
      const after = address && value && { id: address.id, value, times };
      this.#times.note(entry, after);
    }
    return { ...shown(proposal, times), digest, commit, diagnostics: compiled.diagnostics };
  }

  /** @throws Refusal 404, 412, 428 */
  #demand({ intent, conditions, dryRun }: WriteRequest, now: Snapshot): void {
    const isRequired = now.api.requireIfMatch && !dryRun;
    if (intent.action === "put" || intent.action === "create") {
      demandNew(conditions, () => this.list(now).etag, isRequired);
      return;
    }
    const entry = now.catalog.find(intent.id);
    // That there is none, or more than one, is for `propose` to say.
    if (entry === undefined || entry === "several") return;
    demand(conditions, this.show(entry).etag, isRequired);
  }

  async #transact(
    request: WriteRequest,
    { api }: Snapshot,
    proposal: Proposal,
    compiled: Uint8Array,
    digest: string,
  ): Promise<string | undefined> {
    const { artifact, signed, dataPlane, stepDone } = this.#options;
    const { path, before, after } = proposal;
    const tree = this.#state.folder;
    let commit: Change["commit"];
    if (api.git.enabled) {
      const repository = await Repository.of(tree);
      await repository.check(path, before === undefined);
      const author = request.author ?? api.git.author;
      const message = messageOf(proposal, request.requestId);
      commit = { repository, request: { message, author, committer: api.git.author } };
    }
    const change: Change = {
      tree,
      path,
      before,
      after,
      commit,
      artifact:
        artifact === undefined
          ? undefined
          : {
              path: artifact,
              digest,
              bytes: (revision = "") => signed(restamp(compiled, { revision, signatures: [] })),
            },
      served: dataPlane && (() => dataPlane.serves(digest)),
      takenBack: async () => {
        // Not waited for: it finds the old artifact by itself, this only makes it look at once.
        await dataPlane?.ask("POST", "/balto/reload").catch(() => undefined);
      },
    };
    // Whoever else publishes there must not put an older tree over this one.
    const lock =
      artifact === undefined ? undefined : await acquireLock(`${artifact}.lock`, LOCK_MS_MAX);
    try {
      return await transact(change, stepDone);
    } finally {
      lock?.release();
    }
  }

  /** Nothing is to be changed; but what the files say may not be served yet. */
  async #serve(bytes: Uint8Array, digest: string): Promise<void> {
    const { artifact, signed, dataPlane } = this.#options;
    if (artifact !== undefined) {
      const lock = await acquireLock(`${artifact}.lock`, LOCK_MS_MAX);
      try {
        publishIfOther(artifact, signed(bytes));
      } finally {
        lock.release();
      }
    }
    await dataPlane?.serves(digest);
  }

  #logRecovery(recovery: Recovery): void {
    if (recovery === undefined) return;
    const { path: file, outcome } = recovery;
    this.#options.log.write("warn", "control", `A change that was cut off was ${outcome}`, {
      file,
    });
  }
}

/** @throws Refusal 400 where the change is wrong, 409 where the tree was wrong before it */
function compiledOf(
  next: SourceTree,
  before: SourceTree,
  proposal: Proposal,
  memory: CompileMemory,
): Required<CompileResult> {
  const { diagnostics, api, model, artifact } = compile(next, { memory });
  if (model !== undefined && artifact !== undefined) return { diagnostics, api, model, artifact };
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const [first] = errors;
  const place = first && `${first.location.file}:${first.location.start.line}`;
  const more = { diff: diffOf(proposal) };
  if (compile(before, { encode: false, memory }).model === undefined) {
    const text = `the tree does not compile as it is (${place} ${first?.message}): mend that first`;
    throw new Refusal(409, text, { diagnostics, more });
  }
  const isTaken = errors.every(({ code }) => code === "BAL4001" || code === "BAL4002");
  throw new Refusal(isTaken ? 409 : 400, `${first?.code} ${first?.message} (${place})`, {
    diagnostics,
    more,
  });
}

function shown(
  proposal: Proposal,
  times: Times,
): Omit<WriteResult, "digest" | "commit" | "diagnostics"> {
  const { action, path, before, after, entry, value, address } = proposal;
  const resource = address && value && resourceOf(address, value, times);
  return {
    action,
    id: (entry ?? address)?.id,
    resource,
    etag: resource && etagOf(JSON.stringify(resource)),
    path,
    diff: diffOf(proposal),
    before,
    after,
  };
}

function diffOf({ path, before, after }: Proposal): string {
  return unifiedDiff(path, before?.toString(), after?.toString());
}

function messageOf(
  { action, entry, address, path }: Proposal,
  requestId: string | undefined,
): string {
  const verb = { create: "Add", replace: "Change", remove: "Remove" }[action];
  const { domain = "", pattern = "" } = address ?? entry ?? {};
  const lines = [`${verb} ${printable(domain + pattern)}`, "", `File: ${path}`];
  if (requestId !== undefined) lines.push(`Request-Id: ${printable(requestId)}`);
  return `${lines.join("\n")}\n`;
}

function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, "?").slice(0, 200);
}

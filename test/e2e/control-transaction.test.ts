// A change whose step fails leaves everything as it was: files, index, commits, artifact.

import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { GitRefusal, Repository as Git } from "../../control/write/git.ts";
import {
  type Change,
  ChangedMeanwhile,
  RollbackError,
  type Step,
  transact,
} from "../../control/write/transaction.ts";
import { Repository } from "../harness/repository.ts";

const AUTHOR = { name: "Ann", email: "ann@example.com" };
const BEFORE = "domain: a.example.com\npath_prefix: /\nports: [1]\n";
const AFTER = BEFORE.replace("[1]", "[2]");

/** The three kinds of changes. */
const KINDS = {
  edit: { path: "services/a.yaml", before: BEFORE, after: AFTER },
  creation: { path: "services/new/b.yaml", before: undefined, after: AFTER },
  removal: { path: "services/a.yaml", before: BEFORE, after: undefined },
} as const;
type Kind = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as Kind[];

async function changeOf(kind: Kind, repository: Repository): Promise<Change> {
  const { path, before, after } = KINDS[kind];
  writeFileSync(join(repository.folder, "../artifact"), "old");
  return {
    tree: repository.folder,
    path,
    before: before === undefined ? undefined : Buffer.from(before),
    after: after === undefined ? undefined : Buffer.from(after),
    commit: {
      repository: await Git.of(repository.folder),
      request: { message: "Change\n", author: AUTHOR, committer: AUTHOR },
    },
    artifact: {
      path: `${repository.folder}.artifact`,
      digest: "new",
      bytes: () => Buffer.from("new"),
    },
    served: async () => undefined,
    takenBack: async () => undefined,
  };
}

function repositoryWithArtifact(): Repository {
  const repository = Repository.with({ "services/a.yaml": BEFORE, "other.txt": "1" });
  writeFileSync(`${repository.folder}.artifact`, "old");
  return repository;
}

/** Everything that a change could leave a trace in. */
function everything(repository: Repository): unknown {
  const names = readdirSync(repository.folder, { recursive: true, encoding: "utf8" });
  const artifact = `${repository.folder}.artifact`;
  return {
    names: names.filter((name) => !name.startsWith(".git/")).toSorted(),
    files: repository.files(),
    head: repository.head,
    state: repository.state,
    artifact: existsSync(artifact) ? readFileSync(artifact, "utf8") : undefined,
    beside: readdirSync(join(repository.folder, "..")).filter((name) =>
      name.includes(`${repository.folder.split("/").at(-1)}.artifact`),
    ),
  };
}

function tidy(repository: Repository): void {
  rmSync(`${repository.folder}.artifact`, { force: true });
}

for (const kind of kinds) {
  it(`makes a ${kind}: file, commit, artifact, in this order`, async () => {
    const repository = repositoryWithArtifact();
    const { path, after } = KINDS[kind];
    const steps: Step[] = [];
    const change = await changeOf(kind, repository);
    const commit = await transact(change, (step) => steps.push(step));
    expect(commit).toBe(repository.head);
    expect(repository.files()[path]).toBe(after);
    expect(repository.state).toBe("");
    expect(repository.log).toEqual(["Ann: Change", "Tester: Begin"]);
    expect(repository.git("show", "--name-only", "--format=")).toBe(path);
    expect(readFileSync(`${repository.folder}.artifact`, "utf8")).toBe("new");
    expect(steps).toEqual([
      "journal",
      "copies",
      "file",
      ...(kind === "creation" ? ["staged"] : []),
      "commit",
      "artifact",
      "served",
      "done",
    ]);
    expect(readdirSync(join(repository.folder, ".balto"))).toEqual([".gitignore"]);
    expect(readdirSync(join(repository.folder, "services")).join()).not.toContain("balto");
    tidy(repository);
  });

  for (const failing of ["copies", "file", "commit", "artifact", "served"] as const) {
    it(`takes a ${kind} back when what follows "${failing}" fails`, async () => {
      const repository = repositoryWithArtifact();
      // The writer's own folder is there from its first change on.
      const first = await changeOf("edit", repository);
      await expect(
        transact(first, (step) => {
          if (step === "journal") throw new Error("no");
        }),
      ).rejects.toThrow("no");
      const before = everything(repository);
      let asked = 0;
      const change: Change = {
        ...(await changeOf(kind, repository)),
        takenBack: async () => void asked++,
      };
      const failed = transact(change, (step) => {
        if (step === failing) throw new Error(`after ${step}`);
      });
      await expect(failed).rejects.toThrow(`after ${failing}`);
      expect(everything(repository)).toEqual(before);
      expect(asked).toBe(failing === "artifact" || failing === "served" ? 1 : 0);
      tidy(repository);
    });
  }
}

it("takes a change back that the data plane does not serve", async () => {
  const repository = repositoryWithArtifact();
  const change = await changeOf("edit", repository);
  const head = repository.head;
  const refused = { ...change, served: () => Promise.reject(new Error("refused")) };
  await expect(transact(refused, () => undefined)).rejects.toThrow("refused");
  expect(repository.read("services/a.yaml")).toBe(BEFORE);
  expect([repository.head, repository.state]).toEqual([head, ""]);
  expect(readFileSync(`${repository.folder}.artifact`, "utf8")).toBe("old");
  tidy(repository);
});

it("takes a change back that a hook refuses, and says what the hook said", async () => {
  const repository = repositoryWithArtifact();
  const hook = join(repository.folder, ".git/hooks/pre-commit");
  writeFileSync(hook, "#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n");
  chmodSync(hook, 0o755);
  for (const kind of kinds) {
    const before = repository.files();
    const change = transact(await changeOf(kind, repository), () => undefined);
    await expect(change).rejects.toThrow(GitRefusal);
    await expect(change).rejects.toThrow("not on a Friday");
    expect(repository.files()).toEqual(before);
    expect(repository.state).toBe("");
  }
  tidy(repository);
});

it("is the first commit of a repository, and is taken back there too", async () => {
  const repository = repositoryWithArtifact();
  repository.git("update-ref", "-d", "HEAD");
  repository.git("rm", "--cached", "-r", "--quiet", ".");
  const change = await changeOf("creation", repository);
  const failing = { ...change, served: () => Promise.reject(new Error("refused")) };
  await expect(transact(failing, () => undefined)).rejects.toThrow("refused");
  expect(() => repository.head).toThrow();
  expect(repository.state).not.toContain("b.yaml");
  await transact(change, () => undefined);
  expect(repository.log).toEqual(["Ann: Change"]);
  tidy(repository);
});

it("leaves a file alone that is not what the change was made from", async () => {
  const repository = repositoryWithArtifact();
  for (const kind of kinds) {
    const change = await changeOf(kind, repository);
    const { path } = KINDS[kind];
    repository.write(path, "# by hand\n");
    await expect(transact(change, () => undefined)).rejects.toThrow(ChangedMeanwhile);
    expect(repository.read(path)).toBe("# by hand\n");
    repository.git("checkout", "--quiet", ".");
    repository.git("clean", "-dfq");
  }
  tidy(repository);
});

it("does not undo what somebody wrote after it", async () => {
  const repository = repositoryWithArtifact();
  const change = await changeOf("edit", repository);
  const failed = transact({ ...change, commit: undefined }, (step) => {
    if (step !== "file") return;
    repository.write("services/a.yaml", "# by hand\n");
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  expect(repository.read("services/a.yaml")).toBe("# by hand\n");
  tidy(repository);
});

it("says so when it cannot take everything back, and keeps the journal", async () => {
  const repository = repositoryWithArtifact();
  const change = await changeOf("edit", repository);
  const failed = transact(change, (step) => {
    if (step !== "commit") return;
    repository.write("other.txt", "2");
    repository.commitAll("On top of it");
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow(RollbackError);
  expect(existsSync(join(repository.folder, ".balto/journal.json"))).toBe(true);
  expect(repository.log).toEqual(["Tester: On top of it", "Ann: Change", "Tester: Begin"]);
  tidy(repository);
});

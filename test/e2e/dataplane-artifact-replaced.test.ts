// Every way in which people and their tools replace a file: each new artifact is served within the
// two seconds the issue allows.

import {
  closeSync,
  copyFileSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { expect, test } from "vitest";

import { openArtifact } from "../../artifact/view.ts";
import { publish, serving, temporaryFolder } from "../harness/artifact.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { sleep, until } from "../harness/until.ts";

const PICKED_UP_MS = 2_000;

/** Two artifacts of one length, and one that is longer: a change of size must not be needed. */
const amber = serving({ pattern: "/amber", to: "http://127.0.0.1:9" });
const coral = serving({ pattern: "/coral", to: "http://127.0.0.1:9" });
const large = serving(
  Array.from({ length: 2_000 }, (_, index) => ({
    pattern: `/large/${index}/:id`,
    to: `http://127.0.0.1:${index + 1}`,
  })),
);

async function serves(balto: DataPlane, bytes: Uint8Array, from: number): Promise<void> {
  const line = await balto.says("Artifact loaded", from, PICKED_UP_MS);
  expect(line["digest"]).toBe(openArtifact(Uint8Array.from(bytes)).digest);
}

/** Starts on the first artifact and replaces it in turn by the others, waiting for each. */
async function replaced(path: string, ways: [bytes: Uint8Array, replace: () => unknown][]) {
  const balto = await start(path);
  for (const [bytes, replace] of ways) {
    const from = balto.log.length;
    await replace();
    await serves(balto, bytes, from);
  }
  return balto;
}

test("the fixtures amber and coral have one length", () => {
  expect(amber.length).toBe(coral.length);
});

test("a rename over the file is picked up, again and again", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  const swap = (bytes: Uint8Array): [Uint8Array, () => void] => [
    bytes,
    () => {
      writeFileSync(`${path}.new`, bytes);
      renameSync(`${path}.new`, path);
    },
  ];
  await replaced(path, [swap(coral), swap(amber), swap(large), swap(amber)]);
});

test("a rename of a file that was written long ago is picked up", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  writeFileSync(`${path}.new`, coral);
  utimesSync(`${path}.new`, 1, 1);
  await replaced(path, [[coral, () => renameSync(`${path}.new`, path)]]);
});

test("a write in place is picked up: truncated and written, and written over", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  const over = (bytes: Uint8Array): void => {
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, bytes);
    closeSync(descriptor);
    truncateSync(path, bytes.length);
  };
  const balto = await replaced(path, [
    [coral, () => writeFileSync(path, coral)],
    [large, () => writeFileSync(path, large)],
    [amber, () => over(amber)],
    [coral, () => over(coral)],
  ]);
  expect(balto.hasExited).toBe(false);
});

test("a write in place that keeps size and modification time is picked up", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  utimesSync(path, 1, 1);
  await replaced(path, [
    [
      coral,
      () => {
        writeFileSync(path, coral);
        utimesSync(path, 1, 1);
      },
    ],
  ]);
  expect(statSync(path).mtimeMs).toBe(1000);
});

test("a copy that keeps the file's times is picked up", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  writeFileSync(`${path}.source`, coral);
  await replaced(path, [[coral, () => copyFileSync(`${path}.source`, path)]]);
});

test("a slow write in place is refused while it is half done, and served when it is whole", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  const balto = await start(path);
  const descriptor = openSync(path, "w");
  const step = Math.ceil(large.length / 4);
  for (let at = 0; at < large.length; at += step) {
    writeSync(descriptor, large, at, Math.min(step, large.length - at));
    expect(balto.log.filter(({ message }) => message === "Artifact loaded")).toEqual([]);
    if (at + step < large.length) await sleep(400);
  }
  closeSync(descriptor);
  await serves(balto, large, 0);
  const refusals = balto.log.filter(({ message }) => message.startsWith("Artifact refused"));
  expect(refusals.length).toBeGreaterThan(0);
});

test("a file that was removed and comes back is picked up", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  await replaced(path, [
    [
      coral,
      async () => {
        rmSync(path);
        await sleep(600);
        publish(path, coral);
      },
    ],
  ]);
});

test("a folder that was removed and comes back is picked up, and the next change in it too", async () => {
  const path = join(temporaryFolder(), "sub/balto.artifact");
  publish(path, amber);
  await replaced(path, [
    [
      coral,
      async () => {
        rmSync(dirname(path), { recursive: true });
        await sleep(600);
        publish(path, coral);
      },
    ],
    [amber, () => publish(path, amber)],
  ]);
});

test("a folder that is renamed away and replaced by another is picked up", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "current/balto.artifact");
  publish(path, amber);
  publish(join(folder, "next/balto.artifact"), coral);
  await replaced(path, [
    [
      coral,
      () => {
        renameSync(join(folder, "current"), join(folder, "old"));
        renameSync(join(folder, "next"), join(folder, "current"));
      },
    ],
  ]);
});

test("a ConfigMap's ..data link swap is picked up, again and again", async () => {
  // As kubelet does it: file → ..data/file, ..data → a dated folder, a new link renamed over ..data.
  const folder = temporaryFolder();
  const path = join(folder, "balto.artifact");
  const version = (name: string, bytes: Uint8Array): void => {
    publish(join(folder, name, "balto.artifact"), bytes);
    symlinkSync(name, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  version("..2026_01_01_00_00_00.1", amber);
  symlinkSync("..data/balto.artifact", path);
  await replaced(path, [
    [
      coral,
      () => {
        version("..2026_01_01_00_01_00.2", coral);
        rmSync(join(folder, "..2026_01_01_00_00_00.1"), { recursive: true });
      },
    ],
    [
      amber,
      () => {
        version("..2026_01_01_00_02_00.3", amber);
        rmSync(join(folder, "..2026_01_01_00_01_00.2"), { recursive: true });
      },
    ],
  ]);
});

test("git-sync's flip of a link to a folder is picked up, again and again", async () => {
  // The path leads through a link above the artifact's own folder.
  const folder = temporaryFolder();
  const flip = (commit: string, bytes: Uint8Array): void => {
    publish(join(folder, ".worktrees", commit, "gateway/balto.artifact"), bytes);
    symlinkSync(join(".worktrees", commit), join(folder, "tmp-link"));
    renameSync(join(folder, "tmp-link"), join(folder, "repo"));
  };
  flip("c0ffee", amber);
  await replaced(join(folder, "repo/gateway/balto.artifact"), [
    [coral, () => flip("facade", coral)],
    [
      amber,
      () => {
        flip("decade", amber);
        rmSync(join(folder, ".worktrees/c0ffee"), { recursive: true });
      },
    ],
  ]);
});

test("a link straight to a file is followed when it leads elsewhere", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "balto.artifact");
  publish(join(folder, "v1"), amber);
  publish(join(folder, "elsewhere/v2"), coral);
  symlinkSync("v1", path);
  await replaced(path, [
    [
      coral,
      () => {
        symlinkSync("elsewhere/v2", `${path}.new`);
        renameSync(`${path}.new`, path);
      },
    ],
    [amber, () => publish(join(folder, "elsewhere/v2"), amber)],
  ]);
});

test("of many changes in a row the last one is served", async () => {
  const path = join(temporaryFolder(), "balto.artifact");
  publish(path, amber);
  const balto = await start(path, { workers: 2 });
  for (let round = 0; round < 50; round++) {
    publish(path, round % 2 === 0 ? coral : amber);
    await sleep(round % 5);
  }
  const from = balto.log.length;
  publish(path, large);
  // One or two of those before it may be reported first.
  const { digest } = openArtifact(Uint8Array.from(large));
  const last = (): unknown => balto.log.slice(from).findLast((line) => line["digest"])?.["digest"];
  await until("the last one", () => last() === digest, PICKED_UP_MS);
});

test("a good artifact that was refused while torn is served although nothing of its file changes any more", async () => {
  // Half of it is replaced within the clock tick of the other half, so the times say nothing.
  const path = join(temporaryFolder(), "balto.artifact");
  const balto = await start((publish(path, amber), path));
  const torn = Uint8Array.from(coral);
  torn.fill(0, 500);
  const time = new Date(Date.now() - 60_000);
  writeFileSync(path, torn);
  utimesSync(path, time, time);
  await balto.says("Artifact refused, the last good one goes on serving", 0, PICKED_UP_MS);
  writeFileSync(path, coral);
  utimesSync(path, time, time);
  await serves(balto, coral, 0);
});

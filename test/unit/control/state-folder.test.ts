// The writer's own folder, when two writers of one tree begin at the same moment.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { expect, onTestFinished, test } from "vitest";

const TREES = 300;
const JOURNAL = new URL("../../../control/write/journal.ts", import.meta.url).href;

/** Makes the folder of each tree in turn, when all the others have come as far. */
const WRITER = `
const { workerData, parentPort } = require("node:worker_threads");
import(workerData.journal).then(({ stateFolder }) => {
  const arrived = new Int32Array(workerData.arrived);
  for (let tree = 0; tree < workerData.trees; tree++) {
    Atomics.add(arrived, tree, 1);
    while (Atomics.load(arrived, tree) < workerData.writers);
    stateFolder(workerData.folder + "/" + tree);
  }
  parentPort.postMessage("done");
});`;

test("two writers that make it at once both have it", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "balto-state-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const trees = Array.from({ length: TREES }, (_, tree) => join(folder, String(tree)));
  for (const tree of trees) mkdirSync(tree);
  const arrived = new SharedArrayBuffer(4 * TREES);
  const workerData = { journal: JOURNAL, folder, arrived, trees: TREES, writers: 2 };
  const writers = [1, 2].map(() => new Worker(WRITER, { eval: true, workerData }));
  onTestFinished(async () => {
    for (const writer of writers) await writer.terminate();
  });
  await Promise.all(
    writers.map(
      (writer) =>
        new Promise((resolve, reject) => writer.on("message", resolve).on("error", reject)),
    ),
  );
  for (const tree of trees)
    expect(readFileSync(join(tree, ".balto/.gitignore"), "utf8")).toBe("*\n");
});

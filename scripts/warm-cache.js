// Starts everything once, so that Node keeps what it makes of the sources: without that, the first start
// of each thread loads a TypeScript reader of 20 MB. Set-up calls this; nothing depends on it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "balto-warm-"));
const artifact = join(folder, "balto.artifact");
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/balto/") };

/** Runs to its end; with no input, a data plane that looks for its parent ends as soon as it serves. */
function run(...args) {
  spawnSync(process.execPath, args, { cwd: root, env, input: "", stdio: "pipe", timeout: 30_000 });
}

run("bin/balto.js", "compile", "configs", "-o", artifact);
const once = ["--workers", "1", "--listen", "127.0.0.1:0", "--parent-pipe"];
run("dataplane/main.ts", "--artifact", artifact, ...once);
rmSync(folder, { recursive: true, force: true });

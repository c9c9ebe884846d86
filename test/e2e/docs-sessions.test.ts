// The sessions in docs/ are real. A block of YAML or text whose first line is a comment with a path is a
// file; a console block holds commands behind "$" and what they print. `UPDATE=1` writes what they print.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { env } from "node:process";
import { join } from "node:path";
import { tmpdir } from "node:os";

import { expect, it, onTestFinished } from "vitest";

import { put, root } from "./cli-process.ts";

const pages = ["docs/explain.md", "docs/diff.md", "docs/testing.md"];

for (const page of pages) {
  it(`${page} shows what the commands print`, () => {
    const path = join(root, page);
    const text = readFileSync(path, "utf8");
    const folder = workFolder();
    const now = text.replaceAll(
      /^```(\w+)\n([^]*?)^```$/gm,
      (block: string, kind: string, body: string) => {
        if (kind === "console") return `\`\`\`console\n${session(body, folder)}\`\`\``;
        const [, name] = /^# (\S+\.\w+)\n/.exec(body) ?? [];
        if (name !== undefined)
          put(folder, `work/${name}`, kind === "text" ? withoutName(body) : body);
        return block;
      },
    );
    if (env["UPDATE"] === "1") writeFileSync(path, now);
    else expect(now).toBe(text);
    expect(now.match(/^\$ balto /gm)?.length).toBeGreaterThan(2);
  });
}

/** A folder to work in, and a `balto` in the path. */
function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "balto-docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(root, "bin/balto.js")}' "$@"\n`;
  put(folder, "bin/balto", script);
  chmodSync(join(folder, "bin/balto"), 0o755);
  return folder;
}

/** The block with each command's output as it is now. */
function session(body: string, folder: string): string {
  const commands = body.split("\n").filter((line) => line.startsWith("$ "));
  return commands
    .map((line) => {
      const output = execFileSync("bash", ["-c", `{ ${line.slice(2)}; } 2>&1 || true`], {
        cwd: join(folder, "work"),
        env: {
          PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
          HOME: folder,
          GIT_AUTHOR_NAME: "a",
          GIT_AUTHOR_EMAIL: "a@example.com",
          GIT_COMMITTER_NAME: "a",
          GIT_COMMITTER_EMAIL: "a@example.com",
        },
      }).toString();
      return `${line}\n${output}${output === "" || output.endsWith("\n") ? "" : "\n"}`;
    })
    .join("");
}

function withoutName(body: string): string {
  return body.slice(body.indexOf("\n") + 1);
}

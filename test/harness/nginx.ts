// nginx: a real one, in the foreground, with a configuration of its own.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { temporaryFolder } from "./artifact.ts";
import { startProgram } from "./stream.ts";

/**
 * Starts one; `http` is the content of its http block.
 *
 * @param http is given a free port to listen on
 */
export async function startNginx(http: (port: number) => string): Promise<{ port: number }> {
  const folder = temporaryFolder();
  const file = join(folder, "nginx.conf");
  mkdirSync(join(folder, "tmp"));
  return startProgram("nginx", (port) => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/tmp/${name};`)
      .join(" ");
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr error;
       events { worker_connections 512; }
       http { access_log off; ${temporary} ${http(port)} }`,
    );
    return ["-c", file, "-p", folder, "-e", "stderr"];
  });
}

/** Whether a program can be run here. */
export function hasProgram(name: string): boolean {
  const path = (process.env["PATH"] ?? "").split(":");
  return path.some((folder) => existsSync(join(folder, name)));
}

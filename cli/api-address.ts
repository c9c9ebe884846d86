/** Where the Balto is that a command asks: named, or found out from the tree that is here. */
import { parseListenAddress } from "../artifact/address.ts";
import type { Settings } from "../artifact/model.ts";
import { fillReferences, parseReferences } from "../artifact/reference.ts";
import { compile } from "../compiler/compile.ts";
import { readTree } from "../compiler/read-tree.ts";
import { configFolder } from "./config-folder.ts";
import { UsageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export type ApiAddress =
  | { kind: "socket"; path: string; text: string }
  | {
      kind: "url";
      origin: string;
      text: string;
      /** It is this machine: the name in its certificate is of no matter. */
      isLocal: boolean;
    };

const DEFAULT_URL = "http://127.0.0.1:5500";

/**
 * What is named, else BALTO_URL, else where the tree of this folder is served, else the usual place.
 *
 * @throws UsageError
 */
export function apiAddress(named: string | undefined, env: Terminal["env"]): ApiAddress {
  const fromEnv = env["BALTO_URL"];
  if (named !== undefined) return read(named, "--url");
  if (fromEnv !== undefined && fromEnv !== "") return read(fromEnv, "BALTO_URL");
  return read(addressOfTree(env) ?? DEFAULT_URL, "the tree");
}

function read(text: string, from: string): ApiAddress {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "socket", path, text };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${from}: "${text}" is no address of a Balto`, [
      `for example: --url ${DEFAULT_URL}`,
    ]);
  }
  const isLocal = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname);
  return { kind: "url", origin: url.origin, text: url.origin, isLocal };
}

/** undefined where there is no tree, or none that says it. */
function addressOfTree(env: Terminal["env"]): string | undefined {
  let settings: Settings | undefined;
  try {
    const folder = configFolder(undefined, env);
    settings = compile(readTree(folder), { encode: false }).model?.settings;
  } catch {
    return undefined;
  }
  if (settings === undefined) return undefined;
  const { admin, listen, tls } = settings;
  const text = filled(admin.listen === "" ? listen : admin.listen, env);
  if (text?.startsWith("unix:") === true) return text;
  const address = text === undefined ? undefined : parseListenAddress(text);
  if (address === undefined || typeof address === "string" || address.port === 0) return undefined;
  const { host, port } = address;
  const isAny = host === "" || host === "0.0.0.0" || host === "::";
  const name = isAny ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const scheme = tls.enabled && admin.listen === "" ? "https" : "http";
  return `${scheme}://${name}:${port}`;
}

function filled(text: string, env: Terminal["env"]): string | undefined {
  const parts = parseReferences(text);
  if (!Array.isArray(parts)) return undefined;
  const result = fillReferences(parts, (part) =>
    part.kind === "env" ? env[part.name] : undefined,
  );
  return "value" in result ? result.value : undefined;
}

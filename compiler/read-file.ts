/**
 * Reading one file: parse, validate, resolve; what stands in it and nowhere else.
 */
import type { DiagnosticLog } from "./diagnostic-log.ts";
import { type Ignore, readIgnores } from "./ignores.ts";
import type { ConfigFile } from "./parse/collect-files.ts";
import { parse } from "./parse/parse.ts";
import type { ResolvedFile, Resolver } from "./resolve/resolve.ts";
import { validate } from "./validate/validate.ts";

/** What a file says. */
export interface ReadFile extends ResolvedFile {
  ignores: Ignore[];
}

/** What one file says; nothing where its YAML is broken. */
export function readFile(file: ConfigFile, resolver: Resolver, log: DiagnosticLog): ReadFile[] {
  const parsed = parse(file, log);
  if (parsed === undefined) return [];
  validate(parsed, log);
  return [{ ...resolver.resolve(parsed, log), ignores: readIgnores(parsed.source, log) }];
}

/** What the sections of a Balance file are converted with, and into. */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import type { Taken } from "./taken.ts";

/** What a section is converted with. */
export interface Balance {
  root: YamlNode;
  mode: "tcp" | "http";
  taken: Taken;
  log: DiagnosticLog;
}

/** A part of the new tree. Keys whose value is undefined are left out. */
export type Part = Record<string, unknown>;

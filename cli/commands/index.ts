/** The subcommands, in the order help lists them. A new one is a file of its own and a row here. */
import type { AnyCommand } from "../command.ts";
import { checkCommand } from "./check.ts";
import { compileCommand } from "./compile.ts";
import { controlCommand } from "./control.ts";
import { diffCommand } from "./diff.ts";
import { explainCommand } from "./explain.ts";
import { fmtCommand } from "./fmt.ts";
import { importCommand } from "./import.ts";
import { initCommand } from "./init.ts";
import { inspectCommand } from "./inspect.ts";
import { keygenCommand } from "./keygen.ts";
import { reloadCommand } from "./reload.ts";
import { replayCommand } from "./replay.ts";
import { runCommand } from "./run.ts";
import { schemaCommand } from "./schema.ts";
import { serveCommand } from "./serve.ts";
import { servicesCommand } from "./services.ts";
import { statusCommand } from "./status.ts";
import { testCommand } from "./test.ts";
import { topCommand } from "./top.ts";
import { versionCommand } from "./version.ts";

export const commands: readonly AnyCommand[] = [
  initCommand,
  importCommand,
  checkCommand,
  runCommand,
  compileCommand,
  serveCommand,
  explainCommand,
  diffCommand,
  replayCommand,
  testCommand,
  fmtCommand,
  controlCommand,
  statusCommand,
  reloadCommand,
  servicesCommand,
  topCommand,
  inspectCommand,
  keygenCommand,
  schemaCommand,
  versionCommand,
];

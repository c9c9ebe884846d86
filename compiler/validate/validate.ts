/**
 * Validate: does a file have the keys and types that its schema gives? What the values mean is
 * resolve's question.
 */
import { Ajv, type ValidateFunction } from "ajv";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Role } from "../parse/collect-files.ts";
import type { ParsedFile } from "../parse/parse.ts";
import { toPlain, valueAt } from "../parse/yaml-node.ts";
import { reportSchemaErrors } from "./schema-errors.ts";
import { shapeOf } from "./shape-schema.ts";

/** Reports whatever the schema of a file does not allow. */
export function validate({ role, root }: ParsedFile, log: DiagnosticLog): void {
  validators ??= compileSchemas();
  // A file under services/ is one service, unless it has the key of a list; pools/ and streams/ likewise.
  const mayBeList = role !== "config" && role !== "tests";
  const isList = mayBeList && valueAt(root, `${role}s`) !== undefined;
  const accepts = validators[isList ? (`${role}List` as const) : role];
  if (!accepts(toPlain(root))) reportSchemaErrors(accepts.errors ?? [], root, log);
}

type Validators = Record<Role | `${Exclude<Role, "config" | "tests">}List`, ValidateFunction>;

let validators: Validators | undefined;

/** Some 40 ms, once in a process, and only where something is compiled. */
function compileSchemas(): Validators {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
  });
  return {
    config: ajv.compile(shapeOf("config")),
    service: ajv.compile(shapeOf("service", "service")),
    serviceList: ajv.compile(shapeOf("service", "service_list")),
    pool: ajv.compile(shapeOf("pool", "pool")),
    poolList: ajv.compile(shapeOf("pool", "pool_list")),
    stream: ajv.compile(shapeOf("stream", "stream")),
    streamList: ajv.compile(shapeOf("stream", "stream_list")),
    tests: ajv.compile(shapeOf("tests")),
  };
}

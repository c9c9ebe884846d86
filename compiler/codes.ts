/**
 * The codes: every diagnostic there is, with its severity, its text and its help. A number is never
 * used again for anything else. docs/diagnostics.md explains each, test/golden shows each.
 *
 * 1xxx files and YAML · 2xxx shape (the schema) · 3xxx values · 4xxx links between services ·
 * 5xxx the tree as a whole · 60xx route tests · 61xx imports
 */
import type { Severity, Text } from "./codes/entry.ts";
import { FILE_CODES } from "./codes/file-codes.ts";
import { IMPORT_CODES } from "./codes/import-codes.ts";
import { LINK_CODES } from "./codes/link-codes.ts";
import { SHAPE_CODES } from "./codes/shape-codes.ts";
import { TEST_CODES } from "./codes/test-codes.ts";
import { TREE_CODES } from "./codes/tree-codes.ts";
import { VALUE_CODES } from "./codes/value-codes.ts";

type Codes = typeof FILE_CODES &
  typeof SHAPE_CODES &
  typeof VALUE_CODES &
  typeof LINK_CODES &
  typeof TREE_CODES &
  typeof TEST_CODES &
  typeof IMPORT_CODES;

export type Code = keyof Codes;
/** What a code must be told. */
export type Params<C extends Code> =
  Parameters<Codes[C]["text"]> extends [infer P] ? P : Record<string, never>;

/** What a code says. */
export interface Description {
  name: string;
  severity: Severity;
  message: string;
  help: string;
}

/** The text of a code for these parameters. */
export function describe<C extends Code>(code: C, params: Params<C>): Description {
  const { name, severity, text } = CODES[code];
  const [message, help] = (text as (params: Params<C>) => Text)(params);
  return { name, severity, message, help };
}

/** Every code with its name and severity, in order. */
export function listCodes(): { code: Code; name: string; severity: Severity }[] {
  return (Object.keys(CODES) as Code[]).map((code) => {
    const { name, severity } = CODES[code];
    return { code, name, severity };
  });
}

const CODES: Codes = {
  ...FILE_CODES,
  ...SHAPE_CODES,
  ...VALUE_CODES,
  ...LINK_CODES,
  ...TREE_CODES,
  ...TEST_CODES,
  ...IMPORT_CODES,
};

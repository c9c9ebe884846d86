/** `balto schema`. */
import { bundle, SCHEMA_NAMES } from "../../schema/schemas.ts";
import type { SchemaName } from "../../schema/schemas.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";

export const schemaCommand: AnyCommand = command({
  name: "schema",
  summary: "Print the JSON Schema of a kind of config file",
  description: `
config is the schema of balto.config.yaml, and what is printed when no kind is named; service is the
schema of the files under services/, pool, stream and tests of those under pools/, streams/ and tests/.
Each is JSON Schema draft-07 in one document, so an editor needs nothing beside it. \`balto init\` puts
all into a tree.`,
  operand: {
    name: "KIND",
    summary: `One of ${SCHEMA_NAMES.join(", ")}`,
    choices: SCHEMA_NAMES,
  },
  flags: {},
  examples: ["balto schema config", "balto schema service > service.schema.json"],
  run: ({ operand, terminal }) => {
    // The operand is one of the choices: arguments.ts saw to it.
    terminal.out(schemaText((operand ?? "config") as SchemaName));
    return EXIT_OK;
  },
});

/** The file that `balto schema` prints and `balto init` writes. */
export function schemaText(name: SchemaName): string {
  return `${JSON.stringify(bundle(name), null, 2)}\n`;
}

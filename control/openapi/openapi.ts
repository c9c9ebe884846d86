/**
 * The part of OpenAPI 3.1 that the document uses, as types, and short ways to write it.
 */

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>;

export interface OperationObject {
  operationId: string;
  summary: string;
  description?: string;
  tags: readonly string[];
  parameters?: readonly Schema[];
  requestBody?: Schema;
  responses: Readonly<Record<string, Schema>>;
  /** Empty where nobody has to say who they are. */
  security?: readonly Schema[];
}

/** Operations of one path, by method in lower case. */
export type PathItem = Readonly<Record<string, OperationObject>>;

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function json(schema: Schema, ...types: readonly string[]): Schema {
  const names = types.length === 0 ? ["application/json"] : types;
  return Object.fromEntries(names.map((type) => [type, { schema }]));
}

/** An answer with a JSON body. */
export function answer(description: string, schema: Schema, headers?: Schema): Schema {
  return { description, ...(headers && { headers }), content: json(schema) };
}

/** A body of text. */
export function text(description: string, type = "text/plain"): Schema {
  return { description, content: { [type]: { schema: { type: "string" } } } };
}

/** What goes wrong, by status. */
export function errors(
  statuses: Readonly<Record<number, string>>,
): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    Object.entries(statuses).map(([status, description]) => [
      status,
      answer(description, ref("Error")),
    ]),
  );
}

/** An object of these members, of which those not in `optional` are always there. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required };
}

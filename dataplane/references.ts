/**
 * References: what those of an artifact stand for here. They are few, however many values hold them.
 */
import { hasReference } from "../artifact/reference.ts";

/** A reference as it is written, `${env:NAME:-default}`, and its text. */
export type References = ReadonlyMap<string, string>;

/** A value of an artifact as it is used. All its references were looked up when the artifact was loaded. */
export function resolve(value: string, references: References): string {
  if (!hasReference(value)) return value;
  return value.replaceAll(/\$\{[^}]*\}/g, (reference) => references.get(reference) ?? reference);
}

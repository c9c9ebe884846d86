/**
 * Label text: `name="value",…` as the text format of Prometheus has it.
 */

/** Values that hold what must be escaped are rare. */
const SPECIAL = /["\\\n]/;

/** The labels of a sample, without braces. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  let text = "";
  for (const [index, name] of names.entries()) {
    text += `${index === 0 ? "" : ","}${name}="${escapeLabel(values[index]!)}"`;
  }
  return text;
}

function escapeLabel(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/**
 * What the registry holds for one code.
 */

export type Severity = "error" | "warning";

export type Text = readonly [message: string, help: string];

export interface Entry {
  /** The code in words, as kebab-case; it stands beside the code wherever it is printed. */
  name: string;
  severity: Severity;
  /** Message and help. What it takes is what the code must be told; users' texts are passed raw. */
  text: (params: never) => Text;
}

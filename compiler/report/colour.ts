/** Colours for terminals: a painter that paints, or one that leaves text alone. */

export type Role = "error" | "warning" | "place" | "gutter" | "help" | "note";
export type Paint = (role: Role, text: string) => string;

/** SGR parameters. Bright black is unreadable on some terminals, so the gutter is plain blue. */
const CODES: Readonly<Record<Role, string>> = {
  error: "1;31",
  warning: "1;33",
  place: "1",
  gutter: "34",
  help: "32",
  note: "36",
};

export function painter(colour: boolean): Paint {
  if (!colour) return (_role, text) => text;
  return (role, text) => (text === "" ? "" : `\u001b[${CODES[role]}m${text}\u001b[0m`);
}

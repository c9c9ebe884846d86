/** The order of texts by code units: the same for every language of the system. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** A share as text: `50%`, `33.3%`. */
export function percent(share: number): string {
  return `${Number.isInteger(share) ? share : share.toFixed(1)}%`;
}

/** A count with its thousands apart, the same in every locale: `100,000`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:[0-9]{3})+$)/g, ",");
}

import { grouped } from "../../artifact/grouped.ts";

/** A number of things as people read it: `1 route`, `2 routes`, `100,000 routes`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

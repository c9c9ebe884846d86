/** The time of day for lines that people follow on a terminal, `14:03:22`. */
export function clockTime(date: Date = new Date()): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

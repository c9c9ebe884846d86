/**
 * Clock text: the time of day as logs write it. Thousands of lines fall into a second, so a second's
 * text is made once.
 */
import type { LineText } from "./line-text.ts";

/** How a second is written, and whether its milliseconds follow. */
export interface TimeForm {
  second: number;
  text: string;
  readonly write: (date: Date) => string;
  readonly hasMilliseconds: boolean;
}

/** RFC 3339 in UTC, with milliseconds. */
export const isoTime: TimeForm = {
  second: NaN,
  text: "",
  write: (date) => date.toISOString().slice(0, 20),
  hasMilliseconds: true,
};

/** `10/Oct/2000:13:55:36 +0000`. */
export const combinedTime: TimeForm = {
  second: NaN,
  text: "",
  write: (date) => {
    const [, day, month, year, time] = date.toUTCString().split(" ");
    return `${day}/${month}/${year}:${time} +0000`;
  },
  hasMilliseconds: false,
};

/** A time in milliseconds since 1970, in a form. */
export function clockText(form: TimeForm, now: number): string {
  const milliseconds = millisecondsOf(form, now);
  if (!form.hasMilliseconds) return form.text;
  return `${form.text}${String(milliseconds).padStart(3, "0")}Z`;
}

/** The same into a line, which has room for it. */
export function putTime(line: LineText, form: TimeForm, now: number): void {
  const milliseconds = millisecondsOf(form, now);
  line.plain(form.text);
  if (!form.hasMilliseconds) return;
  if (milliseconds < 100) line.decimal(0);
  if (milliseconds < 10) line.decimal(0);
  line.decimal(milliseconds);
  line.plain("Z");
}

/** Those that have gone of the second, whose text is there then. */
function millisecondsOf(form: TimeForm, now: number): number {
  const second = Math.floor(now / 1_000);
  if (form.second !== second) {
    form.second = second;
    form.text = form.write(new Date(second * 1_000));
  }
  return Math.floor(now) - second * 1_000;
}

/**
 * What a text in an artifact may hold: Unicode without control characters, because texts go into
 * fields, logs and terminals. Written by `encode`, checked again by `verify`.
 */

// oxlint-disable-next-line no-control-regex -- the range is the point: C0, DEL, C1
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

/** True where a text holds a control character. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text);
}

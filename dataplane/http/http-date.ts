/**
 * The value of Date (RFC 9110 §5.6.7), made once a second.
 */
let second = 0;
let text = "";

/** `Sat, 21 Nov 2026 07:30:00 GMT`. */
export function httpDate(): string {
  const now = Date.now();
  if (now - second >= 1000 || now < second) {
    second = now - (now % 1000);
    text = new Date(second).toUTCString();
  }
  return text;
}

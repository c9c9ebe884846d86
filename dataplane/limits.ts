/**
 * Limits that no configuration changes, each with its reason; those of `server.limits` come with the
 * generation. Bytes, milliseconds, counts.
 */

/** Answers' heads; more fields, as Set-Cookie comes in numbers. */
export const RESPONSE_HEAD = { headBytesMax: 64 * 1024, fieldsMax: 1000 };

/** Read from a client behind the request that is being answered; then it waits. */
export const PIPELINE_BYTES_MAX = 64 * 1024;

/** Of a body that nobody wants, so much is read before the connection is closed rather than kept. */
export const LINGER_BYTES_MAX = 64 * 1024;

/** How long a connection that has been closed from here is still read from. */
export const LINGER_MS = 2_000;

/**
 * Limits that no configuration changes, each with its reason; those of `server.limits` come with the
 * generation. Bytes, milliseconds, counts.
 */

/** Answers' heads; more fields, as Set-Cookie comes in numbers. */
export const RESPONSE_HEAD = { headBytesMax: 64 * 1024, fieldsMax: 1000 };

/** Read from a client behind the request that is being answered; then it waits. */
export const PIPELINE_BYTES_MAX = 64 * 1024;

/**
 * Of a body that nobody wants, so much is read before the connection is closed rather than kept; of one
 * whose end is known all, where no more than this is left of it.
 */
export const UNWANTED_BYTES_MAX = 64 * 1024;
export const UNWANTED_LENGTH_MAX = 16 * 1024 * 1024;

/**
 * A connection that is being closed is still read from for a while: unread bytes would make its end a
 * reset, which can take the answer with it. Where a body is on its way its client may write all of it
 * before it reads, so that it has longer.
 */
export const LINGER_MS = 2_000;
export const LINGER_IN_BODY_MS = 5_000;
/** In that time at most so many bytes: 100 Mbit a second. */
export const LINGER_BYTES_MAX = 64 * 1024 * 1024;

/** A client that is not read from, as its backend takes no more, is looked at so often: has it gone? */
export const PAUSED_LOOK_MS = 500;

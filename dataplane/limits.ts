/**
 * Limits that are not in the configuration yet, each with its reason. Bytes, milliseconds, counts.
 */
import { type HeadLimits } from "./http/request-head.ts";

/** Request heads. nginx takes 4 × 8 KiB, HAProxy 16 KiB less its reserve. */
export const REQUEST_HEAD: HeadLimits = {
  headBytesMax: 32 * 1024,
  targetBytesMax: 16 * 1024,
  fieldsMax: 128,
};

/** Answers' heads; more fields, as Set-Cookie comes in numbers. */
export const RESPONSE_HEAD = { headBytesMax: 64 * 1024, fieldsMax: 1000 };

/** From the first byte of a head to its last: slower than this is slowloris. */
export const HEADER_TIMEOUT_MS = 10_000;

/** Read from a client behind the request that is being answered; then it waits. */
export const PIPELINE_BYTES_MAX = 64 * 1024;

/** Of a body that nobody wants, so much is read before the connection is closed rather than kept. */
export const LINGER_BYTES_MAX = 64 * 1024;

/** How long a connection that has been closed from here is still read from. */
export const LINGER_MS = 2_000;

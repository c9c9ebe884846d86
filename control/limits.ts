/**
 * What the writer allows and how long it waits. All waits of one write together stay below the 40 s
 * after which the data plane gives a relayed request up.
 */

/** Bytes of a request's body. */
export const BODY_BYTES_MAX = 1024 * 1024;
/** Nesting of a request's body; the deepest key of a service is at 3. */
export const BODY_DEPTH_MAX = 32;
/** Writes that wait for their turn; one more is answered 503. */
export const QUEUE_MAX = 256;
/** A write that has waited so long for its turn is answered 503. */
export const QUEUE_MS_MAX = 15_000;
/** For another process that writes this tree or this artifact. */
export const LOCK_MS_MAX = 5_000;
/** For the data plane to serve what was published. */
export const SERVED_MS_MAX = 8_000;
/** How often a write begins again because the file was edited meanwhile. */
export const ATTEMPTS_MAX = 3;
/** Reading answers from a tree that was looked at so lately. */
export const FRESH_MS = 250;
/** Connections at a time: the data plane's, and those of local tools. */
export const CONNECTIONS_MAX = 512;

/**
 * What keeps the data plane small and has to be settled before its first line: options of Node, and of
 * the C library's allocator. What each brings is in docs/performance.md.
 */

/**
 * The nursery is collected without help: where a helping thread has lost its core to somebody else, the
 * thread that serves waits for it. Names of V8's own, which another major version of Node may not know.
 */
const ALONE = ["--no-parallel-scavenge", "--no-concurrent-array-buffer-sweeping"];

/** V8's builtins stay where Node's file has them, instead of being copied for each thread. */
const NOT_COPIED = ["--no-short-builtin-calls"];

/**
 * One compiler less between the baseline and Turbofan, which has what is hot a second later anyway; and
 * what is called at once is compiled as late as the rest.
 */
const SMALL = ["--no-maglev", "--max-lazy"];

/**
 * What a request leaves behind dies young: a small nursery is as good as Node's large one, in the main
 * thread too.
 */
export const NODE_OPTIONS: readonly string[] = [
  "--max-semi-space-size=1",
  ...(process.versions.node.startsWith("24.") ? [...ALONE, ...NOT_COPIED, ...SMALL] : []),
];

/**
 * The compilers of V8 take several megabytes for moments and give them back, and glibc would keep them.
 * Their pieces, of 32 KB, are taken from the system one by one; other allocators know none of these names.
 */
export const ALLOCATOR_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: "31000",
  MALLOC_TRIM_THRESHOLD_: "131072",
  MALLOC_TOP_PAD_: "0",
};

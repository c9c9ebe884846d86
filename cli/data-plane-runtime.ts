/**
 * What keeps the data plane small and has to be settled before its first line: options of Node, and of
 * the C library's allocator. What each brings is in docs/performance.md.
 */

/**
 * What a request leaves behind dies young: a small nursery is as good as Node's large one, in the main
 * thread too.
 */
export const NODE_OPTIONS: readonly string[] = ["--max-semi-space-size=1"];

/**
 * The compilers of V8 take several megabytes for moments and give them back, and glibc would keep them.
 * Their pieces, of 32 KB, are taken from the system one by one; other allocators know none of these names.
 */
export const ALLOCATOR_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: "31000",
  MALLOC_TRIM_THRESHOLD_: "131072",
};

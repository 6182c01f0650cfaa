// How much of a document is taken, and for how long it may be worked on.

/** Bytes of an uploaded or fetched document. */
export const LARGEST_BYTES = 20 * 1024 * 1024;
/** Characters of text that are kept; what goes beyond is cut off, with a warning. */
export const LONGEST_TEXT = 5_000_000;
/** Text up to this size is read where it is asked for: to hand it to a thread would take longer. */
export const SMALL_BYTES = 256 * 1024;
/** What the parts of a DOCX may inflate to, in all. */
export const LARGEST_INFLATED_BYTES = 200 * 1024 * 1024;
export const MOST_ZIP_ENTRIES = 5000;
/** XML shrinks to a tenth or a twentieth; what shrinks more was made to. */
export const LARGEST_ZIP_RATIO = 200;
/** Below it no ratio does any harm. */
export const HARMLESS_INFLATED_BYTES = 10 * 1024 * 1024;
/** How long a thread works on a document before others may go first: most are read in a fraction of it. */
export const FIRST_READ_MS = 2000;
/** How long a thread works on a document that was not read in that time. Waiting for a thread does not count. */
export const LONGEST_READ_MS = 10_000;
export const WORKER_HEAP_MB = 512;
/** Memory of a thread outside its heap (buffers), which V8 does not limit. */
export const WORKER_BUFFERS_MB = 512;

// How much of a document is taken, and for how long it may be worked on.

/** Bytes of an uploaded or fetched document. */
export const LARGEST_BYTES = 20 * 1024 * 1024;
/** Characters of text that are kept; what goes beyond is cut off, with a warning. */
export const LONGEST_TEXT = 5_000_000;
/** What the parts of a DOCX may inflate to, in all. */
export const LARGEST_INFLATED_BYTES = 200 * 1024 * 1024;
export const MOST_ZIP_ENTRIES = 5000;
export const READ_TIMEOUT_MS = 30_000;
export const WORKER_HEAP_MB = 512;

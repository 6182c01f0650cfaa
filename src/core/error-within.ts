// Finds an error in those that it was wrapped in: what the AI SDK throws holds it as its cause, or as the last error of several attempts.

const DEEPEST = 6;

/** Returns the outermost of `error` and its causes that `is` knows; undefined without one. */
export function errorWithin<T extends Error>(error: unknown, is: (inner: Error) => inner is T): T | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < DEEPEST; depth += 1) {
    if (is(current)) return current;
    current = (current as { lastError?: unknown }).lastError ?? current.cause;
  }
  return undefined;
}

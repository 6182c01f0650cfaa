// Waiting for a condition in a test, without guessing how long it takes.

/**
 * Resolves to the first value of `look` that is not undefined, null or false; fails after ten seconds, saying `what` was awaited.
 * It looks every `everyMs` milliseconds.
 */
export async function until<T>(what: string, look: () => T | Promise<T>, everyMs = 5): Promise<NonNullable<T>> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Waited ten seconds in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

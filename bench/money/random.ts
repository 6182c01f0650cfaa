// Chance that can be repeated: the same numbers for the same seed.

/** Returns a source of numbers in [0, 1), by Mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return scrambled(state);
  };
}

/** Returns a number in [0, 1) that belongs to `text` and `seed`. */
export function chanceOf(text: string, seed: number): number {
  let state = seed | 0;
  for (const character of text) state = Math.imul(state ^ character.codePointAt(0)!, 0x01000193);
  return scrambled(state);
}

function scrambled(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

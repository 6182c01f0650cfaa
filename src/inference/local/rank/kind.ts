// A kind of document, and the cues in a text that speak for it.

/**
 * A pattern and how much it counts, once per document. `where` narrows it to the head (title, header, first lines) or
 * to headings.
 */
export interface Cue {
  pattern: RegExp;
  weight: number;
  where?: 'head' | 'headings';
}

export interface Kind {
  name: string;
  /** Other names by which a schema may call this kind. */
  aliases: string[];
  cues: Cue[];
}

/** A cue of the given weight. */
export const cue = (weight: number, pattern: RegExp, where?: Cue['where']): Cue =>
  where ? { pattern, weight, where } : { pattern, weight };

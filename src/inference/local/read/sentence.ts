// Sentences and words: the form in which every ranking reads a text, whatever language module made it.

/**
 * One word with what is known of it. `pos` is the Universal Dependencies tag, or '' where the language has no tagger
 * here.
 */
export interface Word {
  text: string;
  lemma: string;
  pos: string;
  /** Whether it carries meaning of its own: a word with letters that is not a function word. */
  content: boolean;
}

/** One sentence; `block` is the index of the block that it stands in. */
export interface Sentence {
  text: string;
  block: number;
  words: Word[];
}

/** The different lemmas of the words that carry meaning. */
export function contentLemmas(sentence: Sentence): Set<string> {
  return new Set(sentence.words.filter((word) => word.content).map((word) => word.lemma));
}

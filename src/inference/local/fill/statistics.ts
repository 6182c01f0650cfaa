// Counts over a document that a schema may ask for: words, sentences, characters, reading time.

import type { Analysis } from '../analysis.ts';

const wordsPerMinute = 230;
const charactersPerToken = 4;

/** The count that these words of a property's name ask for, or undefined when they ask for none. */
export function countAsked({ text, prose, blocks, sentences }: Analysis, words: readonly string[]): number | undefined {
  const counts = words.some((word) => /^(?:count|number|num|total|length|size)$/.test(word));
  const asks = (...names: string[]) => words.some((word) => names.includes(word)) && (counts || words.length === 1);
  const wordCount = () => (prose.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []).length;
  if (words.includes('reading') || (words.includes('read') && words.includes('time')))
    return Math.max(1, Math.round(wordCount() / wordsPerMinute));
  if (asks('word', 'wordcount')) return wordCount();
  if (asks('character', 'char', 'length')) return text.length;
  if (asks('token')) return Math.ceil(text.length / charactersPerToken);
  if (asks('line')) return text.split('\n').length;
  if (counts && words.includes('sentence')) return sentences.length;
  if (counts && words.includes('paragraph')) return blocks.filter((block) => block.kind === 'paragraph').length;
  return undefined;
}

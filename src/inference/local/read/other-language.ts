// Sentences and words of languages other than English, with the segmenter of the JavaScript runtime (Unicode UAX #29).

import type { Sentence, Word } from './sentence.ts';
import { stopWordsOf } from './stop-words.ts';

/**
 * Reads blocks of plain text. There is no tagger: `pos` is empty (in German, capitalised words within
 * a sentence are nouns), and the lemma is the word in lower case, cut to a stem of at most 7 letters.
 */
export function readOther(blocks: readonly { index: number; text: string }[], language: string): Sentence[] {
  const locale = language === 'und' ? 'en' : language;
  const sentences = new Intl.Segmenter(locale, { granularity: 'sentence' });
  const words = new Intl.Segmenter(locale, { granularity: 'word' });
  const stops = stopWordsOf(language);
  const result: Sentence[] = [];
  for (const block of blocks) {
    for (const piece of sentences.segment(block.text)) {
      const text = piece.segment.trim();
      if (text === '') continue;
      result.push({ text, block: block.index, words: wordsIn(text, words, stops, language) });
    }
  }
  return mended(result);
}

function wordsIn(text: string, segmenter: Intl.Segmenter, stops: ReadonlySet<string>, language: string): Word[] {
  const plain = /^(?:fr|it|ca|oc)$/.test(language)
    ? text.replace(/(?<!\p{L})(\p{L}{1,2}|qu|dell|nell|sull|all)['’](?=\p{L})/giu, '$1 ')
    : text;
  const found: Word[] = [];
  for (const { segment } of segmenter.segment(plain)) {
    if (segment.trim() === '') continue;
    const lower = segment.toLowerCase();
    const minimum = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u.test(segment) ? 3 : 1;
    const content = /\p{L}/u.test(segment) && segment.length >= minimum && !stops.has(lower);
    found.push({ text: segment, lemma: lower.slice(0, 7), pos: tag(segment, language, found.length === 0), content });
  }
  return found;
}

/** German writes nouns with a capital: all other words of a sentence are of no interest as topics. */
function tag(text: string, language: string, first: boolean): string {
  if (language !== 'de') return '';
  return /^\p{Lu}\p{L}{2,}/u.test(text) && !first ? 'PROPN' : 'OTHER';
}

const abbreviation =
  /(?:^|\s)(?:\p{L}|\p{L}\.\p{L}|bzw|ca|ggf|inkl|usw|vgl|nr|str|tel|art|abs|dr|prof|hr|fr|st|sr|sra|etc|max|min|mio|mrd|env|janv|févr)\.$/iu;

/** Mends splits after an abbreviation or an ordinal ("z. B.", "am 3. Mai"). */
function mended(sentences: Sentence[]): Sentence[] {
  const result: Sentence[] = [];
  for (const next of sentences) {
    const last = result.at(-1);
    const end = last?.text.slice(-12) ?? '';
    const open =
      last !== undefined &&
      (abbreviation.test(end) || /\s\d{1,2}\.$/.test(end) || (end.endsWith('.') && /^\p{Ll}/u.test(next.text)));
    if (open && last.block === next.block) {
      last.text = `${last.text} ${next.text}`;
      last.words.push(...next.words);
    } else {
      result.push(next);
    }
  }
  return result;
}

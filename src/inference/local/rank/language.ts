// The language of a text: franc's trigrams for real texts, function words for short ones and as a check on both.

import { franc } from 'franc-min';
import { bestByStopWords, stopWordsOf } from '../read/stop-words.ts';

/** A language by its ISO 639-1 code (639-3 where there is none, `und` when it cannot be told) and its English name. */
export interface Language {
  code: string;
  name: string;
}

const names = new Intl.DisplayNames('en', { type: 'language' });
const sampleChars = 6000;
const shortText = 200;

/** The language with this code. */
function languageOf(code: string): Language {
  return { code, name: code === 'und' ? 'Undetermined' : (names.of(code) ?? code) };
}

/**
 * Detects the language of plain prose (markup and code already removed). Texts of fewer than three words are
 * undetermined.
 */
export function detectLanguage(prose: string): Language {
  const sample = prose.slice(0, sampleChars);
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? [];
  if (words.join('').length < 10 || (words.length < 3 && /\p{Script=Latin}/u.test(sample))) return languageOf('und');
  const guess = franc(sample, { minLength: 10 });
  const code = guess === 'und' ? 'und' : (Intl.getCanonicalLocales(guess)[0]?.split('-')[0] ?? guess);
  const known = bestByStopWords(words);
  const ownShare =
    stopWordsOf(code).size > 0 ? words.filter((word) => stopWordsOf(code).has(word)).length / words.length : undefined;
  if (known.share >= 0.2 && (ownShare === undefined || ownShare < known.share * 0.75))
    return languageOf(known.language);
  if (ownShare !== undefined && ownShare < 0.05) return languageOf(known.share >= 0.12 ? known.language : 'und');
  if (sample.length < shortText && ownShare === undefined && /\p{Script=Latin}/u.test(sample)) return languageOf('und');
  return languageOf(code);
}

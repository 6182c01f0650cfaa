// Keyphrases by C-value (Frantzi, Ananiadou and Mima 2000): frequent noun phrases that do not merely live inside longer
// ones.

import type { Block } from '../read/blocks.ts';
import { sectionWeight } from '../read/sections.ts';
import type { Sentence, Word } from '../read/sentence.ts';

/**
 * A phrase as the document mostly writes it, how often it occurs, and a score between 0 and 1 relative to the best one.
 */
export interface Keyphrase {
  text: string;
  count: number;
  score: number;
}

interface Candidate {
  lemmas: string[];
  count: number;
  weight: number;
  first: number;
  /** Whether it once stood alone: the whole run of its words. Only such phrases count when they occur once. */
  whole: boolean;
  forms: Map<string, number>;
}

const longestPhrase = 4;

/** The names of weekdays and months in the languages that are read most. */
function calendarWords(): string[] {
  const days = Array.from({ length: 12 }, (_, n) => Date.UTC(2024, n, 1));
  const week = Array.from({ length: 7 }, (_, n) => Date.UTC(2024, 0, 1 + n));
  return ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl'].flatMap((language) => [
    ...week.map((day) =>
      new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(day).toLowerCase(),
    ),
    ...days.map((day) =>
      new Intl.DateTimeFormat(language, { month: 'long', timeZone: 'UTC' }).format(day).toLowerCase(),
    ),
  ]);
}

const nounTags = new Set(['NOUN', 'PROPN']);
const vague = new Set(
  `way thing example case time use number lot kind sort type part point something anything everything nothing one people person day year reason
   fact idea problem question issue place section document text page figure table note list item etc e.g i.e other same such new many several
   different following good bad big small large great more most possible able available current first second last next own certain various
   general specific particular similar simple only main whole full long short high low here there thank thanks regard hi hello dear com www http
   https following above below need order set end start rest line word work today yesterday tomorrow week month please`
    .split(/\s+/)
    .concat(calendarWords()),
);

/**
 * The document's keyphrases, best first. In texts of fewer than 60 sentences a phrase of several words may occur once
 * only.
 */
export function keyphrasesOf(sentences: readonly Sentence[], blocks: readonly Block[], most = 40): Keyphrase[] {
  const candidates = new Map<string, Candidate>();
  const short = sentences.length < 60;
  sentences.forEach((sentence, order) => {
    const loud = shouted(sentence);
    const weight =
      blocks[sentence.block]?.kind === 'heading' ? (sectionWeight(sentence.text) === 1 ? 2 : 0) : loud ? 0.5 : 1;
    if (weight > 0)
      for (const run of runs(sentence.words))
        gather(candidates, run, { weight, order, first: sentence.words[0], loud });
  });
  const nested = nestedWeights(candidates);
  const scored = [...candidates.values()]
    .filter((candidate) => candidate.count > 1 || (short && candidate.whole))
    .map((candidate) => ({
      candidate,
      score: cValue(candidate, nested.get(candidate.lemmas.join(' ')) ?? 0) * (1 + 0.4 / (1 + candidate.first / 8)),
    }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score || a.candidate.first - b.candidate.first);
  const best = scored[0]?.score ?? 1;
  const kept: { lemmas: string; phrase: Keyphrase }[] = [];
  for (const { candidate, score } of scored) {
    if (kept.length >= most) break;
    const lemmas = ` ${candidate.lemmas.join(' ')} `;
    if (kept.some((other) => other.lemmas.includes(lemmas) || (lemmas.includes(other.lemmas) && candidate.count < 2)))
      continue;
    kept.push({
      lemmas,
      phrase: { text: usualForm(candidate), count: candidate.count, score: Math.round((score / best) * 1000) / 1000 },
    });
  }
  return kept.map((entry) => entry.phrase);
}

function shouted(sentence: Sentence): boolean {
  const letters = sentence.text.replace(/[^\p{L}]/gu, '');
  return letters.length > 30 && letters.replace(/[^\p{Lu}]/gu, '').length / letters.length > 0.6;
}

/** Runs of adjectives and nouns that end in a noun; without tags, single content words. */
function runs(words: readonly Word[]): Word[][] {
  const found: Word[][] = [];
  let run: Word[] = [];
  for (const word of [...words, undefined]) {
    const fits = word !== undefined && fitsPhrase(word);
    if (fits) run.push(word);
    if (fits && run.length < 12) continue;
    while (run.length > 0 && !canEnd(run.at(-1)!)) run.pop();
    while (run.length > 0 && vague.has(run[0]!.lemma)) run.shift();
    if (run.length > 0) found.push(run);
    run = [];
  }
  return found;
}

function fitsPhrase(word: Word): boolean {
  if (
    !word.content ||
    word.pos === 'OTHER' ||
    !/^\p{L}[\p{L}\d'’./+#-]*$/u.test(word.text) ||
    /[./]\w*[./]|^\w\.$/.test(word.text)
  )
    return false;
  return word.pos === '' || nounTags.has(word.pos) || word.pos === 'ADJ';
}

function canEnd(word: Word): boolean {
  return (
    (word.pos === '' || nounTags.has(word.pos)) &&
    !vague.has(word.lemma) &&
    !vague.has(word.text.toLowerCase()) &&
    word.text.length > 2
  );
}

/** Where a run stands: its weight, the sentence's number, its first word, and whether it is written in capitals. */
interface Place {
  weight: number;
  order: number;
  first: Word | undefined;
  loud: boolean;
}

function gather(candidates: Map<string, Candidate>, run: readonly Word[], place: Place): void {
  for (let from = 0; from < run.length; from += 1) {
    const most = run[from]!.pos === '' ? 1 : longestPhrase;
    for (let length = 1; length <= most && from + length <= run.length; length += 1) {
      const words = run.slice(from, from + length);
      if (!canEnd(words.at(-1)!) || vague.has(words[0]!.lemma) || (length === 1 && words[0]!.pos === 'ADJ')) continue;
      const lemmas = words.map((word) => word.lemma);
      const key = lemmas.join(' ');
      const known = candidates.get(key) ?? {
        lemmas,
        count: 0,
        weight: 0,
        first: place.order,
        whole: false,
        forms: new Map(),
      };
      known.count += 1;
      known.whole ||= length === run.length && length <= 3 && (length > 1 || words[0]!.text.length >= 4);
      known.weight += place.weight;
      const form = words.map((word) => shown(word, place)).join(' ');
      known.forms.set(form, (known.forms.get(form) ?? 0) + 1);
      candidates.set(key, known);
    }
  }
}

/** Words at the start of a sentence and in shouting lose their capitals; names and acronyms keep them. */
function shown(word: Word, place: Place): string {
  const opening = word === place.first && word.pos !== 'PROPN' && /^\p{Lu}\p{Ll}+$/u.test(word.text);
  return opening || (place.loud && word.text.length > 3) ? word.text.toLowerCase() : word.text;
}

function cValue(candidate: Candidate, inside: number): number {
  const length = candidate.lemmas.length;
  const size = length === 1 ? 0.42 * Math.min(1, candidate.lemmas[0]!.length / 6) : Math.log2(length + 1);
  return size * (candidate.weight - inside);
}

/** For each phrase the mean weight of the repeated longer phrases that contain it. */
function nestedWeights(all: ReadonlyMap<string, Candidate>): Map<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { lemmas, count, weight } of all.values()) {
    if (count < 2) continue;
    for (let from = 0; from < lemmas.length; from += 1) {
      for (let to = from + 1; to <= lemmas.length; to += 1) {
        if (to - from === lemmas.length) continue;
        const key = lemmas.slice(from, to).join(' ');
        const known = sums.get(key) ?? { sum: 0, count: 0 };
        sums.set(key, { sum: known.sum + weight, count: known.count + 1 });
      }
    }
  }
  return new Map([...sums].map(([key, { sum, count }]) => [key, sum / count]));
}

function usualForm(candidate: Candidate): string {
  return [...candidate.forms].toSorted((a, b) => b[1] - a[1])[0]![0];
}

// The sentences of a document in the order of their worth for a summary: central, well placed, and readable on their
// own.

import type { Block } from '../read/blocks.ts';
import { sectionWeight } from '../read/sections.ts';
import { contentLemmas, type Sentence } from '../read/sentence.ts';
import { textRank } from './textrank.ts';

/** A sentence that could stand in a summary. `order` is its place in the document. */
export interface Ranked {
  text: string;
  lemmas: ReadonlySet<string>;
  score: number;
  order: number;
}

const mostSentences = 400;

/**
 * Ranks the readable sentences, best first. At most 400 take part: of longer documents the first 200 and an even sample
 * of the rest, so that the work is bounded (about 20 ms) whatever the length.
 */
export function rankSentences(sentences: readonly Sentence[], blocks: readonly Block[], title: string): Ranked[] {
  const weights = blockWeights(blocks);
  const usable = sentences
    .map((sentence, order) => ({
      sentence,
      order,
      text: quotable(sentence, (weights[sentence.block] ?? 1) >= leadWeight, title),
    }))
    .filter(({ text }) => text !== '');
  const strict = usable.filter(({ sentence }) => (weights[sentence.block] ?? 1) > 0);
  const chosen = evenSample(strict.length >= 2 ? strict : usable);
  const lemmas = chosen.map(({ sentence }) => contentLemmas(sentence));
  const central = textRank(lemmas);
  const titleWords = new Set(title.toLowerCase().match(/\p{L}{3,}/gu) ?? []);
  return chosen
    .map(({ sentence, order, text }, index) => {
      const place = (index === 0 ? 1.3 : 1) * (1 + 1.5 / (1 + index / 5));
      const overlap = [...lemmas[index]!].filter((lemma) => titleWords.has(lemma)).length;
      const worth = Math.sqrt(central[index]! * chosen.length) * (weights[sentence.block] || 0.3) * place;
      const score =
        worth * (1 + 0.12 * Math.min(3, overlap)) * styleFactor(text, sentence) * (defines(text, title) ? 1.9 : 1);
      return { text, lemmas: lemmas[index]!, score, order };
    })
    .toSorted((a, b) => b.score - a.score);
}

const leadWeight = 1.7;

/**
 * The weight of each block: that of its section's heading, more for what stands before the first section, less for
 * items and quotations.
 */
function blockWeights(blocks: readonly Block[]): number[] {
  const headings = blocks.filter((block) => block.kind === 'heading').length;
  let section = headings >= 3 ? leadWeight : 1;
  let sectionLevel = 0;
  let seen = 0;
  return blocks.map((block) => {
    if (block.kind === 'heading') {
      seen += 1;
      const weight = sectionWeight(block.text);
      if (block.level <= sectionLevel || weight !== 1 || (seen > 1 && sectionLevel === 0)) {
        section = weight;
        sectionLevel = block.level;
      }
      return 0;
    }
    return section * (block.kind === 'item' ? 0.55 : block.kind === 'quote' ? 0.85 : block.kind === 'line' ? 0.7 : 1);
  });
}

function evenSample<T>(items: readonly T[]): readonly T[] {
  if (items.length <= mostSentences) return items;
  const head = mostSentences / 2;
  const rest = items.length - head;
  return [
    ...items.slice(0, head),
    ...Array.from({ length: head }, (_, n) => items[head + Math.floor((n * rest) / head)]!),
  ];
}

/**
 * The sentence as it can be quoted alone, or '' when it cannot: a whole sentence of usual length, in words, with its
 * brackets closed.
 */
function quotable(sentence: Sentence, lead: boolean, title: string): string {
  const text = bare(sentence.text);
  const words = sentence.words.filter((word) => /[\p{L}\d]/u.test(word.text)).length;
  const key = statesTheGrant.test(text);
  const [fewest, most, longest] = [lead ? 4 : 6, key ? 90 : 55, key ? 560 : 420];
  if (words < fewest || words > most || text.length > longest) return '';
  const tagline = lead && words <= 30 && /[\p{L}\d]$/u.test(text) && !/[|•·:]/.test(text);
  const whole = /[.!?。！？]["'”’»)\]]*$/.test(text) || (key && text.endsWith(':')) || tagline;
  const plain = whole && closed(text) && oddShare(text) < 0.04 && !unquotable.test(text);
  return plain && contentLemmas(sentence).size >= (lead ? 2 : 3) ? finished(text, title) : '';
}

/** Starts that no quoted sentence has, and notices that tell nothing of a document. */
const unquotable =
  /^[^\p{L}\d"“„«'(]|^(?:copyright|\(c\)|©)|\b(?:in witness whereof|all rights reserved|all notable changes|semantic versioning|commit guidelines|cookies?|unsubscribe|pull requests? (?:are )?welcome|verbatim copies)\b/iu;

function oddShare(text: string): number {
  return text.replace(/[\p{L}\p{N}\s.,;:!?'"“”„’‘()–—%&/+-]/gu, '').length / text.length;
}

/** Without list marks and leading connectives, spaces in order. */
function bare(text: string): string {
  const connective =
    /^(?:however|therefore|thus|hence|moreover|furthermore|additionally|also|consequently|finally|lastly|in addition|of course|indeed|nevertheless|accordingly), +(?=\p{L})/iu;
  const plain = text
    .replace(/\s+/g, ' ')
    .replace(/^(?:[-–•*]|\(?\d{1,2}[.)]|\(?[a-z]\)) /, '')
    .trim();
  const rest = plain.replace(connective, '');
  return rest === plain ? plain : rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** With a stop at its end, a capital at its start where it starts with a word, and no shouting. */
function finished(text: string, title: string): string {
  const letters = text.replace(/[^\p{L}]/gu, '');
  const shouted = letters.length > 30 && letters.replace(/[^\p{Lu}]/gu, '').length / letters.length > 0.8;
  const calm = (shouted ? text.toLowerCase() : text).replace(/:$/, '.').replace(/([\p{L}\d])$/u, '$1.');
  return /^\p{Ll}+[ ,]/u.test(calm) && !(title !== '' && calm.startsWith(title))
    ? calm.charAt(0).toUpperCase() + calm.slice(1)
    : calm;
}

function closed(text: string): boolean {
  const count = (character: string) => text.split(character).length - 1;
  return (
    count('(') === count(')') &&
    count('[') === count(']') &&
    count('"') % 2 === 0 &&
    (text.includes('„') || count('“') === count('”'))
  );
}

const kindNouns =
  'document|paper|proposal|report|article|specification|standard|policy|guide|manual|tutorial|study|page|memo|letter|agreement|contract|library|package|module|project|tool|framework|plugin|program|app|licen[cs]e|pep|rfc|chapter|note|readme';
const tellsOfWhole = new RegExp(
  `^(?:this|the present|our) (?:[\\w-]+ ){0,2}(?:${kindNouns})\\b|^this is (?:an?|the) (?:[\\w-]+ ){0,3}(?:${kindNouns})\\b|\\b(?:this|the|our) (?:\\w+ )?(?:${kindNouns})\\b[^.]{0,40}\\b(?:describes?|proposes?|defines?|specif(?:y|ies)|introduces?|provides?|presents?|explains?|covers?|outlines?|governs|grants?|aims)\\b|\\bwe (?:propose|present|introduce|describe|recommend)\\b|\\bin (?:summary|short|conclusion)\\b|^dies(?:e|es|er) (?:dokument|bericht|artikel|vertrag|vorschlag)`,
  'i',
);
const statesTheGrant =
  /\bpermission (?:is hereby granted|to use, copy, modify)\b|\b(?:redistribution and use|use, reproduction, and distribution)\b.{0,80}\bpermitted\b|\bhereby grants?\b/i;
const leansBack =
  /^(?:this|these|that|those|it|its|they|their|he|she|his|her|such|both|one|another|the (?:latter|former|same|above|following|first|second|other)|here|there|so|but|and|or|then|yet|as a result|for example|for instance|e\.g\.|in this case|in that case|before that|after that|since then|similarly|likewise|instead|otherwise|again|if so|to do (?:this|so)|doing (?:this|so)|dies|diese|dieser|er|sie|es|aber|und|il|elle|ce|cela|ces)\b/i;
const minorTone =
  /\b(?:for example|for instance|e\.g\.|see (?:also|the|below|above|section)|as (?:shown|described|mentioned|discussed|noted) (?:above|below|in|earlier)|click|subscribe|the following|as follows|figure \d|table \d|i think|i believe|unfortunately|obviously)\b|^(?:appendix|note|please|see|take a look|check out|read|for (?:more|support|details|further))\b|^["“][^"“”]+["”] (?:\([^)]*\) )?(?:\w+ )?(?:shall )?means?\b|^(?:for|using|based on|with|without) .{0,50}$/i;
/** Whether the sentence says what the thing in the title is: "Koa is a …". */
function defines(text: string, title: string): boolean {
  const name = title
    .toLowerCase()
    .split(/\s[-–:|]\s|[:,(]/)[0]!
    .replace(/^(?:the|a|an) /, '')
    .trim();
  if (name.length < 2 || name.split(' ').length > 6) return false;
  const start = text.toLowerCase().replace(/^(?:the|an?) /, '');
  return (
    start.startsWith(name) &&
    /^\W{0,3}(?:\([^)]*\) )?(?:\w+ )?(?:is|are|was|provides?|lets|helps|allows|offers)\b/.test(
      start.slice(name.length).trimStart(),
    )
  );
}

function styleFactor(text: string, sentence: Sentence): number {
  let factor = 1;
  if (statesTheGrant.test(text)) factor *= 2.5;
  else if (tellsOfWhole.test(text)) factor *= /\b(?:not|never)\b/.test(text) ? 1 : 1.9;
  else if (leansBack.test(text)) factor *= 0.5;
  if (minorTone.test(text)) factor *= 0.35;
  const first = sentence.words[0];
  if (first?.pos === 'VERB' && first.lemma === first.text.toLowerCase()) factor *= 0.6;
  if (/\?["”)]?$/.test(text)) factor *= 0.4;
  const words = sentence.words.length;
  if (words > 40 && !statesTheGrant.test(text)) factor *= 0.75;
  if (words < 8) factor *= 0.6;
  if ((text.match(/\d+/g) ?? []).length > 8) factor *= 0.7;
  if (/https?:|www\.|\w\(|[_=<>{}\\]/.test(text)) factor *= 0.6;
  return factor;
}

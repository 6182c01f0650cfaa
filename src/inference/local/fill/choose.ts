// Choosing one of the allowed values of an enum by the evidence that the document gives for each.

import type { Analysis } from '../analysis.ts';
import { valuesLabelled, wordsOf } from '../facts/labels.ts';
import { kinds } from '../rank/kinds.ts';
import { wordsFor } from '../rank/senses.ts';
import { negativeFrom, positiveFrom } from './nouns.ts';
import type { Query } from './query.ts';

const fallbacks =
  /^(?:other|others|unknown|none|general|misc|miscellaneous|unspecified|uncategori[sz]ed|n\/?a|default|undetermined|und|unclear|not[ _-]?specified|sonstiges|andere)$/i;
const middles = /^(?:medium|normal|neutral|average|moderate|standard|regular)$/i;

/** The chosen value, and whether anything in the document speaks for it. */
export interface Choice {
  value: unknown;
  found: boolean;
}

/**
 * Scores each allowed value: by what the document labels, its kind, language or sentiment, or the words that stand for
 * the value. Without evidence the choice is a value such as `other`, else a middle one such as `medium`, else the
 * first.
 */
export function choose(values: readonly unknown[], analysis: Analysis, query: Query): Choice {
  const options = values.filter((value) => value !== null);
  const names = options.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  const scores = scored(names, analysis, query);
  const best = scores.reduce((top, score, index) => (score > scores[top]! ? index : top), 0);
  if ((scores[best] ?? 0) > 0) return { value: options[best], found: true };
  if (values.includes(null)) return { value: null, found: false };
  const fallback = names.findIndex((name) => fallbacks.test(name));
  const middle = names.findIndex((name) => middles.test(name));
  return { value: options[fallback >= 0 ? fallback : Math.max(0, middle)], found: false };
}

function scored(names: readonly string[], analysis: Analysis, query: Query): number[] {
  const labelled = valuesLabelled(analysis.labelled, query.words).map((value) => value.toLowerCase());
  const direct = names.map((name) =>
    labelled.some((value) => value === name.toLowerCase() || value.startsWith(`${name.toLowerCase()} `)) ? 1 : 0,
  );
  if (direct.some((score) => score > 0) && query.words.length > 0) return direct;
  if (names.some((name) => /^(?:positive|negative)$/i.test(name))) return bySentiment(names, analysis);
  const asLanguage = byLanguage(names, analysis);
  if (asLanguage) return asLanguage;
  const asKind = byKind(names, analysis);
  return asKind ?? byWords(names, analysis, query);
}

function bySentiment(names: readonly string[], { sentiment }: Analysis): number[] {
  if (sentiment === undefined) return names.map(() => 0);
  const feeling = sentiment > positiveFrom ? 'positive' : sentiment < negativeFrom ? 'negative' : 'neutral';
  return names.map((name) => (name.toLowerCase() === feeling ? 1 : 0));
}

function byLanguage(names: readonly string[], { language }: Analysis): number[] | undefined {
  const english = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  const known = names.filter(
    (name) => /^[a-z]{2}(?:-[A-Z]{2})?$/.test(name) || commonLanguages.has(name.toLowerCase()),
  );
  if (known.length < 2 || known.length < names.length * 0.6) return undefined;
  const name = (english.of(language.code === 'und' ? 'mul' : language.code) ?? '').toLowerCase();
  return names.map((option) =>
    option.toLowerCase().split('-')[0] === language.code || option.toLowerCase() === name ? 1 : 0,
  );
}

const commonLanguages = new Set(
  'english german french spanish italian portuguese dutch polish swedish danish russian chinese japanese arabic turkish'.split(
    ' ',
  ),
);

/** Applies where at least half of the values are kinds of document. */
function byKind(names: readonly string[], analysis: Analysis): number[] | undefined {
  const meant = names.map((name) => kindNamed(name));
  const real = names.filter((name) => !fallbacks.test(name));
  const known = meant.filter((kind) => kind !== undefined);
  if (known.length === 0 || known.length < real.length * 0.5) return undefined;
  const single = new Set(known).size === known.length;
  return names.map((name, index) => {
    const kind = meant[index];
    const score = kind === undefined ? 0 : (analysis.kinds.find((entry) => entry.name === kind)?.score ?? 0);
    // Two values of one kind (say, `invoice` and `receipt`) are told apart by how often each is named.
    return score > 0.12
      ? score + (single ? 0 : 0.2 * Math.min(1, occurrences(analysis.text, name.toLowerCase()) / 3))
      : 0;
  });
}

function kindNamed(value: string): string | undefined {
  const words = wordsOf(value).join(' ');
  const own = kinds.find((kind) => wordsOf(kind.name).join(' ') === words);
  return (own ?? kinds.find((kind) => kind.aliases.some((alias) => wordsOf(alias).join(' ') === words)))?.name;
}

const bodyChars = 60_000;

/**
 * Counts the words that stand for each value: its own, those that the prompt gives for it, and common ones for the
 * category.
 */
function byWords(names: readonly string[], analysis: Analysis, query: Query): number[] {
  const title = (analysis.title ?? '').toLowerCase();
  const headings = analysis.blocks
    .filter((block) => block.kind === 'heading')
    .map((block) => block.text.toLowerCase())
    .join('\n');
  const body = (analysis.prose || analysis.text).slice(0, bodyChars).toLowerCase();
  const count = (word: string) =>
    3 * Math.min(1, occurrences(title, word)) +
    Math.min(2, occurrences(headings, word)) +
    Math.log2(1 + occurrences(body, word));
  return names.map((name) => {
    if (fallbacks.test(name)) return 0;
    const own = wordsOf(name).filter((word) => word.length > 2);
    const told = explained(name, names, query.prose);
    const common = own.flatMap((word) => wordsFor(word));
    const strong = own.length === 0 ? 0 : own.reduce((sum, word) => sum + count(word), 0) / own.length;
    const weak = [...new Set([...told, ...common])]
      .filter((word) => !own.includes(word))
      .reduce((sum, word) => sum + count(word), 0);
    const score = 1.5 * strong + weak / Math.sqrt(1 + 0.3 * (told.length + common.length));
    return strong > 0 || weak >= 2 ? score : 0;
  });
}

/** The words by which a description explains a value: "billing: invoices and refunds; technical: bugs". */
function explained(name: string, names: readonly string[], prose: string): string[] {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const match = new RegExp(
    `(?<![\\w-])${escaped}["'’\`]?\\s*(?:[:=–—-]+|\\(|means|for)\\s*([^;\\n.)]{3,120})`,
    'i',
  ).exec(prose)?.[1];
  if (match === undefined) return [];
  const others = new Set(names.flatMap((other) => wordsOf(other)));
  return (match.toLowerCase().match(/\p{L}{4,}/gu) ?? []).filter(
    (word) => !others.has(word) && !/^(?:with|from|that|this|about|other|their|when|which|document|text)$/.test(word),
  );
}

/** How often a word occurs, with the usual English endings. */
function occurrences(text: string, word: string): number {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.match(new RegExp(`(?<!\\p{L})${escaped}(?:s|es|ed|d|ing|'s)?(?!\\p{L})`, 'gu'))?.length ?? 0;
}

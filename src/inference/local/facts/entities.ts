// All entities of a document under one roof: by form, by name, and what the language model's recogniser adds.

import type { Field } from '../read/header.ts';
import { datesIn } from './dates.ts';
import { merged, type Mention } from './mention.ts';
import { moneyIn } from './money.ts';
import { organisationsIn, peopleIn, placesIn } from './names.ts';
import { patternsIn } from './patterns.ts';

/**
 * What entities are looked for in: `text` is everything, `prose` the plain words, `recognised` what the tagger found in
 * them.
 */
export interface EntitySource {
  text: string;
  prose: string;
  fields: readonly Field[];
  recognised: readonly { value: string; type: string }[];
}

const recognisedTypes: Readonly<Record<string, string>> = { DATE: 'date', TIME: 'time', DURATION: 'duration' };

/**
 * Every entity once, with its count, in order of first occurrence. Of two that overlap the one with the longer text
 * stays.
 */
export function entitiesIn({ text, prose, fields, recognised }: EntitySource): Mention[] {
  const formal = [...datesIn(text), ...moneyIn(text), ...patternsIn(text)];
  const named = [...peopleIn(prose, fields), ...organisationsIn(prose), ...placesIn(prose)].map((mention) => ({
    ...mention,
    at: Math.max(0, text.indexOf(mention.text)),
  }));
  const extra = recognised.flatMap(({ value, type }): Mention[] => {
    const known = recognisedTypes[type];
    const at = text.indexOf(value);
    if (
      known === undefined ||
      at < 0 ||
      !isTelling(value, known) ||
      formal.some((other) => at < other.at + other.text.length && other.at < at + value.length)
    )
      return [];
    return [{ type: known, text: value, at, count: 1, facets: {} }];
  });
  return merged(withoutOverlaps([...formal, ...named, ...extra]));
}

/**
 * A day with a month or year, a clock time and a measured span tell something; "today", "March" and "a second" do not.
 */
function isTelling(value: string, type: string): boolean {
  if (type === 'duration') return /\d+\s*-?(?:second|minute|hour|day|week|month|year|ms|min|sec|hr)/i.test(value);
  if (type === 'time') return /\d.*(?::|am|pm|uhr|o['’]clock)/i.test(value);
  return /\b(?:19|20)\d{2}\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d|\d\S*\s+(?:of )?(?:january|february|march|april|may|june|july|august|september|october|november|december)\b/i.test(
    value,
  );
}

function withoutOverlaps(mentions: readonly Mention[]): Mention[] {
  const kept: Mention[] = [];
  let end = -1;
  for (const mention of mentions.toSorted((a, b) => a.at - b.at || b.text.length - a.text.length)) {
    if (mention.at >= end || mention.type === 'person') kept.push(mention);
    end = Math.max(end, mention.at + mention.text.length);
  }
  return kept;
}

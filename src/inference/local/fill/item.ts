// The properties of one entry of a list (an entity, an amount, a heading) filled from the mention that the entry stands
// for.

import type { Analysis } from '../analysis.ts';
import { wordsOf } from '../facts/labels.ts';
import type { Mention } from '../facts/mention.ts';
import { valueOf } from './mention-value.ts';
import { contextOf } from './passages.ts';
import { accepts, typesOf, type Schema } from './schema.ts';

const typeNames: Readonly<Record<string, string[]>> = {
  person: ['people', 'per', 'human', 'name', 'individual', 'contact', 'author'],
  organization: ['organisation', 'org', 'company', 'institution', 'business', 'firm', 'group'],
  location: ['place', 'loc', 'gpe', 'country', 'city', 'address', 'region', 'geo'],
  date: ['datetime', 'time', 'day', 'deadline', 'temporal'],
  time: ['date', 'datetime', 'temporal'],
  duration: ['period', 'time', 'temporal'],
  money: ['amount', 'price', 'currency', 'monetary', 'cost', 'monetary amount', 'monetary value', 'sum'],
  percentage: ['percent', 'number', 'quantity', 'ratio'],
  email: ['mail', 'email address', 'contact'],
  url: ['link', 'website', 'uri', 'web address', 'web'],
  phone: ['telephone', 'phone number', 'tel', 'contact'],
  version: ['release', 'software', 'product', 'technology'],
  identifier: ['id', 'reference', 'standard', 'number', 'document', 'code', 'ref', 'law'],
};

/** The enum value that means the mention's type: the same word, a synonym, or a catch-all; undefined when none does. */
function typeAmong(type: string, values: readonly unknown[]): unknown {
  const catchAll = /^(?:other|misc|miscellaneous|unknown|entity|thing)$/i;
  return exactly(type, values) ?? values.find((value) => typeof value === 'string' && catchAll.test(value));
}

/** Whether the values have a word for the mention's type, not only a catch-all. */
export function isAmong(type: string, values: readonly unknown[]): boolean {
  return exactly(type, values) !== undefined;
}

function exactly(type: string, values: readonly unknown[]): unknown {
  for (const name of [type, ...(typeNames[type] ?? [])].map(plainName)) {
    const match = values.find((value) => typeof value === 'string' && plainName(value) === name);
    if (match !== undefined) return match;
  }
  return undefined;
}

function plainName(name: string): string {
  return wordsOf(name).join(' ');
}

/**
 * What one property of the entry asks for; `undefined` when the mention does not say. `beside` are the names of all its
 * properties.
 */
export function itemProperty(
  name: string,
  schema: Schema,
  mention: Mention,
  analysis: Analysis,
  root: Schema,
  beside: readonly string[],
): unknown {
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  const readText = (text: string) => valueOf({ ...mention, text, facets: {} }, schema, ['text'], root);
  if (asksForType(last, beside)) return schema.enum ? typeAmong(mention.type, schema.enum) : readText(mention.type);
  const number = typesOf(schema).some((type) => type === 'number' || type === 'integer');
  const figure = number ? figureOf(last, mention) : undefined;
  const facet = words
    .map((word) => mention.facets[word] ?? mention.facets[synonyms[word] ?? ''])
    .find((value) => value !== undefined);
  const known = figure ?? facet;
  if (typeof known === 'number') {
    return [known, Math.round(known), String(known)].find((form) => accepts(schema, form, root));
  }
  if (known !== undefined) return readText(known);
  if (contextNames.has(last)) return readText(contextOf(analysis, mention) ?? '');
  const asksForItself = own.has(last) || words.includes(mention.type) || beside.length === 1;
  return asksForItself ? valueOf(mention, schema, words, root) : undefined;
}

function asksForType(last: string, beside: readonly string[]): boolean {
  if (/^(?:type|kind|category|class)$/.test(last)) return true;
  return last === 'label' && beside.some((other) => /^(?:text|value|name|entity)$/.test(other));
}

/** Counts, scores and offsets of the mention. */
function figureOf(last: string, mention: Mention): number | undefined {
  const score = mention.facets['score'];
  if (/^(?:count|frequency|occurrence|mention)$/.test(last)) return mention.count;
  if (/^(?:score|relevance|weight|confidence|salience|importance)$/.test(last) && typeof score === 'number')
    return score;
  if (/^(?:start|offset|position|index)$/.test(last)) return mention.at;
  return last === 'end' ? mention.at + mention.text.length : undefined;
}

const contextNames = new Set(
  'context sentence snippet evidence description event meaning note explanation detail surrounding'.split(' '),
);

const synonyms: Readonly<Record<string, string>> = {
  link: 'url',
  href: 'url',
  website: 'url',
  mail: 'email',
  price: 'amount',
  total: 'amount',
  cost: 'amount',
  normalized: 'iso',
  date: 'iso',
  when: 'iso',
  assignee: 'owner',
  person: 'owner',
  who: 'owner',
  deadline: 'due',
  action: 'task',
  depth: 'level',
};

/** Names under which an entry asks for the mention itself. */
const own = new Set(
  'text value name term phrase entity mention keyword keyphrase title label content sentence quote point topic item string surface raw word tag heading question requirement claim summary task action number identifier id date amount statement fact finding highlight body'.split(
    ' ',
  ),
);

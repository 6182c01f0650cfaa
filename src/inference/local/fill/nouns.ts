// Which finder answers which noun: the small table by which the names of a schema's properties are understood.

import type { Analysis } from '../analysis.ts';
import type { Mention } from '../facts/mention.ts';
import { actionItems, headings, keyPoints, questions, quotations, requirements } from './passages.ts';
import { sentencesAsked, type Query } from './query.ts';

export type NounKind = 'computed' | 'mentions';

/** A noun that the local model understands. `computed` answers are about the document; `mentions` stand in it. */
export interface Noun {
  names: string[];
  /**
   * Names that ask for one particular mention: it must be labelled so, or the word must stand beside it (`vat`,
   * `customer`).
   */
  particular?: string[];
  kind: NounKind;
  find: (analysis: Analysis, query: Query) => Mention[];
  /** How many a list holds at most where the schema sets no limit. */
  most?: number;
}

const made = (type: string, text: string, facets: Mention['facets'] = {}): Mention => ({
  type,
  text,
  at: 0,
  count: 1,
  facets,
});
const ofType =
  (...types: string[]) =>
  (analysis: Analysis) =>
    analysis.entities.filter((entity) => types.includes(entity.type));

const identifiers = (form: RegExp) => (analysis: Analysis) =>
  analysis.entities.filter((entity) => entity.type === 'identifier' && form.test(entity.text));

const nouns: readonly Noun[] = [
  {
    names: ['title', 'headline', 'subject'],
    kind: 'computed',
    find: ({ title }) => (title === undefined ? [] : [made('title', title)]),
  },
  {
    names: ['language', 'lang', 'locale'],
    kind: 'computed',
    find: ({ language }) =>
      language.code === 'und' ? [] : [made('language', language.code, { code: language.code, name: language.name })],
  },
  {
    names: [
      'summary',
      'abstract',
      'synopsis',
      'overview',
      'description',
      'gist',
      'tldr',
      'brief',
      'excerpt',
      'precis',
      'zusammenfassung',
    ],
    kind: 'computed',
    find: summaryOf,
  },
  {
    names: ['keyphrase', 'keyword', 'topic', 'tag', 'theme', 'concept', 'term', 'phrase'],
    kind: 'computed',
    most: 10,
    find: ({ keyphrases }) =>
      keyphrases.map(({ text, count, score }) => ({ ...made('keyphrase', text, { score }), count })),
  },
  {
    names: ['kind', 'type', 'category', 'genre', 'classification', 'class', 'doctype'],
    kind: 'computed',
    most: 1,
    find: ({ kinds }) => kinds.map(({ name, score }) => made('kind', name, { score })),
  },
  { names: ['sentiment', 'tone', 'polarity', 'mood', 'attitude'], kind: 'computed', find: sentimentOf },
  {
    names: ['confidence', 'certainty'],
    kind: 'computed',
    find: ({ kinds }) => (kinds[0] ? [made('confidence', String(kinds[0].score), { value: kinds[0].score })] : []),
  },
  {
    names: [
      'keypoint',
      'point',
      'highlight',
      'takeaway',
      'finding',
      'fact',
      'bullet',
      'claim',
      'insight',
      'sentence',
      'statement',
      'conclusion',
    ],
    kind: 'computed',
    find: (analysis) => keyPoints(analysis),
  },
  { names: ['question'], kind: 'mentions', find: questions },
  { names: ['requirement', 'obligation', 'duty', 'rule'], kind: 'mentions', find: requirements },
  { names: ['action', 'todo', 'task', 'step', 'recommendation'], kind: 'mentions', find: actionItems },
  { names: ['quote', 'quotation'], kind: 'mentions', find: quotations },
  { names: ['heading', 'section', 'chapter', 'outline', 'toc'], kind: 'mentions', find: headings },
  { names: ['entity', 'mention'], kind: 'mentions', most: 60, find: ({ entities }) => entities },
  { names: ['author', 'editor', 'maintainer', 'writer'], kind: 'mentions', find: authorsOf },
  {
    names: ['person', 'people', 'participant', 'attendee', 'contact', 'name'],
    particular: ['name', 'contact'],
    kind: 'mentions',
    find: ofType('person'),
  },
  {
    names: ['organization', 'organisation', 'company', 'org', 'institution', 'firm'],
    particular: ['vendor', 'supplier', 'customer', 'client', 'employer', 'publisher', 'issuer'],
    kind: 'mentions',
    find: ofType('organization'),
  },
  { names: ['place', 'location', 'country', 'city', 'region'], kind: 'mentions', find: ofType('location') },
  {
    names: ['date', 'day', 'event', 'timeline', 'datum'],
    particular: ['deadline', 'at', 'on', 'until', 'expiry', 'due'],
    kind: 'mentions',
    find: ofType('date'),
  },
  { names: ['time'], kind: 'mentions', find: ofType('time', 'date') },
  { names: ['duration', 'period'], kind: 'mentions', find: ofType('duration') },
  {
    names: ['amount', 'money', 'price', 'cost'],
    particular: [
      'total',
      'fee',
      'payment',
      'budget',
      'sum',
      'subtotal',
      'tax',
      'vat',
      'discount',
      'salary',
      'rent',
      'deposit',
      'balance',
      'net',
      'gross',
    ],
    kind: 'mentions',
    find: ofType('money'),
  },
  { names: ['currency'], kind: 'mentions', find: ofType('money') },
  { names: ['percentage', 'percent', 'rate', 'ratio'], kind: 'mentions', find: ofType('percentage') },
  { names: ['email', 'mail'], kind: 'mentions', find: ofType('email') },
  { names: ['phone', 'telephone', 'tel', 'mobile', 'fax'], kind: 'mentions', find: ofType('phone') },
  { names: ['url', 'link', 'website', 'uri', 'href', 'homepage', 'web'], kind: 'mentions', find: ofType('url') },
  {
    names: ['identifier', 'standard'],
    particular: ['id', 'reference', 'number', 'code'],
    kind: 'mentions',
    find: ofType('identifier'),
  },
  { names: ['iban'], kind: 'mentions', find: identifiers(/^[A-Z]{2}\d{2} ?[A-Z0-9]{4}/) },
  { names: ['cve', 'vulnerability'], kind: 'mentions', find: identifiers(/^(?:CVE|GHSA)-/) },
  { names: ['rfc', 'pep'], kind: 'mentions', find: identifiers(/^(?:RFC|PEP|BCP|STD)/) },
  { names: ['isbn', 'doi', 'issn'], kind: 'mentions', find: identifiers(/^(?:ISBN|ISSN|10\.)/) },
  { names: ['uuid', 'guid'], kind: 'mentions', find: identifiers(/^[\da-f]{8}-/i) },
  { names: ['version', 'release'], kind: 'mentions', find: ofType('version') },
];

const byName: ReadonlyMap<string, Noun> = new Map(
  nouns.flatMap((noun) => [...noun.names, ...(noun.particular ?? [])].map((name): [string, Noun] => [name, noun])),
);

/**
 * The noun that a property asks for: its name's last word that is known, else the first known word of its description.
 */
export function nounOf(query: Query): Noun | undefined {
  const words = [...query.words, query.words.slice(-2).join(''), query.words.join('')];
  const named = words
    .toReversed()
    .map((word) => byName.get(word))
    .find((noun) => noun !== undefined);
  return named ?? query.hints.map((word) => byName.get(word)).find((noun) => noun !== undefined);
}

/** The words of a name that narrow its noun down: `due` in `dueDate`. */
export function qualifiers(query: Query, noun: Noun): string[] {
  return query.words.filter((word) => !noun.names.includes(word) && !noise.has(word));
}

const noise = new Set(
  'document doc file text all main primary first list found extracted detected mentioned key important iso count of in the value info'.split(
    ' ',
  ),
);

function summaryOf(analysis: Analysis, query: Query): Mention[] {
  const asked =
    sentencesAsked(query.prose) ??
    (query.words.some((word) => /^(?:tldr|gist|brief|short|headline|line)$/.test(word)) ? 1 : 3);
  const sentences = analysis.summary({ sentences: asked, maxChars: Math.max(700, asked * 240) });
  return sentences.length === 0
    ? []
    : [made('summary', sentences.join(' ')), ...sentences.map((text) => made('sentence', text))];
}

/** Formal prose lies between these marks; polite words alone ("would like", "grateful") reach 0.25. */
export const positiveFrom = 0.3;
export const negativeFrom = -0.12;

function sentimentOf({ sentiment }: Analysis): Mention[] {
  if (sentiment === undefined) return [];
  const text = sentiment > positiveFrom ? 'positive' : sentiment < negativeFrom ? 'negative' : 'neutral';
  return [made('sentiment', text, { value: Math.round(sentiment * 100) / 100 })];
}

function authorsOf({ entities }: Analysis): Mention[] {
  return entities.filter(
    (entity) =>
      entity.type === 'person' &&
      /^(?:authors?|by|from|written by|creators?|editors?|maintainers?|von)$/.test(String(entity.facets['role'] ?? '')),
  );
}

// One text, number or truth value of the answer, found in the document by what its property is called.

import type { Analysis } from '../analysis.ts';
import { singular, valuesLabelled } from '../facts/labels.ts';
import type { Mention } from '../facts/mention.ts';
import { kinds } from '../rank/kinds.ts';
import { valueOf } from './mention-value.ts';
import { nounOf, qualifiers, type Noun } from './nouns.ts';
import type { Query } from './query.ts';
import { typesOf, type Schema } from './schema.ts';
import { countAsked } from './statistics.ts';

const nearby = 45;

/** The value that the document gives for the property, or undefined when it gives none. */
export function scalarOf(schema: Schema, asked: Query, analysis: Analysis, root: Schema): unknown {
  const query = { ...asked, words: withoutOwnKind(asked.words, analysis) };
  const types = typesOf(schema);
  const numeric = types.includes('number') || types.includes('integer');
  if (types.includes('boolean') && !types.includes('string')) return truthOf(query, analysis);
  const count = numeric ? countAsked(analysis, query.words) : undefined;
  if (count !== undefined) return valueOf(plain(String(count)), schema, [], root);
  const noun = nounOf(query);
  const mentions =
    noun?.kind === 'computed'
      ? noun.find(analysis, query)
      : [...labelled(query, analysis), ...(noun ? fitting(noun, query, analysis) : [])];
  if (noun?.names.includes('language')) return languageValue(mentions, schema, query, root);
  if (noun?.names.includes('sentiment') && numeric && (schema.minimum ?? -1) >= 0)
    return unsigned(mentions, schema, root);
  if (noun?.names.includes('keyphrase') && asked.plural) return valueOf(plain(listed(mentions)), schema, [], root);
  return firstValue(mentions, schema, query, root);
}

function firstValue(mentions: readonly Mention[], schema: Schema, query: Query, root: Schema): unknown {
  for (const mention of mentions) {
    const value = valueOf(mention, schema, query.words, root);
    if (value !== undefined) return value;
  }
  return undefined;
}

function listed(mentions: readonly Mention[]): string {
  const texts = mentions.slice(0, 8).map((mention) => mention.text);
  return texts.join(', ');
}

/** In an invoice, `invoiceDate` is the date; in any other document it is something that has to be called so. */
function withoutOwnKind(words: readonly string[], analysis: Analysis): string[] {
  const rest = words.filter((word) => !ownKindWords.has(word) || !namesKind(word, analysis));
  return rest.length > 0 && rest.length < words.length && words[0] !== 'is' ? rest : [...words];
}

const ownKindWords = new Set(
  'invoice bill order receipt letter email mail report contract agreement article meeting'.split(' '),
);

function namesKind(word: string, analysis: Analysis): boolean {
  const own = kinds.find((kind) => kind.name === analysis.kinds[0]?.name);
  return own !== undefined && [own.name, ...own.aliases].includes(word);
}

function plain(text: string): Mention {
  return { type: 'text', text, at: 0, count: 1, facets: {} };
}

/** Values that the document labels with the property's name; a date or amount inside them is read as such. */
function labelled(query: Query, analysis: Analysis): Mention[] {
  return valuesLabelled(analysis.labelled, query.words).flatMap((text) => {
    const inside = analysis.entities
      .filter((entity) => text.includes(entity.text))
      .toSorted((a, b) => text.indexOf(a.text) - text.indexOf(b.text));
    const noun = nounOf({ ...query, hints: [] });
    const wanted =
      noun?.kind === 'mentions' ? noun.find(analysis, query).filter((mention) => text.includes(mention.text)) : [];
    return [...wanted, plain(text), ...inside];
  });
}

/**
 * The mentions of a noun that its qualifiers stand close to ("due by April 15"); all of them when it has no qualifiers.
 */
function fitting(noun: Noun, query: Query, analysis: Analysis): Mention[] {
  const found = noun.find(analysis, query);
  const narrow = qualifiers(query, noun);
  if (narrow.length === 0) return found;
  return found.filter((mention) => {
    const before = analysis.text.slice(Math.max(0, mention.at - nearby), mention.at);
    const after = analysis.text.slice(mention.at + mention.text.length, mention.at + mention.text.length + nearby);
    const around =
      `${before.split(/[.;]\s|\n/).at(-1)!} ${after.split(/[.;]\s|\n/)[0]!}`.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
    const words = new Set(around.map(singular));
    return narrow.every((word) => words.has(word));
  });
}

/** The code, or the English name where the property or its description asks for a name. */
function languageValue(mentions: readonly Mention[], schema: Schema, query: Query, root: Schema): unknown {
  const language = mentions[0];
  if (language === undefined) return undefined;
  const wantsName =
    /\bname\b|\bin full\b|\be\.g\.,? ["“]?english/i.test(query.prose.split('\n')[0] ?? '') ||
    query.words.includes('name');
  const forms = [language.text, String(language.facets['name'])];
  return (wantsName ? forms.toReversed() : forms)
    .map((text) => valueOf(plain(text), schema, [], root))
    .find((value) => value !== undefined);
}

/** A sentiment from -1 to 1 put on a scale that starts at 0 or above. */
function unsigned(mentions: readonly Mention[], schema: Schema, root: Schema): unknown {
  const value = mentions[0]?.facets['value'];
  if (typeof value !== 'number') return undefined;
  const [low, high] = [schema.minimum ?? 0, schema.maximum ?? 1];
  const scaled = low + ((value + 1) / 2) * (high - low);
  return valueOf({ ...plain(''), facets: { value: Math.round(scaled * 100) / 100 } }, schema, [], root);
}

/**
 * `isInvoice` is true for that kind of document, `isEnglish` for that language; `mentionsRefund`, `hasDeadline` when
 * the word stands in the text without a negation before it. Any other question of truth has no answer here.
 */
function truthOf(query: Query, analysis: Analysis): boolean | undefined {
  const [verb, ...rest] = query.words;
  const topic = rest.join(' ');
  if (topic === '') return undefined;
  if (verb === 'is') {
    if (kinds.some((kind) => kind.name === topic || kind.aliases.includes(topic)))
      return (
        kinds
          .find((kind) => kind.name === analysis.kinds[0]?.name)
          ?.aliases.concat(analysis.kinds[0]!.name)
          .includes(topic) ?? false
      );
    return analysis.language.name.toLowerCase() === topic ? true : undefined;
  }
  if (!/^(?:mention|contain|include|has|have)$/.test(verb ?? '')) return undefined;
  const noun = nounOf({ ...query, words: rest, hints: [] });
  if (noun?.kind === 'mentions' && noun.find(analysis, query).length > 0) return true;
  const pattern = new RegExp(
    `(\\b(?:no|not|never|without|kein\\w*|ohne)\\b[^.\\n]{0,20})?(?<!\\p{L})${topic.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?:s|es)?(?!\\p{L})`,
    'giu',
  );
  const hits = [...analysis.text.matchAll(pattern)];
  return hits.length === 0 ? undefined : hits.some((hit) => hit[1] === undefined);
}

// A mention written as the value that a schema asks for: text, ISO date, address, number.

import { moneyIn, numberOf } from '../facts/money.ts';
import type { Mention } from '../facts/mention.ts';
import { accepts, typesOf, type Schema } from './schema.ts';

/**
 * The first of the mention's readings that the schema accepts, or undefined. `words` are those of the property's name.
 */
export function valueOf(mention: Mention, schema: Schema, words: readonly string[], root: Schema): unknown {
  const types = typesOf(schema);
  const number = types.includes('number') || types.includes('integer');
  const readings: unknown[] = types.includes('string') || types.length === 0 ? textsOf(mention, schema, words) : [];
  if (number)
    readings.push(
      ...numbersOf(mention, words).flatMap((value) => (types.includes('number') ? [value] : [Math.round(value)])),
    );
  return readings.find((reading) => reading !== '' && accepts(schema, reading, root));
}

function textsOf(mention: Mention, schema: Schema, words: readonly string[]): string[] {
  const { facets } = mention;
  const facet = words.map((word) => facets[word]).find((value) => value !== undefined);
  const iso = facets['iso'];
  const dated = typeof iso === 'string' && iso.length === 10 ? `${iso}T00:00:00Z` : undefined;
  const byFormat: Record<string, (string | number | undefined)[]> = {
    date: [iso, String(facets['datetime'] ?? '').slice(0, 10)],
    // A date without a time is midnight UTC, as ECMAScript reads date-only ISO strings.
    'date-time': [facets['datetime'], dated],
    email: [facets['email']],
    uri: [facets['url']],
  };
  const asWritten = words.some((word) =>
    /^(?:text|raw|written|surface|label|name|term|value|mention|entity)$/.test(word),
  );
  const plain = mention.type === 'date' && !asWritten ? [iso, mention.text] : [facet, mention.text];
  const candidates = [...(schema.format ? (byFormat[schema.format] ?? []) : []), ...plain]
    .filter((value) => value !== undefined)
    .map(String);
  return candidates.flatMap((text) => [text, shortened(text, schema.maxLength)]);
}

/** The text cut to a length at the end of a sentence or else a word. */
function shortened(text: string, maxLength: number | undefined): string {
  if (maxLength === undefined || text.length <= maxLength) return text;
  const cut = text.slice(0, Math.max(0, maxLength));
  const sentence = /^[\s\S]*[.!?](?=\s)/.exec(`${cut} `)?.[0].trim();
  if (sentence !== undefined && sentence.length >= maxLength * 0.4 && sentence.length <= maxLength) return sentence;
  return `${text.slice(0, Math.max(0, maxLength - 1)).replace(/\s+\S*$/, '')}…`.slice(0, maxLength);
}

function numbersOf(mention: Mention, words: readonly string[]): number[] {
  const { facets } = mention;
  const asked = words.map((word) => facets[word]).find((value) => typeof value === 'number');
  const known = [asked, facets['amount'], facets['value'], facets['score'], facets['level']].filter(
    (value) => typeof value === 'number',
  );
  if (known.length > 0) return known;
  const money = moneyIn(mention.text)[0]?.facets['amount'];
  if (typeof money === 'number') return [money];
  const digits = /(?<![\p{L}\d-])[-+]?\d[\d.,’']*(?![\p{L}\d-])/u.exec(mention.text)?.[0].replace(/[.,]$/, '');
  const value = digits === undefined ? Number.NaN : numberOf(digits.replace(/^\+/, ''));
  return Number.isFinite(value) ? [value] : [];
}

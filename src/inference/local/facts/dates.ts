// Written dates in several languages and numeric forms, read into ISO 8601; an ambiguous one (03/04/2026) keeps its
// text only.

import type { Mention } from './mention.ts';

const languages = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl'];

/** Month names, long and short, in lower case without a final stop, of all languages above. */
const months: ReadonlyMap<string, number> = new Map(
  languages.flatMap((language) =>
    (['long', 'short'] as const).flatMap((style) =>
      Array.from({ length: 12 }, (_, month): [string, number] => {
        const name = new Intl.DateTimeFormat(language, { month: style, timeZone: 'UTC' }).format(
          new Date(Date.UTC(2024, month, 15)),
        );
        return [name.toLowerCase().replace(/\.$/, ''), month + 1];
      }),
    ),
  ),
);
const monthName = `(?:${[...months.keys(), 'sept'].toSorted((a, b) => b.length - a.length).join('|')})`;
const weekday = '(?:(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?,?\\s+)?';

const forms = {
  iso: /\b(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?)\s?(Z|[+-]\d{2}:?\d{2})?)?(?!\d)/g,
  dayMonthYear: new RegExp(
    `\\b${weekday}(\\d{1,2})(?:st|nd|rd|th|º|er|\\.)?(?:\\s+(?:of|de|del)\\s+|[\\s-]+)(${monthName})\\.?,?(?:\\s+(?:de|del)\\s+|[\\s-]+)(\\d{4})\\b`,
    'giu',
  ),
  monthDayYear: new RegExp(`\\b${weekday}(${monthName})\\.?\\s+(\\d{1,2})(?:st|nd|rd|th)?,?\\s+(\\d{4})\\b`, 'giu'),
  monthYear: new RegExp(`\\b(${monthName})\\.?\\s+((?:19|20)\\d{2})\\b`, 'giu'),
  dotted: /(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?((?:19|20)\d{2})(?![\d.]\d)/g,
  slashed: /(?<![\d/])(\d{1,2})\/(\d{1,2})\/((?:19|20)\d{2})(?![\d/])/g,
  quarter: /\bQ([1-4])[ /-]?((?:19|20)\d{2})\b/g,
};

/**
 * All dates of the text. Facet `iso`: `2026-03-12`, or `2026-03` where only the month is given; `datetime` where a time
 * stands with it.
 */
export function datesIn(text: string): Mention[] {
  const found: Mention[] = [];
  const add = (match: RegExpMatchArray, iso: string | undefined, datetime?: string) => {
    const at = match.index ?? 0;
    if (found.some((other) => at < other.at + other.text.length && other.at < at + match[0].length)) return;
    found.push({
      type: 'date',
      text: match[0].replace(/\s+/g, ' '),
      at,
      count: 1,
      facets: { ...(iso && { iso }), ...(datetime && { datetime }) },
    });
  };
  for (const match of text.matchAll(forms.iso)) {
    const iso = isoDate(match[1], match[2], match[3]);
    if (iso) add(match, iso, match[4] && isoTime(iso, match[4], match[5]));
  }
  for (const match of text.matchAll(forms.dayMonthYear)) add(match, isoDate(match[3], monthNumber(match[2]), match[1]));
  for (const match of text.matchAll(forms.monthDayYear)) add(match, isoDate(match[3], monthNumber(match[1]), match[2]));
  for (const match of text.matchAll(forms.dotted)) {
    const iso = isoDate(match[3], match[2], match[1]);
    if (iso) add(match, iso);
  }
  for (const match of text.matchAll(forms.slashed)) addSlashed(match, add);
  for (const match of text.matchAll(forms.monthYear))
    add(match, `${match[2]}-${String(monthNumber(match[1])).padStart(2, '0')}`);
  for (const match of text.matchAll(forms.quarter)) add(match, undefined);
  return found.toSorted((a, b) => a.at - b.at);
}

/** Day and month are told apart only where one of them is above 12, or where both are equal. */
function addSlashed(match: RegExpMatchArray, add: (match: RegExpMatchArray, iso: string | undefined) => void): void {
  const [first, second] = [Number(match[1]), Number(match[2])];
  if (first > 31 || second > 31 || (first > 12 && second > 12)) return;
  if (first > 12) add(match, isoDate(match[3], second, first));
  else if (second > 12 || first === second) add(match, isoDate(match[3], first, second));
  else add(match, undefined);
}

function monthNumber(name: string | undefined): number {
  const key = name?.toLowerCase() ?? '';
  return key === 'sept' ? 9 : (months.get(key) ?? 0);
}

function isoDate(
  year: string | number | undefined,
  month: string | number | undefined,
  day: string | number | undefined,
): string | undefined {
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const same =
    date.getUTCFullYear() === Number(year) &&
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day);
  return same ? date.toISOString().slice(0, 10) : undefined;
}

function isoTime(date: string, time: string, zone: string | undefined): string | undefined {
  const seconds = time.length === 5 ? `${time}:00` : time;
  const offset = zone === undefined ? '' : zone === 'Z' ? 'Z' : zone.replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2');
  const instant = new Date(`${date}T${seconds}${offset || 'Z'}`);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}

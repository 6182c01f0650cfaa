// Names of people, organisations and places, only where the text gives a reason to call them so.

import type { Field } from '../read/header.ts';
import { givenNames } from './given-names.ts';
import type { Mention } from './mention.ts';

const part = "\\p{Lu}[\\p{Ll}'’-]{1,30}(?:\\p{Lu}[\\p{Ll}]{1,30})?";
const particle = '(?:van|von|de|der|den|da|di|du|la|le|bin|al)';
const surname = `(?:\\p{Lu}\\.[ ]?)*(?:${particle}[ ]){0,2}${part}`;
const forms = {
  titled: new RegExp(
    `\\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Herr|Frau|Señora?|Mme)\\.?[ ]+((?:${part}[ ]){0,2}${surname})`,
    'gu',
  ),
  pair: new RegExp(`(?<![\\p{L}.-])(${part})[ ](${surname})(?:[ ](${part}))?(?![\\p{L}])`, 'gu'),
  addressed: /([\p{Lu}][\p{L}.'’ -]{2,40}?)\s*<([\w.+-]+(?:@| at )[\w.-]+)>/gu,
  organisation: new RegExp(
    `(?<![\\p{L}&'’.-])((?:(?:\\p{Lu}[\\p{L}&'’.-]{0,40}|of|for|and|&|the(?=[ ]\\p{Lu}))[ ]){1,5}(?:Inc|Ltd|LLC|LLP|PLC|GmbH|AG|KG|Corp(?:oration)?|Company|Foundation|Association|University|Institute|Committee|Consortium|Council|Society|Ministry|Department|Agency|Bank|Group|Commission|College|Laboratory)\\b\\.?)`,
    'gu',
  ),
  institute:
    /\b((?:University|Institute|Bank|Ministry|Department|College|Council|Bureau|Board) of(?: the)? \p{Lu}\p{Ll}+(?: (?:and )?\p{Lu}\p{Ll}+){0,2})/gu,
};
const authorLabels =
  /^(?:authors?|by|from|to|cc|sender|recipient|maintainers?|editors?|written by|creators?|bdfl-delegate|pep-delegate|sponsor|attendees|present|participants|contact|von|an)$/i;
const notNames = new Set(
  'The This That These Those If When While For And But Not All Any New Old Each Every Some Many More Most In On At By Of To From With As Is It Its We You They He She I January February March April May June July August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday Dear Hello Hi Thanks Regards Street Road Avenue License Licence Public General Section Chapter Figure Table'.split(
    ' ',
  ),
);

/**
 * People: header fields that hold names, names before an address in angle brackets, titles (Dr …), and known given
 * names with a surname.
 */
export function peopleIn(text: string, fields: readonly Field[]): Mention[] {
  const found: Mention[] = [];
  const add = (name: string, at: number, facets: Record<string, string> = {}) => {
    const clean = name
      .replace(/\s+/g, ' ')
      .replace(/['’]s$/, '')
      .replace(/[.,;\s]+$/, '')
      .trim();
    if (/^\p{Lu}/u.test(clean) && clean.split(' ').length <= 5)
      found.push({ type: 'person', text: clean, at: Math.max(0, at), count: 1, facets: { name: clean, ...facets } });
  };
  for (const field of fields)
    if (authorLabels.test(field.label))
      for (const person of personsInField(field.value))
        add(person.name, text.indexOf(person.name), {
          role: field.label.toLowerCase(),
          ...(person.email && { email: person.email }),
        });
  for (const match of text.matchAll(forms.addressed))
    if (isName(match[1]!)) add(match[1]!, match.index, { email: match[2]!.replace(' at ', '@') });
  for (const match of text.matchAll(forms.titled)) add(match[1]!, match.index);
  for (const match of text.matchAll(forms.pair)) {
    const third = match[3] !== undefined && !notNames.has(match[3]) ? ` ${match[3]}` : '';
    if (givenNames.has(match[1]!) && !notNames.has(match[2]!)) add(`${match[1]} ${match[2]}${third}`, match.index);
  }
  return found;
}

/** The names in a header field such as `Jane Doe <jane@example.org>, John Roe`. */
function personsInField(value: string): { name: string; email?: string }[] {
  return value.split(/[;,]|\band\b|\bund\b/).flatMap((piece) => {
    const email = /[\w.+-]+(?:@| at )[\w.-]+\.\w+/.exec(piece)?.[0].replace(' at ', '@');
    const name = piece
      .replace(/[<([].*$/, '')
      .replace(/["']/g, '')
      .trim();
    return isName(name) ? [{ name, ...(email && { email }) }] : [];
  });
}

function isName(text: string): boolean {
  const words = text.trim().split(/\s+/);
  return (
    words.length >= 2 &&
    words.length <= 5 &&
    !/\d|@/.test(text) &&
    words.every((word) => /^(?:\p{Lu}|(?:van|von|de|der|den|da|di|du|la|le|bin|al)$)/u.test(word)) &&
    !words.some((word) => notNames.has(word))
  );
}

/** Organisations, by a legal form or a word such as University in the name. */
export function organisationsIn(text: string): Mention[] {
  const found: Mention[] = [];
  for (const form of [forms.organisation, forms.institute]) {
    for (const match of text.matchAll(form)) {
      const name = match[1]!
        .replace(/^(?:The|the|of|for|and|&|In|By|From|At|With|To|A|An)\s+/, '')
        .replace(/(?<!Inc|Ltd|Co|Corp)\.$/, '');
      if (name.split(' ').length >= 2 && /^\p{Lu}/u.test(name) && !/^(?:This|That|Each|Any|All|No)\b/.test(name))
        found.push({ type: 'organization', text: name, at: match.index, count: 1, facets: { name } });
    }
  }
  return found;
}

const regions = new Intl.DisplayNames('en', { type: 'region' });
const ambiguous = new Set(
  'Center Central Eastern Western Pacific Mountain Atlantic Easter Knox Troll Vincennes Marengo Nome Midway Reunion Wake Rome Navajo Jersey Guinea Chad Mali Niger Turkey Casey Davis Vostok Mawson Palmer Michigan Indiana Samoa Jamaica Universal Zulu Greenwich Kentucky North Dakota Winamac Petersburg Tell City Beulah Monticello Louisville Swift Current Thule Mahe Easter Nauru Wallis Gaza Hebron Cordoba Mendoza Merida Santiago Victoria Darwin Adelaide Lord Howe Perth Azores Faroe Stanley'.split(
    ' ',
  ),
);

/**
 * Country names in English and the cities that name a time zone: the place names that every JavaScript runtime carries.
 */
const places: ReadonlySet<string> = new Set(
  [
    ...Array.from({ length: 676 }, (_, n) => String.fromCharCode(65 + Math.floor(n / 26), 65 + (n % 26))).flatMap(
      (code) => {
        const name = regions.of(code);
        return name === undefined || name === code || /Unknown|World|Pseudo|Union|Nations|Eurozone/.test(name)
          ? []
          : [name];
      },
    ),
    ...Intl.supportedValuesOf('timeZone').map((zone) => zone.split('/').at(-1)!.replaceAll('_', ' ')),
    'USA',
    'UK',
    'Washington',
    'San Francisco',
    'Boston',
    'Munich',
    'Hamburg',
    'Frankfurt',
    'Cologne',
    'Barcelona',
    'Milan',
    'Geneva',
    'Kyiv',
    'Mumbai',
    'Delhi',
    'Beijing',
    'Rome',
    'Santiago',
    'Seattle',
    'California',
    'Texas',
    'Germany',
    'Europe',
    'Asia',
    'Africa',
  ].filter(
    (name) =>
      name.length > 1 &&
      /^\p{Lu}/u.test(name) &&
      (!ambiguous.has(name) || name === 'Rome' || name === 'Santiago') &&
      !/GMT|UTC|[\d&(]/.test(name),
  ),
);

/** Places: countries and well-known cities, written with capitals. */
export function placesIn(text: string): Mention[] {
  const found: Mention[] = [];
  for (const match of text.matchAll(
    /(?<![\p{L}.@/-])\p{Lu}[\p{L}’'-]{0,40}(?:[ ]\p{Lu}[\p{L}’'-]{0,40}){0,2}(?![\p{L}@])/gu,
  )) {
    const words = match[0].split(' ');
    for (let from = 0; from < words.length; from += 1) {
      const length = [3, 2, 1].find(
        (size) => from + size <= words.length && places.has(words.slice(from, from + size).join(' ')),
      );
      if (length === undefined) continue;
      const name = words.slice(from, from + length).join(' ');
      found.push({
        type: 'location',
        text: name,
        at: match.index + words.slice(0, from).join(' ').length + (from > 0 ? 1 : 0),
        count: 1,
        facets: { name },
      });
      from += length - 1;
    }
  }
  return found;
}

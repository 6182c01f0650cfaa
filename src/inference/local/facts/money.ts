// Amounts of money: a currency sign or ISO 4217 code beside a number, in English and continental notation.

import type { Mention } from './mention.ts';

const signs: Readonly<Record<string, string>> = {
  $: 'USD',
  '€': 'EUR',
  '£': 'GBP',
  '¥': 'JPY',
  '₹': 'INR',
  '₩': 'KRW',
  '₽': 'RUB',
  '₺': 'TRY',
  '₪': 'ILS',
  '฿': 'THB',
  US$: 'USD',
  A$: 'AUD',
  C$: 'CAD',
  R$: 'BRL',
};
const words: Readonly<Record<string, string>> = {
  dollar: 'USD',
  euro: 'EUR',
  pound: 'GBP',
  yen: 'JPY',
  franc: 'CHF',
  rupee: 'INR',
};
/** Codes that are also English words or names of software (ALL, TOP, TRY, PHP, …) are left out. */
const codes =
  'USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|HKD|SGD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|INR|KRW|BRL|MXN|ZAR|ILS|AED|SAR|THB|IDR|MYR|TWD|VND|UAH|RUB|CLP|COP|ARS|EGP|NGN|KES';
const sign = '(?:US\\$|A\\$|C\\$|R\\$|[$€£¥₹₩₽₺₪฿])';
const number = "(\\d{1,3}(?:[.,’' \\u00a0]\\d{3})+(?:[.,]\\d{1,2})?|\\d+(?:[.,]\\d{1,2})?)(?![\\d])";
const scale = '(?:\\s?(thousand|million|billion|trillion|Mio|Mrd|mn|bn|[kKmM])(?!\\p{L})\\.?)?';
const forms = [
  new RegExp(`(?<![\\w$])(${sign})\\s?${number}${scale}`, 'gu'),
  new RegExp(`\\b(${codes})\\s?${number}${scale}`, 'gu'),
  new RegExp(`(?<![\\w.,])${number}${scale}\\s?([€£¥₹]|(?:${codes})\\b)`, 'gu'),
  new RegExp(`(?<![\\w.,])${number}${scale}\\s(dollar|euro|pound|yen|franc|rupee)s?\\b`, 'giu'),
];
const factors: Readonly<Record<string, number>> = {
  thousand: 1e3,
  k: 1e3,
  million: 1e6,
  mio: 1e6,
  mn: 1e6,
  m: 1e6,
  billion: 1e9,
  bn: 1e9,
  mrd: 1e9,
  trillion: 1e12,
};

/** All amounts of the text, with the facets `amount` (a number in units of the currency) and `currency` (ISO 4217). */
export function moneyIn(text: string): Mention[] {
  const found: Mention[] = [];
  forms.forEach((form, index) => {
    for (const match of text.matchAll(form)) {
      const [unit, digits, size] = index < 2 ? [match[1]!, match[2]!, match[3]] : [match[3]!, match[1]!, match[2]];
      const at = match.index;
      if (found.some((other) => at < other.at + other.text.length && other.at < at + match[0].length)) continue;
      const currency = signs[unit] ?? words[unit.toLowerCase()] ?? unit;
      const factor = size === undefined ? 1 : (factors[size.toLowerCase().replace('.', '')] ?? 1);
      const amount = Math.round(numberOf(digits) * factor * 100) / 100;
      found.push({ type: 'money', text: match[0].replace(/\s+/g, ' '), at, count: 1, facets: { amount, currency } });
    }
  });
  return found.toSorted((a, b) => a.at - b.at);
}

/** A number as written in English (1,280.50) or continental (1.280,50) notation; NaN when it is none. */
export function numberOf(text: string): number {
  const digits = text.replace(/[\s’'\u00a0]/g, '');
  const comma = digits.lastIndexOf(',');
  const point = digits.lastIndexOf('.');
  const last = Math.max(comma, point);
  const decimals = last < 0 ? 0 : digits.length - last - 1;
  const separators = digits.replace(/[^.,]/g, '');
  const grouping =
    last >= 0 &&
    decimals === 3 &&
    (separators.length > 1 ? new Set(separators).size === 1 : true) &&
    !/^0[.,]/.test(digits);
  if (last < 0 || grouping) return Number(digits.replace(/[.,]/g, ''));
  return Number(`${digits.slice(0, last).replace(/[.,]/g, '')}.${digits.slice(last + 1)}`);
}

// What can be found in any text by its form: dates, amounts, e-mail addresses and links.

import { findDates } from './dates.ts';

export interface Findings extends Record<string, string[]> {
  /** ISO 8601 where the form leaves no doubt, else as they stand in the text. */
  dates: string[];
  amounts: string[];
  emails: string[];
  links: string[];
}

const MOST = 50;
/** What is looked at: a long document says the same kinds of thing again. */
const LONGEST = 400_000;

/** Groups of three digits, with a fraction or without; or digits alone. Their number is bounded, or hostile text takes for ever. */
const NUMBER = String.raw`(?:\d{1,3}(?:[.,'’ \u00A0\u202F]\d{3}){1,6}(?:[.,]\d{1,2})?|\d{1,15}(?:[.,]\d{1,2})?)(?![.,]?\d)`;
const SCALE = String.raw`(?:[ \u00A0]?(?:million|billion|trillion|Mio\.?|Mrd\.?|mln|bn|[mk])(?![\p{L}\d]))?`;
const CODES = 'USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|RUB|TRY|KRW|CAD|AUD|NZD|SGD|HKD|BRL|MXN|ZAR';
const SIGNS = '[€$£¥₹₽₩₺₴₪]';
const AMOUNTS = new RegExp(
  [
    String.raw`(?:(?:\b(?:US|CA|AU|NZ|HK|[ACRS]))?${SIGNS}|\b(?:${CODES}))[ \u00A0]?${NUMBER}${SCALE}`,
    String.raw`(?<![\p{L}\d.,'’])${NUMBER}${SCALE}[ \u00A0]?(?:[€£¥₹₽₩₺₴₪]|(?:${CODES}|dollars?|Dollars?|[Ee]uros?|pounds|kr)(?![\p{L}\d]))`,
  ].join('|'),
  'gu',
);
const EMAILS = /\b[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b/g;
const LINKS = /\bhttps?:\/\/[^\s<>"'`\\^{|}[\]]{3,500}/g;

/** Returns what is found in `text`, each once, in order, at most fifty of a kind. */
export function findings(text: string): Findings {
  const part = text.slice(0, LONGEST);
  return {
    dates: distinct(findDates(part)),
    amounts: distinct(Array.from(part.matchAll(AMOUNTS), ([amount]) => amount.replaceAll(/\s+/g, ' ').trim())),
    emails: distinct(Array.from(part.matchAll(EMAILS), ([email]) => email)),
    links: distinct(Array.from(part.matchAll(LINKS), ([link]) => linkItself(link))),
  };
}

/** Takes the punctuation off that follows an address in a sentence; a bracket belongs to it when it was opened in it. */
function linkItself(text: string): string {
  const link = text.replace(/[.,;:!?*_)]+$/, '');
  const opened = link.split('(').length - link.split(')').length;
  return opened > 0 && text[link.length] === ')' ? `${link})` : link;
}

function distinct(values: string[]): string[] {
  return [...new Set(values)].slice(0, MOST).map((value) => value.toWellFormed());
}

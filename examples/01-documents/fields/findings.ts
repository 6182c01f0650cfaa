// What can be found in any text by its form: dates, amounts, e-mail addresses and links.

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

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH =
  '(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)';
const DATES = new RegExp(
  [
    String.raw`\b(?<iso>\d{4}-\d{2}-\d{2})\b`,
    String.raw`\b(?<day>\d{1,2})(?:st|nd|rd|th)?[ -](?<month>${MONTH})\.?,?[ -](?<year>\d{4})\b`,
    String.raw`\b(?<month2>${MONTH})\.? (?<day2>\d{1,2})(?:st|nd|rd|th)?,? (?<year2>\d{4})\b`,
    String.raw`\b(?<numeric>\d{1,2}[./]\d{1,2}[./]\d{4})\b`,
  ].join('|'),
  'gi',
);
const NUMBER = String.raw`\d{1,3}(?:[.,' ]\d{3})*(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?`;
const AMOUNTS = new RegExp(
  String.raw`(?:[€$£¥]|\b(?:USD|EUR|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CAD|AUD)) ?(?:${NUMBER})(?: ?(?:million|billion|bn|m|k)\b)?|\b(?:${NUMBER}) ?(?:€|£|\b(?:USD|EUR|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CAD|AUD|dollars|euros|pounds)\b)`,
  'g',
);
const EMAILS = /\b[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b/g;
const LINKS = /\bhttps?:\/\/[^\s<>"'`\\^{|}]{3,500}/g;

/** Returns what is found in `text`, each once, in order, at most fifty of a kind. */
export function findings(text: string): Findings {
  const part = text.slice(0, LONGEST);
  return {
    dates: distinct(Array.from(part.matchAll(DATES), date)),
    amounts: distinct(Array.from(part.matchAll(AMOUNTS), ([amount]) => amount.replaceAll(/\s+/g, ' ').trim())),
    emails: distinct(Array.from(part.matchAll(EMAILS), ([email]) => email)),
    links: distinct(Array.from(part.matchAll(LINKS), ([link]) => link.replace(/[).,;:!?\]*_]+$/, ''))),
  };
}

function date(match: RegExpExecArray): string {
  const { iso, day, month, year, day2, month2, year2 } = match.groups!;
  if (iso !== undefined) return iso;
  const name = (month ?? month2)?.slice(0, 3).toLowerCase();
  if (name === undefined) return match[0];
  const number = MONTHS.indexOf(name) + 1;
  return `${year ?? year2}-${String(number).padStart(2, '0')}-${(day ?? day2)!.padStart(2, '0')}`;
}

function distinct(values: string[]): string[] {
  return [...new Set(values)].slice(0, MOST);
}

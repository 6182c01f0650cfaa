// Dates by their form, in the languages of Western Europe.

/** The names of the twelve months; longer ones first where one begins with another. */
const MONTHS = [
  'january|januar|jänner|janvier|enero|gennaio|januari|janeiro|jan',
  'february|februar|février|febrero|febbraio|februari|fevereiro|feb',
  'march|märz|marzo|mars|maart|março|mar',
  'april|avril|abril|aprile|apr',
  'maggio|mayo|maio|may|mai|mei|maj',
  'june|juni|juin|junio|giugno|junho|jun',
  'july|juli|juillet|julio|luglio|julho|jul',
  'august|augustus|août|agosto|augusti|aug',
  'september|septembre|septiembre|settembre|setembro|sept|sep',
  'october|oktober|octobre|octubre|ottobre|outubro|oct|okt',
  'november|novembre|noviembre|novembro|nov',
  'december|dezember|décembre|diciembre|dicembre|dezembro|dec|dez',
];
const MONTH_NUMBERS = new Map(MONTHS.flatMap((names, index) => names.split('|').map((name) => [name, index + 1])));
const MONTH = [...MONTH_NUMBERS.keys()].sort((a, b) => b.length - a.length).join('|');
const YEAR = String.raw`(?:1[4-9]|20|21)\d\d`;

const DATES = new RegExp(
  [
    String.raw`(?<![\d.-])(?<year>\d{4})([-/.])(?<month>\d{2})\2(?<day>\d{2})(?![\d]|[-./]\d)`,
    String.raw`(?<!\d)(?<dayOf>\d{1,2})(?:st|nd|rd|th|er|\.|º)?[ -](?:de )?(?<name>${MONTH})\.?,?[ -](?:de )?(?<yearOf>\d{4})\b`,
    String.raw`(?<!\p{L})(?<name2>${MONTH})\.? (?<day2>\d{1,2})(?:st|nd|rd|th)?,? (?<year2>\d{4})\b`,
    String.raw`(?<!\p{L})(?<name3>${MONTH})\.?,? (?<year3>${YEAR})\b`,
    String.raw`(?<![\d./-])(?<first>\d{1,2})(?<mark>[./-])(?<second>\d{1,2})\k<mark>(?<year4>${YEAR})(?!\d|[-./]\d)`,
  ].join('|'),
  'giu',
);

/**
 * Returns the dates in `text`, in order: as ISO 8601 where the form leaves no doubt (`2026-03` where there is no day), else as
 * they stand in the text, as `3/4/2026` does. What no calendar has (`2026-13-40`) is left out.
 */
export function findDates(text: string): string[] {
  return Array.from(text.matchAll(DATES), isoDate).filter((date) => date !== undefined);
}

function isoDate(match: RegExpExecArray): string | undefined {
  const found = match.groups!;
  if (found.year !== undefined) return calendarDate(found.year, Number(found.month), Number(found.day));
  if (found.name !== undefined) return calendarDate(found.yearOf!, monthNumber(found.name), Number(found.dayOf));
  if (found.name2 !== undefined) return calendarDate(found.year2!, monthNumber(found.name2), Number(found.day2));
  if (found.name3 !== undefined) return `${found.year3}-${twoDigits(monthNumber(found.name3))}`;
  return numericDate(match[0], Number(found.first), Number(found.second), found.year4!, found.mark!);
}

/** Dots stand in dates that begin with the day; slashes and dashes in both kinds. */
function numericDate(text: string, first: number, second: number, year: string, mark: string): string | undefined {
  const dayFirst = calendarDate(year, second, first);
  const monthFirst = mark === '.' ? undefined : calendarDate(year, first, second);
  if (dayFirst !== undefined && monthFirst !== undefined && dayFirst !== monthFirst) return text;
  return dayFirst ?? monthFirst;
}

function calendarDate(year: string, month: number, day: number): string | undefined {
  const date = new Date(Date.UTC(Number(year), month - 1, day));
  const isReal = month >= 1 && month <= 12 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && day >= 1;
  return isReal ? `${year}-${twoDigits(month)}-${twoDigits(day)}` : undefined;
}

function monthNumber(name: string): number {
  return MONTH_NUMBERS.get(name.toLowerCase())!;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
